/** Bounds of a POP3 server; each has a default. */
export interface Pop3Limits {
  readonly sessionsMax: number;
  /** Open sessions of one mailbox, with those of IMAP. */
  readonly sessionsPerMailboxMax: number;
  /** How long a client may take to log in, whatever it says meanwhile. */
  readonly loginTimeoutMs: number;
  /** RFC 1939 §3: an inactivity autologout timer has at least 10 minutes. */
  readonly idleTimeoutMs: number;
  /** Bytes of a command line with its end (RFC 2449 §4). */
  readonly lineBytesMax: number;
  /** Bytes of a client's response in an AUTH exchange, as RFC 4954 §4 has it for SMTP. */
  readonly authLineBytesMax: number;
  /** Failed logins after which the session ends. */
  readonly loginFailuresMax: number;
  /** How long the answer to a failed login is held back. */
  readonly loginDelayMs: number;
  /** Lines that are no command, and commands in the wrong state, after which the session ends. */
  readonly mistakesMax: number;
}

export const POP3_LIMITS: Pop3Limits = {
  sessionsMax: 10_000,
  sessionsPerMailboxMax: 1000,
  loginTimeoutMs: 600_000,
  idleTimeoutMs: 600_000,
  lineBytesMax: 255,
  authLineBytesMax: 12_288,
  loginFailuresMax: 3,
  loginDelayMs: 2000,
  mistakesMax: 25,
};
