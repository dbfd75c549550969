import type { FolderId, MailboxId, ModSeq, Uid } from './ids.ts';

export const SPECIAL_USES = [
  '\\All',
  '\\Archive',
  '\\Drafts',
  '\\Flagged',
  '\\Junk',
  '\\Sent',
  '\\Trash',
  '\\Important',
] as const;
/** What a folder is for (RFC 6154 §2, RFC 8457 §3). */
export type SpecialUse = (typeof SPECIAL_USES)[number];

/** The hierarchy delimiter in folder names, everywhere. */
export const DELIMITER = '/';

/** A folder with its counters, as of one snapshot. */
export interface Folder {
  readonly mailboxId: MailboxId;
  readonly folderId: FolderId;
  /** Full name from the root, NFC, levels separated by `/`; `INBOX` in capitals. */
  readonly name: string;
  readonly specialUse: SpecialUse | undefined;
  readonly uidValidity: number;
  readonly uidNext: Uid;
  readonly highestModSeq: ModSeq;
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly sizeBytes: number;
  /** Entries with a uid at or above this have not been shown to a read-write session yet (\Recent of RFC 3501). */
  readonly recentFrom: Uid;
}
