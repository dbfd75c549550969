/** Every bound of an IMAP server. */
export interface ImapLimits {
  /** Open sessions of the server. */
  readonly sessionsMax: number;
  /** Open sessions of one mailbox. */
  readonly sessionsPerMailboxMax: number;
  /** Largest message that APPEND takes, said by APPENDLIMIT (RFC 7889). */
  readonly appendBytesMax: number;
  /** Messages in one APPEND (RFC 3502). */
  readonly appendMessagesMax: number;
  /** What one APPEND of many messages holds in memory; those beyond wait as blobs, as large ones do. */
  readonly appendHeldBytesMax: number;
  /** What all of them that are under way hold. */
  readonly appendsHeldBytesMax: number;
  /** Failed logins in a session before it is ended. */
  readonly authFailuresMax: number;
  /** How long the answer to a failed login is held back; more with each one. */
  readonly authFailureDelayMs: number;
  /** How long a client may take to log in. */
  readonly loginTimeoutMs: number;
  /** How long a client that has logged in may be silent; RFC 9051 §5.4 wants 30 minutes at least. */
  readonly idleTimeoutMs: number;
  /** How long a client may be silent within a literal. */
  readonly literalTimeoutMs: number;
  /** Commands in a row that are BAD before the session is ended. */
  readonly badCommandsMax: number;
  /** Messages that one command does something with, said by MESSAGELIMIT (RFC 9738); undefined where there is no limit. */
  readonly messageLimit: number | undefined;
  /** Messages that one command saves, said by SAVELIMIT (RFC 9738); undefined where there is no limit. */
  readonly saveLimit: number | undefined;
  /** Searches of a session whose results are followed; one more is refused by NOUPDATE (RFC 5267 §4.3.1). */
  readonly contextsMax: number;
  /** Results of SORT, in one session, that are followed: their sort keys are kept. */
  readonly sortedResultsMax: number;
  /** Folders that a session is told of; where more are meant it hears of none (RFC 5465 §5.8). */
  readonly notifyFoldersMax: number;
}

export const DEFAULT_IMAP_LIMITS: ImapLimits = {
  sessionsMax: 10_000,
  sessionsPerMailboxMax: 1000,
  appendBytesMax: 150 * 1024 * 1024,
  appendMessagesMax: 1000,
  appendHeldBytesMax: 16 * 1024 * 1024,
  appendsHeldBytesMax: 64 * 1024 * 1024,
  authFailuresMax: 3,
  authFailureDelayMs: 1500,
  loginTimeoutMs: 180_000,
  idleTimeoutMs: 1_800_000,
  literalTimeoutMs: 300_000,
  badCommandsMax: 10,
  messageLimit: undefined,
  saveLimit: undefined,
  contextsMax: 32,
  sortedResultsMax: 200_000,
  notifyFoldersMax: 10_000,
};

/** The longest line of an AUTHENTICATE exchange; RFC 9051 §6.2.2 leaves it to the server. */
export const AUTH_LINE_BYTES_MAX = 12_288;

/** The longest line that may stand where DONE is expected. */
export const DONE_LINE_BYTES_MAX = 1024;

/** Bytes of a literal that somebody who has not logged in may send. */
export const UNAUTHENTICATED_LITERAL_BYTES_MAX = 4096;
