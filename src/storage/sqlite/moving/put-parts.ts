import type { MailboxId } from '#model';
import type { MailboxParts } from '../../moving/port.ts';
import type { Statements } from '../statements.ts';

const INSERT_MAILBOX = `INSERT OR REPLACE INTO mailbox(mailbox_id, modseq, next_folder_id, last_uid_validity, used_bytes, used_messages,
    quota_bytes, quota_messages, log_floor)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_FOLDERS = `INSERT INTO folder(mailbox_id, folder_id, name, special_use, uid_validity, uid_next, highest_modseq, messages,
    unseen, deleted, size_bytes, recent_from)
  SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8,
    value ->> 9, value ->> 10
  FROM json_each(?)`;
const INSERT_SUBSCRIPTIONS =
  'INSERT INTO subscription(mailbox_id, name) SELECT ?, value FROM json_each(?)';
const INSERT_KEYWORDS =
  'INSERT INTO keyword(mailbox_id, folded, name) SELECT ?, value ->> 0, value ->> 1 FROM json_each(?)';
const INSERT_RIGHTS = `INSERT INTO acl(mailbox_id, folder_id, grantee_id, negative, rights)
  SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)`;
const INSERT_ANNOTATIONS = `INSERT INTO annotation(mailbox_id, folder_id, viewer_id, entry, value)
  SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)`;
// Folders that were there the last time. Of a copy under way, whatever was copied.
const SELECT_KNOWN = 'SELECT folder_id FROM folder WHERE mailbox_id = ?1';
const SELECT_COPIED = `${SELECT_KNOWN} UNION SELECT folder_id FROM entry WHERE mailbox_id = ?1
  UNION SELECT folder_id FROM change WHERE mailbox_id = ?1`;
const IS_COPIED = 'SELECT 1 FROM move_mailbox WHERE mailbox_id = ?';
const IN_FOLDERS = 'mailbox_id = ? AND folder_id IN (SELECT value FROM json_each(?))';
const PRUNE_LOG = 'DELETE FROM change WHERE mailbox_id = ? AND modseq <= ?';
/** What is written anew each time. */
const PARTS = ['folder', 'subscription', 'keyword', 'acl', 'annotation', 'move_mailbox'];
const TABLES = ['entry', 'change', ...PARTS, 'mailbox'];

/** Makes all of a mailbox but messages and change log what the source has, within the open transaction. */
export function putParts(
  sql: Statements,
  { mailbox, folders, subscriptions, keywords, rights, annotations }: MailboxParts,
): void {
  const { mailboxId } = mailbox;
  removeFoldersBut(sql, mailboxId, new Set(folders.map(({ folderId }) => folderId as number)));
  for (const table of PARTS) sql.run(`DELETE FROM ${table} WHERE mailbox_id = ?`, mailboxId);
  sql.run(
    INSERT_MAILBOX,
    mailboxId,
    mailbox.modSeq,
    mailbox.nextFolderId,
    mailbox.lastUidValidity,
    mailbox.usedBytes,
    mailbox.usedMessages,
    mailbox.quotaBytes ?? null,
    mailbox.quotaMessages ?? null,
    mailbox.logFloor,
  );
  const rows = folders.map((folder) => [
    folder.folderId,
    folder.name,
    folder.specialUse ?? null,
    folder.uidValidity,
    folder.uidNext,
    folder.highestModSeq,
    folder.messages,
    folder.unseen,
    folder.deleted,
    folder.sizeBytes,
    folder.recentFrom,
  ]);
  sql.run(INSERT_FOLDERS, mailboxId, JSON.stringify(rows));
  sql.run(INSERT_SUBSCRIPTIONS, mailboxId, JSON.stringify(subscriptions));
  const names = keywords.map(({ folded, name }) => [folded, name]);
  sql.run(INSERT_KEYWORDS, mailboxId, JSON.stringify(names));
  const granted = rights.map((row) => [row.folderId, row.granteeId, row.negative, row.rights]);
  sql.run(INSERT_RIGHTS, mailboxId, JSON.stringify(granted));
  const noted = annotations.map((row) => [row.folderId, row.viewerId, row.entry, row.value]);
  sql.run(INSERT_ANNOTATIONS, mailboxId, JSON.stringify(noted));
  sql.run(PRUNE_LOG, mailboxId, mailbox.logFloor);
}

function removeFoldersBut(sql: Statements, mailboxId: MailboxId, kept: ReadonlySet<number>): void {
  const isCopied = sql.row(IS_COPIED, mailboxId) !== undefined;
  const gone = sql
    .rows(isCopied ? SELECT_COPIED : SELECT_KNOWN, mailboxId)
    .map((row) => row[0] as number)
    .filter((folderId) => !kept.has(folderId));
  if (gone.length === 0) return;
  for (const table of ['entry', 'change'])
    sql.run(`DELETE FROM ${table} WHERE ${IN_FOLDERS}`, mailboxId, JSON.stringify(gone));
}

/** Removes a mailbox, whole or half copied, within the open transaction. Its contents are noted at the end of the move. */
export function removeMailbox(sql: Statements, mailboxId: MailboxId): void {
  for (const table of TABLES) sql.run(`DELETE FROM ${table} WHERE mailbox_id = ?`, mailboxId);
}
