import { type AppendTarget, type CommandBody, type CommandName, encodeStatus } from '#wire';
import { authenticate } from './commands/authenticate.ts';
import { cancelUpdate } from './commands/cancelupdate.ts';
import { capability } from './commands/capability.ts';
import { check } from './commands/check.ts';
import { close } from './commands/close.ts';
import { compress } from './commands/compress.ts';
import { copy } from './commands/copy.ts';
import { create } from './commands/create.ts';
import { deleteFolder } from './commands/delete.ts';
import { deleteAcl } from './commands/deleteacl.ts';
import { enable } from './commands/enable.ts';
import { esearch } from './commands/esearch.ts';
import { expunge } from './commands/expunge.ts';
import { fetch } from './commands/fetch.ts';
import { getAcl } from './commands/getacl.ts';
import { getMetadata } from './commands/getmetadata.ts';
import { getQuota } from './commands/getquota.ts';
import { getQuotaRoot } from './commands/getquotaroot.ts';
import { id } from './commands/id.ts';
import { idle } from './commands/idle.ts';
import { list } from './commands/list.ts';
import { listRights } from './commands/listrights.ts';
import { login } from './commands/login.ts';
import { logout } from './commands/logout.ts';
import { lsub } from './commands/lsub.ts';
import { move } from './commands/move.ts';
import { myRights } from './commands/myrights.ts';
import { namespace } from './commands/namespace.ts';
import { noop } from './commands/noop.ts';
import { notify } from './commands/notify.ts';
import { rename } from './commands/rename.ts';
import { search } from './commands/search.ts';
import { select } from './commands/select.ts';
import { setAcl } from './commands/setacl.ts';
import { setMetadata } from './commands/setmetadata.ts';
import { setQuota } from './commands/setquota.ts';
import { sort } from './commands/sort.ts';
import { starttls } from './commands/starttls.ts';
import { status } from './commands/status.ts';
import { store } from './commands/store.ts';
import { subscribe } from './commands/subscribe.ts';
import { thread } from './commands/thread.ts';
import { uidBatches } from './commands/uid-batches.ts';
import { unauthenticate } from './commands/unauthenticate.ts';
import { unselect } from './commands/unselect.ts';
import { unsubscribe } from './commands/unsubscribe.ts';
import { bad, type Completion } from './completion.ts';
import { Progress } from './progress.ts';
import { withSafeModSeq } from './safe-mod-seq.ts';
import type { Session } from './session.ts';
import { refuseSwitchedOff } from './switched-off.ts';
import { refuseNumbers } from './uid-only.ts';

/** In which state a command is allowed (RFC 9051 §3); `authenticated` includes the selected state. */
type When = 'always' | 'not-authenticated' | 'authenticated' | 'selected';

/**
 * What the client is told of the selected folder before the command's tagged response: nothing; what a hint announced; or what
 * there is to tell, looked up whether there was a hint or not. `unnumbered`: without EXPUNGE when the command
 * counts in message numbers (RFC 9051 §7.5.1).
 */
type Telling = 'nothing' | 'hinted' | 'hinted-unnumbered' | 'all' | 'all-unnumbered';

type BodyOf<Name, Body = CommandBody> = Body extends { readonly name: infer Names }
  ? Name extends Names
    ? Body
    : never
  : never;

interface Entry<Name extends CommandName> {
  readonly when: When;
  readonly tell: Telling;
  /** Gives how it ended, or undefined when it has said that itself. */
  readonly run: (
    session: Session,
    command: BodyOf<Name>,
  ) => Completion | undefined | Promise<Completion | undefined>;
}

type Table = { readonly [Name in Exclude<CommandName, 'APPEND' | 'REPLACE'>]: Entry<Name> };

const COMMANDS: Table = {
  CAPABILITY: { when: 'always', tell: 'nothing', run: capability },
  NOOP: { when: 'always', tell: 'all', run: noop },
  ID: { when: 'always', tell: 'nothing', run: id },
  LOGOUT: { when: 'always', tell: 'nothing', run: logout },

  STARTTLS: { when: 'not-authenticated', tell: 'nothing', run: starttls },
  LOGIN: { when: 'not-authenticated', tell: 'nothing', run: login },
  AUTHENTICATE: { when: 'not-authenticated', tell: 'nothing', run: authenticate },

  ENABLE: { when: 'authenticated', tell: 'nothing', run: enable },
  UNAUTHENTICATE: { when: 'authenticated', tell: 'nothing', run: unauthenticate },
  COMPRESS: { when: 'authenticated', tell: 'nothing', run: compress },
  SELECT: { when: 'authenticated', tell: 'nothing', run: select },
  EXAMINE: { when: 'authenticated', tell: 'nothing', run: select },
  CREATE: { when: 'authenticated', tell: 'hinted', run: create },
  DELETE: { when: 'authenticated', tell: 'hinted', run: deleteFolder },
  RENAME: { when: 'authenticated', tell: 'all', run: rename },
  SUBSCRIBE: { when: 'authenticated', tell: 'hinted', run: subscribe },
  UNSUBSCRIBE: { when: 'authenticated', tell: 'hinted', run: unsubscribe },
  LIST: { when: 'authenticated', tell: 'hinted', run: list },
  LSUB: { when: 'authenticated', tell: 'hinted', run: lsub },
  NAMESPACE: { when: 'authenticated', tell: 'hinted', run: namespace },
  STATUS: { when: 'authenticated', tell: 'all', run: status },
  GETMETADATA: { when: 'authenticated', tell: 'hinted', run: getMetadata },
  SETMETADATA: { when: 'authenticated', tell: 'hinted', run: setMetadata },
  NOTIFY: { when: 'authenticated', tell: 'nothing', run: notify },
  GETQUOTA: { when: 'authenticated', tell: 'hinted', run: getQuota },
  GETQUOTAROOT: { when: 'authenticated', tell: 'hinted', run: getQuotaRoot },
  SETQUOTA: { when: 'authenticated', tell: 'hinted', run: setQuota },
  SETACL: { when: 'authenticated', tell: 'all', run: setAcl },
  DELETEACL: { when: 'authenticated', tell: 'all', run: deleteAcl },
  GETACL: { when: 'authenticated', tell: 'hinted', run: getAcl },
  LISTRIGHTS: { when: 'authenticated', tell: 'hinted', run: listRights },
  MYRIGHTS: { when: 'authenticated', tell: 'hinted', run: myRights },
  ESEARCH: { when: 'authenticated', tell: 'hinted-unnumbered', run: esearch },
  IDLE: { when: 'authenticated', tell: 'hinted', run: idle },

  CHECK: { when: 'selected', tell: 'all', run: check },
  CLOSE: { when: 'selected', tell: 'nothing', run: close },
  UNSELECT: { when: 'selected', tell: 'nothing', run: unselect },
  EXPUNGE: { when: 'selected', tell: 'all', run: expunge },
  UIDBATCHES: { when: 'selected', tell: 'hinted', run: uidBatches },
  SEARCH: { when: 'selected', tell: 'hinted-unnumbered', run: search },
  SORT: { when: 'selected', tell: 'hinted-unnumbered', run: sort },
  THREAD: { when: 'selected', tell: 'hinted-unnumbered', run: thread },
  CANCELUPDATE: { when: 'selected', tell: 'hinted', run: cancelUpdate },
  FETCH: { when: 'selected', tell: 'hinted-unnumbered', run: fetch },
  STORE: { when: 'selected', tell: 'all-unnumbered', run: store },
  COPY: { when: 'selected', tell: 'all', run: copy },
  MOVE: { when: 'selected', tell: 'all', run: move },
};

/** In FETCH a line in between could come to stand in a literal; and FETCH shows by itself that it goes on. */
const REPORTS_PROGRESS: ReadonlySet<CommandName> = new Set([
  'SEARCH',
  'SORT',
  'THREAD',
  'STORE',
  'COPY',
  'MOVE',
  'EXPUNGE',
]);

/**
 * Why a command is not allowed in the session's state; undefined when it is. Which are: RFC 9051 §6.1 to §6.4.
 */
export function refusalOf(session: Session, when: When): Completion | undefined {
  switch (when) {
    case 'always':
      return undefined;
    case 'not-authenticated':
      return session.account === undefined ? undefined : bad('Logged in already');
    case 'authenticated':
      return session.account === undefined ? bad('Log in first') : undefined;
    case 'selected':
      if (session.account === undefined) return bad('Log in first');
      return session.selected ? undefined : bad('Select a mailbox first');
  }
}

/** Does a command, tells what happened meanwhile, and completes it. */
export async function dispatch(
  session: Session,
  tag: string,
  body: Exclude<CommandBody, AppendTarget>,
): Promise<void> {
  session.tag = tag;
  session.byUid = 'uid' in body && body.uid;
  const { when, tell, run } = COMMANDS[body.name];
  const refusal =
    refusalOf(session, when) ??
    refuseSwitchedOff(session, body.name) ??
    refuseNumbers(session, body);
  // What has come is told first: `UID FETCH n:*` asks for it, and some clients overlook an EXISTS that comes behind the answer.
  if (refusal === undefined && body.name === 'FETCH' && session.view.stale && session.tellsSelected)
    await session.update(false);
  const completion =
    refusal ?? (await runWithProgress(session, body.name, () => run(session, body as never)));
  if (session.selected && !session.over) await tellChanges(session, tell);
  // Who uses NOTIFY is told behind the response: it takes what it did itself for done by then.
  if (tell !== 'nothing' && !session.over && session.notifications === undefined)
    await session.tellFolders();
  if (completion !== undefined) complete(session, tag, withSafeModSeq(session, completion));
}

/** Does a command; of those that may take long and write whole lines only, it is told that they go on. */
async function runWithProgress(
  session: Session,
  name: CommandName,
  run: () => Completion | undefined | Promise<Completion | undefined>,
): Promise<Completion | undefined> {
  if (!REPORTS_PROGRESS.has(name)) return run();
  using progress = new Progress(session);
  session.progress = progress;
  return await run();
}

async function tellChanges(session: Session, tell: Telling): Promise<void> {
  const mayExpunge = session.byUid || tell === 'hinted' || tell === 'all';
  switch (tell) {
    case 'nothing':
      return;
    case 'hinted':
    case 'hinted-unnumbered':
      if (!session.tellsSelected) return;
      if (hasUntold(session, mayExpunge)) await session.update(mayExpunge);
      return;
    case 'all':
    case 'all-unnumbered':
      await session.update(mayExpunge);
  }
}

function hasUntold({ view, arrivals }: Session, mayExpunge: boolean): boolean {
  return view.stale || view.isBehind || arrivals.waiting || (mayExpunge && view.hasGone);
}

/** Sends a command's tagged response and counts the BAD ones. */
export function complete(
  session: Session,
  tag: string,
  { condition, text, code }: Completion,
): void {
  session.write(encodeStatus(tag, condition, text, code));
  session.badCommands = condition === 'BAD' ? session.badCommands + 1 : 0;
}
