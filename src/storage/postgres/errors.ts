import { isPosthornError, PosthornError } from '#kernel';

/** What a failure of PostgreSQL means for what was asked. */
export type Failure =
  /** The connection is of no use any more; what was under way may have happened. */
  | 'lost'
  /** The server undid it and asks to be asked again. */
  | 'again'
  /** It has not happened, and asking again would not help. */
  | 'refused';

/** Codes of the client for a connection that is gone, and those of the system (ECONNRESET, EPIPE, EAI_AGAIN …). */
const LOST_BY_CLIENT = /^(?:CONNECT|EAI_|E[A-Z0-9]+$|ERR_(?:SSL|STREAM|SOCKET))/;
/**
 * SQLSTATEs: classes 08 and 57P0x, the server goes down, or the connection does; 25006, it has become a standby; 25P03, the transaction was
 * idle for too long.
 */
const LOST_BY_SERVER = /^(?:08|57P0|25006|25P03)/;

/** SQLSTATEs after which the same may succeed: serialization failure, deadlock, lock and statement timeouts, a server full of connections. */
const AGAIN = new Set(['40001', '40P01', '55P03', '57014', '53300']);

/** SQLSTATEs that end a connection before it is one, and what to do about them. */
const UNFIT: ReadonlyMap<string, string> = new Map([
  ['28000', 'a user that pg_hba.conf lets in from here'],
  ['28P01', 'the user and the password that PostgreSQL knows'],
  ['3D000', 'a database that exists, or "CREATE DATABASE" by its administrator'],
  ['42501', 'a user who owns the schema, or may create it ("GRANT CREATE ON DATABASE")'],
]);

/** Says what a failure means. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  if (LOST_BY_CLIENT.test(code) || LOST_BY_SERVER.test(code)) return 'lost';
  return AGAIN.has(code) ? 'again' : 'refused';
}

/** The SQLSTATE or the client's code of a failure, '' when it has none. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && !isPosthornError(error) ? code : '';
}

/** Gives PostgreSQL's failures the codes of the error table. */
export function storageError(error: unknown): PosthornError {
  if (isPosthornError(error)) return error;
  const code = codeOf(error);
  const { message } = error as { message?: string };
  const text = `PostgreSQL: ${message ?? String(error)}${code === '' ? '' : ` (${code})`}`;
  // 53100 disk_full, 53200 out_of_memory; XX001 data_corrupted, XX002 index_corrupted.
  if (code === '53100') return new PosthornError('disk-full', text, { cause: error });
  if (code === 'XX001' || code === 'XX002')
    return new PosthornError('corrupt', text, { cause: error });
  const right = UNFIT.get(code);
  if (right !== undefined)
    return new PosthornError('configuration', `${text}; right would be ${right}`, { cause: error });
  const passing = failureOf(error) !== 'refused' || code.startsWith('53') || code === '58030';
  return new PosthornError(passing ? 'unavailable' : 'internal', text, { cause: error });
}
