import type { MailboxId } from './ids.ts';

/** A mailbox as the directory knows it. */
export interface MailboxInfo {
  readonly mailboxId: MailboxId;
  readonly primaryAddress: string;
  readonly addresses: readonly string[];
  readonly createdAtMs: number;
  /** Octets that its messages may have together; undefined: no limit. */
  readonly quotaBytes: number | undefined;
  /** Messages that it may hold; undefined: no limit. */
  readonly quotaMessages: number | undefined;
  readonly usedBytes: number;
  readonly usedMessages: number;
}

/** What a login needs to know of a mailbox. */
export interface Login {
  readonly primaryAddress: string;
  /** Undefined where no password was ever set. */
  readonly verifiers: Verifiers | undefined;
}

/** Verifiers of a password; the password itself is never kept. */
export interface Verifiers {
  /** PHC string, argon2id (RFC 9106). */
  readonly argon2id: string;
  /** `SCRAM-SHA-256$iterations:salt$storedKey:serverKey` in base 64 (RFC 5803). */
  readonly scramSha256: string;
}
