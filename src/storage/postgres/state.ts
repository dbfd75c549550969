import type { FolderId, MailboxId, SpecialUse } from '#model';
import type { FolderRef } from '../commands.ts';
import type { Row } from './connection.ts';

/** A mailbox's counters while a transaction works on it. */
export interface MailboxState {
  readonly mailboxId: MailboxId;
  modSeq: number;
  nextFolderId: number;
  nextContentId: number;
  lastUidValidity: number;
  usedBytes: number;
  usedMessages: number;
  quotaBytes: number | undefined;
  quotaMessages: number | undefined;
  dirty: boolean;
  /** The last modseq handed out; `modSeq` is the last that was used. */
  reservedModSeq: number;
  /** The modseq that ingests of this transaction share, 0 when the next one must take a new one. */
  ingestModSeq: number;
  /** Keywords that were asked for, folded, with the names the mailbox has for them; undefined for those that it does not know. */
  readonly keywords: Map<string, string | undefined>;
  /** How many the mailbox knows. */
  keywordCount: number;
}

/** A folder's counters while a transaction works on it. */
export interface FolderState extends FolderRef {
  name: string;
  readonly specialUse: SpecialUse | undefined;
  readonly uidValidity: number;
  uidNext: number;
  highestModSeq: number;
  messages: number;
  unseen: number;
  deleted: number;
  sizeBytes: number;
  recentFrom: number;
  dirty: boolean;
}

export const SELECT_MAILBOX = `SELECT modseq, next_folder_id, next_content_id, last_uid_validity, used_bytes, used_messages, quota_bytes,
    quota_messages
  FROM mailbox WHERE mailbox_id = $1`;
/** Locks the mailbox for the rest of the transaction: whoever changes anything in it comes by here first. */
export const LOCK_MAILBOX = `${SELECT_MAILBOX} FOR UPDATE`;
export const SELECT_FOLDERS = `SELECT folder_id, name, special_use, uid_validity, uid_next, highest_modseq, messages, unseen, deleted,
    size_bytes, recent_from
  FROM folder WHERE mailbox_id = $1 AND folder_id = ANY($2::bigint[])`;
export const SELECT_KEYWORDS = `SELECT a.folded, k.name, (SELECT count(*) FROM keyword WHERE mailbox_id = $1)
  FROM unnest($2::text[]) AS a(folded) LEFT JOIN keyword AS k ON k.mailbox_id = $1 AND k.folded = a.folded`;
export const UPDATE_MAILBOX = `UPDATE mailbox SET modseq = $2, next_folder_id = $3, next_content_id = $4, last_uid_validity = $5,
    used_bytes = $6, used_messages = $7
  WHERE mailbox_id = $1`;
export const UPDATE_FOLDER = `UPDATE folder SET uid_next = $3, highest_modseq = $4, messages = $5, unseen = $6, deleted = $7,
    size_bytes = $8, recent_from = $9
  WHERE mailbox_id = $1 AND folder_id = $2`;

/** What a transaction knows of a mailbox beside its counters when it begins. */
export function freshState(
  modSeq: number,
): Pick<MailboxState, 'modSeq' | 'reservedModSeq' | 'ingestModSeq' | 'keywords' | 'keywordCount'> {
  return { modSeq, reservedModSeq: modSeq, ingestModSeq: 0, keywords: new Map(), keywordCount: 0 };
}

export function mailboxState(mailboxId: MailboxId, row: Row): MailboxState {
  return {
    ...freshState(row[0] as number),
    mailboxId,
    nextFolderId: row[1] as number,
    nextContentId: row[2] as number,
    lastUidValidity: row[3] as number,
    usedBytes: row[4] as number,
    usedMessages: row[5] as number,
    quotaBytes: (row[6] as number | null) ?? undefined,
    quotaMessages: (row[7] as number | null) ?? undefined,
    dirty: false,
  };
}

/** Notes the rows of `SELECT_KEYWORDS`. */
export function noteKeywords(state: MailboxState, rows: readonly Row[]): void {
  for (const [folded, name, count] of rows) {
    state.keywords.set(folded as string, (name as string | null) ?? undefined);
    state.keywordCount = count as number;
  }
}

export function folderState(mailboxId: MailboxId, row: Row): FolderState {
  return {
    mailboxId,
    folderId: row[0] as FolderId,
    name: row[1] as string,
    specialUse: (row[2] as SpecialUse | null) ?? undefined,
    uidValidity: row[3] as number,
    uidNext: row[4] as number,
    highestModSeq: row[5] as number,
    messages: row[6] as number,
    unseen: row[7] as number,
    deleted: row[8] as number,
    sizeBytes: row[9] as number,
    recentFrom: row[10] as number,
    dirty: false,
  };
}
