/** Every bound of a receiving SMTP server. */
export interface ReceiveLimits {
  /** Largest message, said by SIZE (RFC 1870). */
  readonly sizeBytesMax: number;
  /** Recipients of one message, said by LIMITS (RFC 9422); RFC 5321 §4.5.3.1.8 wants 100 at least. */
  readonly recipientsMax: number;
  /** Messages in one session, said by LIMITS (RFC 9422). */
  readonly messagesMax: number;
  /** Refused commands in a session before it is ended. */
  readonly errorsMax: number;
  /** Failed authentications in a session before it is ended. */
  readonly authFailuresMax: number;
  /** How long the answer to a failed authentication is held back; more with each one. */
  readonly authFailureDelayMs: number;
  /** How long a client may take for its next command (RFC 5321 §4.5.3.2.7). */
  readonly commandTimeoutMs: number;
  /** How long a client may be silent within mail data (RFC 5321 §4.5.3.2.5). */
  readonly dataTimeoutMs: number;
  /** A client that sends its mail data slower than this, over all of it, is given up. */
  readonly dataBytesPerSecondMin: number;
  /** `Received` fields of a message before it is taken to go in circles (RFC 5321 §6.3 wants 100 at least). */
  readonly hopsMax: number;
  /** Open sessions of the receiver. */
  readonly sessionsMax: number;
}

export const DEFAULT_RECEIVE_LIMITS: ReceiveLimits = {
  sizeBytesMax: 150 * 1024 * 1024,
  recipientsMax: 1000,
  messagesMax: 100_000,
  errorsMax: 50,
  authFailuresMax: 3,
  authFailureDelayMs: 1500,
  commandTimeoutMs: 300_000,
  dataTimeoutMs: 180_000,
  dataBytesPerSecondMin: 500,
  hopsMax: 100,
  sessionsMax: 2000,
};

/**
 * The longest command line taken, with its line end. RFC 5321 §4.5.3.1.4 wants 512 octets; RFC 1870, 3461, 4954 and
 * 6531 add up to about 1,500 for parameters.
 */
export const COMMAND_BYTES_MAX = 2048;

/** The longest line of an AUTH exchange, with its line end (RFC 4954 §4). */
export const AUTH_LINE_BYTES_MAX = 12_288;
