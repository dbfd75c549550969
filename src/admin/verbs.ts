import { z } from 'zod';
import { PosthornError } from '#kernel';
import { checkStore } from './check.ts';
import type { AdminContext, Run } from './context.ts';
import { addDomain, listDomains, removeDomain } from './domain.ts';
import { shareFolder, showRights, unshareFolder } from './folder.ts';
import { importMessages } from './import/import.ts';
import {
  addMailbox,
  listMailboxes,
  removeMailbox,
  setPassword,
  setQuota,
  showMailbox,
} from './mailbox.ts';
import { migrate } from './migrate.ts';
import { serverStatus, stopServer } from './server.ts';

interface Verb<Args, Result> {
  readonly args: z.ZodType<Args>;
  readonly run: (context: AdminContext, args: Args, run: Run) => Promise<Result>;
}

const NOTHING = z.strictObject({});
const DOMAIN = z.strictObject({ domain: z.string().min(1).max(300) });
const MAILBOX = z.strictObject({ address: z.string().min(1).max(400) });
const PASSWORD = MAILBOX.extend({ password: z.string().max(4096).optional() });
const LIMIT = z.int().min(0).nullable().optional();
const QUOTA = MAILBOX.extend({ bytes: LIMIT, messages: LIMIT }).refine(
  ({ bytes, messages }) => bytes !== undefined || messages !== undefined,
  'bytes, messages or both must be given',
);
const FOLDER = z.string().min(1).max(1000);
const UNSHARE = MAILBOX.extend({
  folder: FOLDER,
  who: z.string().min(1).max(400),
  deny: z.boolean().optional(),
});
const SHARE = UNSHARE.extend({ rights: z.string().min(1).max(40) });
const RIGHTS = MAILBOX.extend({ folder: FOLDER.optional() });
const PATH = z.string().startsWith('/', 'must be an absolute path').max(4096);
const MOVE = z.strictObject({
  to: z.string().min(1).max(4096),
  blobs: z.string().min(1).max(4096).optional(),
});
const IMPORT = MAILBOX.extend({
  folder: z.string().min(1).max(1000).optional(),
  source: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('mbox'), path: PATH }),
    z.strictObject({ kind: z.literal('maildir'), path: PATH }),
    z.strictObject({ kind: z.literal('eml'), paths: z.array(PATH).min(1).max(1_000_000) }),
  ]),
});

function verb<Args, Result>(
  args: z.ZodType<Args>,
  run: (context: AdminContext, args: Args, run: Run) => Promise<Result>,
): Verb<Args, Result> {
  return { args, run };
}

/** Every administrative verb, once. Arguments and results are plain JSON. */
const VERBS = {
  'domain add': verb(DOMAIN, addDomain),
  'domain list': verb(NOTHING, listDomains),
  'domain remove': verb(DOMAIN, removeDomain),
  'mailbox add': verb(PASSWORD, addMailbox),
  'mailbox list': verb(NOTHING, listMailboxes),
  'mailbox show': verb(MAILBOX, showMailbox),
  'mailbox remove': verb(MAILBOX, removeMailbox),
  'mailbox set-password': verb(PASSWORD, setPassword),
  'mailbox set-quota': verb(QUOTA, setQuota),
  'folder share': verb(SHARE, shareFolder),
  'folder unshare': verb(UNSHARE, unshareFolder),
  'folder rights': verb(RIGHTS, showRights),
  import: verb(IMPORT, importMessages),
  check: verb(NOTHING, checkStore),
  migrate: verb(MOVE, migrate),
  status: verb(NOTHING, serverStatus),
  stop: verb(NOTHING, stopServer),
} as const;

export type VerbName = keyof typeof VERBS;
export type VerbArgs<Name extends VerbName> = z.input<(typeof VERBS)[Name]['args']>;
export type VerbResult<Name extends VerbName> = Awaited<ReturnType<(typeof VERBS)[Name]['run']>>;

/**
 * Runs a verb with arguments that come from outside.
 * @throws {invalid} when there is no such verb or its arguments do not fit; else what the verb throws
 */
export async function runVerb<Name extends VerbName>(
  context: AdminContext,
  name: Name,
  args: VerbArgs<Name>,
  run: Run,
): Promise<VerbResult<Name>> {
  if (!Object.hasOwn(VERBS, name)) throw new PosthornError('invalid', `there is no verb "${name}"`);
  // One entry of the table: its schema and its function belong together, which the union type cannot say.
  const verb = VERBS[name] as unknown as Verb<unknown, VerbResult<Name>>;
  const parsed = verb.args.safeParse(args);
  if (!parsed.success) throw new PosthornError('invalid', `${name}: ${faultOf(parsed.error)}`);
  return await verb.run(context, parsed.data, run);
}

function faultOf(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}
