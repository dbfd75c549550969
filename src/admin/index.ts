/**
 * Administration: every verb once, as a plain typed function over the directory and the store.
 *
 * - `runVerb(context, name, args, run)` is the one way to them: it checks the arguments against the verb's schema. Arguments and
 *   results are plain JSON, so that the command line, the control socket and whatever comes later are thin shells.
 * - `ControlServer` serves the verbs of a running server on a unix socket in its data directory; `callVerb` is the other end,
 *   and says `undefined` when no server listens: then the caller holds the directory's lock, opens the store and runs the
 *   same verb itself.
 * - `status` and `stop` need the running server, which gives itself as `AdminHost`.
 * - `import` reads mbox, Maildir and single messages, in constant memory and groups; run again it adds only what is missing.
 *
 * Long verbs report progress and end soon after their `signal` is aborted.
 */
export type { CheckResult } from './check.ts';
export type {
  AdminContext,
  AdminHost,
  MoveResult,
  Progress,
  Run,
  ServerStatus,
} from './context.ts';
export { ControlServer } from './control.ts';
export { callVerb } from './control-client.ts';
export { controlPath } from './control-path.ts';
export type { FolderRights, GrantRow } from './folder.ts';
export type { ImportResult, ImportSource } from './import/import.ts';
export type { MailboxDetails, MailboxRow } from './mailbox.ts';
export { runVerb, type VerbArgs, type VerbName, type VerbResult } from './verbs.ts';
