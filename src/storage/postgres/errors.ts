import { isPosthornError, PosthornError } from '#kernel';

/** What a failure of PostgreSQL means for what was asked. */
export type Failure =
  /** The connection is of no use any more; what was under way may have happened. */
  | 'lost'
  /** The server undid it and asks to be asked again. */
  | 'again'
  /** It has not happened, and asking again would not help. */
  | 'refused';

/** Codes of the client for a connection that is gone. */
const LOST = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/**
 * SQLSTATEs after which the same may succeed: serialization failure, deadlock, lock and statement timeouts, and a server that is
 * full of connections or has become a standby.
 */
const AGAIN = new Set(['40001', '40P01', '55P03', '57014', '25006', '53300', '25P03']);

/** Says what a failure means. Classes 08 and 57P0x: the server goes down, or the connection does. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  if (LOST.has(code) || code.startsWith('08') || code.startsWith('57P0')) return 'lost';
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
  const passing = failureOf(error) !== 'refused' || code.startsWith('53') || code === '58030';
  return new PosthornError(passing ? 'unavailable' : 'internal', text, { cause: error });
}
