import {
  Flag,
  type Folder,
  type FolderId,
  type MailboxId,
  type ModSeq,
  type SpecialUse,
  type Uid,
} from '#model';
import type { FolderRef } from '../../commands.ts';
import type { OpenedFolder } from '../../reads.ts';
import type { Row, Statements } from '../statements.ts';
import { readUids } from './uids.ts';

export const FOLDER_COLUMNS = `f.mailbox_id, f.folder_id, f.name, f.special_use, f.uid_validity, f.uid_next, f.highest_modseq, f.messages, f.unseen,
  f.deleted, f.size_bytes, f.recent_from`;
const SELECT_ALL = `SELECT ${FOLDER_COLUMNS} FROM folder AS f WHERE mailbox_id = ? ORDER BY name`;
const SELECT_BY_NAME = `SELECT ${FOLDER_COLUMNS} FROM folder AS f WHERE mailbox_id = ? AND name = ?`;
const SELECT_ONE = `SELECT ${FOLDER_COLUMNS} FROM folder AS f WHERE mailbox_id = ? AND folder_id = ?`;
const SELECT_SUBSCRIPTIONS = 'SELECT name FROM subscription WHERE mailbox_id = ? ORDER BY name';
const SELECT_KEYWORDS = 'SELECT name FROM keyword WHERE mailbox_id = ? ORDER BY name';
const SELECT_FIRST_UNSEEN = `SELECT uid FROM entry WHERE mailbox_id = ? AND folder_id = ? AND flags & ${Flag.Seen} = 0
  ORDER BY uid LIMIT 1`;

const SUM_DELETED = `SELECT coalesce(sum(size_bytes), 0) FROM entry WHERE mailbox_id = ? AND folder_id = ? AND flags & ${Flag.Deleted} <> 0`;

export function folderOf(row: Row): Folder {
  return {
    mailboxId: row[0] as MailboxId,
    folderId: row[1] as FolderId,
    name: row[2] as string,
    specialUse: (row[3] as SpecialUse | null) ?? undefined,
    uidValidity: row[4] as number,
    uidNext: row[5] as Uid,
    highestModSeq: row[6] as ModSeq,
    messages: row[7] as number,
    unseen: row[8] as number,
    deleted: row[9] as number,
    sizeBytes: row[10] as number,
    recentFrom: row[11] as Uid,
  };
}

export function readFolders(sql: Statements, mailboxId: MailboxId): readonly Folder[] {
  return sql.rows(SELECT_ALL, mailboxId).map(folderOf);
}

export function readFolderByName(
  sql: Statements,
  mailboxId: MailboxId,
  name: string,
): Folder | undefined {
  const row = sql.row(SELECT_BY_NAME, mailboxId, name);
  return row === undefined ? undefined : folderOf(row);
}

export function readFolder(sql: Statements, ref: FolderRef): Folder | undefined {
  const row = sql.row(SELECT_ONE, ref.mailboxId, ref.folderId);
  return row === undefined ? undefined : folderOf(row);
}

export function readDeletedBytes(sql: Statements, { mailboxId, folderId }: FolderRef): number {
  return sql.row(SUM_DELETED, mailboxId, folderId)![0] as number;
}

export function readSubscriptions(sql: Statements, mailboxId: MailboxId): readonly string[] {
  return sql.rows(SELECT_SUBSCRIPTIONS, mailboxId).map((row) => row[0] as string);
}

export function readKeywords(sql: Statements, mailboxId: MailboxId): readonly string[] {
  return sql.rows(SELECT_KEYWORDS, mailboxId).map((row) => row[0] as string);
}

export function openFolder(sql: Statements, ref: FolderRef): OpenedFolder | undefined {
  const folder = readFolder(sql, ref);
  if (folder === undefined) return undefined;
  const { mailboxId, folderId } = ref;
  const uids = readUids(sql, ref, folder.messages);
  const firstUnseen =
    folder.unseen === 0
      ? undefined
      : (sql.row(SELECT_FIRST_UNSEEN, mailboxId, folderId)?.[0] as Uid);
  return { folder, uids, keywords: readKeywords(sql, mailboxId), firstUnseen };
}
