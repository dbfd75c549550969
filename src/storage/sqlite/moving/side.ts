import type { MailboxId, ModSeq } from '#model';
import type { FolderRef } from '../../commands.ts';
import type { MailboxParts, MailboxStamp, MovedMailbox } from '../../moving/port.ts';
import { readFolders, readSubscriptions } from '../reads/folders.ts';
import type { Statements } from '../statements.ts';

const SELECT_STAMPS = `SELECT m.mailbox_id, m.modseq, m.log_floor,
    (SELECT coalesce(sum(f.recent_from), 0) FROM folder AS f WHERE f.mailbox_id = m.mailbox_id),
    (SELECT count(*) FROM keyword AS k WHERE k.mailbox_id = m.mailbox_id)
  FROM mailbox AS m WHERE m.mailbox_id > ? ORDER BY m.mailbox_id LIMIT +?`;
const SELECT_MAILBOX = `SELECT modseq, next_folder_id, last_uid_validity, used_bytes, used_messages, quota_bytes, quota_messages, log_floor
  FROM mailbox WHERE mailbox_id = ?`;
const SELECT_KEYWORDS = 'SELECT folded, name FROM keyword WHERE mailbox_id = ? ORDER BY folded';
const SELECT_RIGHTS = `SELECT folder_id, grantee_id, negative, rights FROM acl WHERE mailbox_id = ?
  ORDER BY folder_id, grantee_id, negative`;
const SELECT_ANNOTATIONS = `SELECT folder_id, viewer_id, entry, value FROM annotation WHERE mailbox_id = ?
  ORDER BY folder_id, viewer_id, entry`;
const SELECT_UIDS = 'SELECT uid FROM entry WHERE mailbox_id = ? AND folder_id = ? ORDER BY uid';
const COUNT_ENTRIES = 'SELECT count(*) FROM entry';
// The products tie each value to its uid; their factors are small enough that no sum leaves 64 bits.
const SUM_ENTRIES = `SELECT concat_ws('|', folder_id, flags, keywords, count(*), sum(uid), sum(modseq), sum(internal_ms), sum(saved_ms),
    sum(size_bytes), sum(uid % 65521 * (modseq % 65521)), sum(uid % 65521 * (internal_ms % 65521)),
    sum(uid % 65521 * (saved_ms % 65521)), sum(uid % 65521 * (size_bytes % 65521)))
  FROM entry WHERE mailbox_id = ? GROUP BY folder_id, flags, keywords`;
const SUM_CHANGES = `SELECT concat_ws('|', 'log', c.folder_id, c.kind, count(*), sum(c.modseq), sum(c.modseq % 65521 * (c.modseq % 65521)))
  FROM mailbox AS m JOIN change AS c ON c.mailbox_id = m.mailbox_id
  WHERE m.mailbox_id = ? AND c.modseq > m.log_floor GROUP BY c.folder_id, c.kind`;

/** What source and target read the same way. */
export function readStamps(sql: Statements, after: number, limit: number): readonly MailboxStamp[] {
  return sql.rows(SELECT_STAMPS, after, limit).map((row) => ({
    mailboxId: row[0] as MailboxId,
    modSeq: row[1] as ModSeq,
    logFloor: row[2] as number,
    recents: row[3] as number,
    keywords: row[4] as number,
  }));
}

/** The caller gives the snapshot. */
export function readParts(sql: Statements, mailboxId: MailboxId): MailboxParts | undefined {
  const row = sql.row(SELECT_MAILBOX, mailboxId);
  if (row === undefined) return undefined;
  const mailbox: MovedMailbox = {
    mailboxId,
    modSeq: row[0] as ModSeq,
    nextFolderId: row[1] as number,
    lastUidValidity: row[2] as number,
    usedBytes: row[3] as number,
    usedMessages: row[4] as number,
    quotaBytes: (row[5] as number | null) ?? undefined,
    quotaMessages: (row[6] as number | null) ?? undefined,
    logFloor: row[7] as number,
  };
  return {
    mailbox,
    folders: readFolders(sql, mailboxId),
    subscriptions: readSubscriptions(sql, mailboxId),
    keywords: sql.rows(SELECT_KEYWORDS, mailboxId).map(([folded, name]) => ({
      folded: folded as string,
      name: name as string,
    })),
    rights: sql.rows(SELECT_RIGHTS, mailboxId).map((row) => ({
      folderId: row[0] as number,
      granteeId: row[1] as number,
      negative: row[2] as number,
      rights: row[3] as string,
    })),
    annotations: sql.rows(SELECT_ANNOTATIONS, mailboxId).map((row) => ({
      folderId: row[0] as number,
      viewerId: row[1] as number,
      entry: row[2] as string,
      value: row[3] as string,
    })),
  };
}

export function readUids(sql: Statements, { mailboxId, folderId }: FolderRef): Uint32Array {
  return Uint32Array.from(sql.rows(SELECT_UIDS, mailboxId, folderId), (row) => row[0] as number);
}

export function readSums(sql: Statements, mailboxId: MailboxId): readonly string[] {
  return [...sql.rows(SUM_ENTRIES, mailboxId), ...sql.rows(SUM_CHANGES, mailboxId)].map(
    (row) => row[0] as string,
  );
}

export function countMessages(sql: Statements): number {
  return sql.row(COUNT_ENTRIES)?.[0] as number;
}

/** Reads in one snapshot. */
export function inSnapshot<T>(sql: Statements, read: () => T): T {
  sql.exec('BEGIN');
  try {
    return read();
  } finally {
    sql.exec('COMMIT');
  }
}
