/**
 * What one failure is called in each language Posthorn speaks. SMTP: reply code and enhanced status
 * (RFC 3463); IMAP: response code (RFC 9051 §7.1, empty where none fits); HTTP: status.
 */
export interface ErrorInfo {
  readonly text: string;
  readonly smtp: readonly [code: number, enhanced: string];
  readonly imap: string;
  readonly http: number;
}

/** The one error table. A code is stable for ever; its public text names no internals. */
const TABLE = {
  internal: info('Something went wrong in the server', 451, '4.3.0', 'SERVERBUG', 500),
  unavailable: info(
    'The service is not available now, try again',
    451,
    '4.3.2',
    'UNAVAILABLE',
    503,
  ),
  'shutting-down': info('The server is shutting down', 421, '4.3.2', 'UNAVAILABLE', 503),
  deadline: info('The server took too long, try again', 451, '4.4.7', 'UNAVAILABLE', 504),
  'disk-full': info('Insufficient system storage', 452, '4.3.1', 'UNAVAILABLE', 507),
  'too-busy': info('Too much work queued, try again', 451, '4.3.2', 'LIMIT', 503),
  'too-large': info('Message exceeds the size limit', 552, '5.3.4', 'TOOBIG', 413),
  'over-quota': info('Mailbox is full', 552, '5.2.2', 'OVERQUOTA', 507),
  'no-mailbox': info('No such mailbox', 550, '5.1.1', 'NONEXISTENT', 404),
  'no-folder': info('No such folder', 550, '5.1.1', 'NONEXISTENT', 404),
  'folder-exists': info('The folder exists already', 550, '5.1.1', 'ALREADYEXISTS', 409),
  'folder-has-children': info('The folder has folders below it', 550, '5.1.1', 'HASCHILDREN', 409),
  'folder-name': info('Not a possible folder name', 550, '5.1.1', 'CANNOT', 400),
  'folder-fixed': info('That folder cannot be changed so', 550, '5.1.1', 'CANNOT', 400),
  'special-use': info('That special use is taken or unknown', 550, '5.1.1', 'USEATTR', 409),
  'too-many': info('A limit of the mailbox is reached', 550, '5.2.2', 'LIMIT', 400),
  'exists-already': info('It exists already', 550, '5.1.1', 'ALREADYEXISTS', 409),
  'not-found': info('It does not exist', 550, '5.1.1', 'NONEXISTENT', 404),
  'not-empty': info('It is still in use', 550, '5.1.1', 'INUSE', 409),
  invalid: info('Not acceptable', 501, '5.5.4', 'CLIENTBUG', 400),
  'auth-failed': info(
    'Authentication credentials invalid',
    535,
    '5.7.8',
    'AUTHENTICATIONFAILED',
    401,
  ),
  // RFC 4954 §6: 454 is what a client takes for no fault of its password.
  'login-throttled': info(
    'Too many failed logins from your address, try again later',
    454,
    '4.7.0',
    'UNAVAILABLE',
    429,
  ),
  'auth-plain-text': info('Encryption is needed first', 538, '5.7.11', 'PRIVACYREQUIRED', 403),
  'no-permission': info('You have no right to do that there', 550, '5.7.1', 'NOPERM', 403),
  'relay-denied': info('Relaying denied', 550, '5.7.1', 'NOPERM', 403),
  'connection-closed': info('The peer closed the connection', 421, '4.4.2', '', 499),
  'format-newer': info('The data directory was written by a newer version', 451, '4.3.0', '', 500),
  'data-locked': info('Another server uses this data directory', 451, '4.3.0', '', 500),
  corrupt: info('Stored data is damaged', 451, '4.3.0', 'CORRUPTION', 500),
  configuration: info('The configuration is not acceptable', 451, '4.3.5', '', 500),
} as const satisfies Readonly<Record<string, ErrorInfo>>;

export type ErrorCode = keyof typeof TABLE;

function info(text: string, code: number, enhanced: string, imap: string, http: number): ErrorInfo {
  return { text, smtp: [code, enhanced], imap, http };
}

/** Gives the public text and the mapping of an error code. */
export function errorInfo(code: ErrorCode): ErrorInfo {
  return TABLE[code];
}

/** A failure with a code of the error table; `message` is the detail for log and operator. */
export class PosthornError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message?: string, options?: { readonly cause?: unknown }) {
    super(message ?? TABLE[code].text, options);
    this.name = 'PosthornError';
    this.code = code;
  }

  get info(): ErrorInfo {
    return TABLE[this.code];
  }
}

/** Tells whether a caught value is a PosthornError, optionally one of a given code. */
export function isPosthornError(value: unknown, code?: ErrorCode): value is PosthornError {
  return value instanceof PosthornError && (code === undefined || value.code === code);
}
