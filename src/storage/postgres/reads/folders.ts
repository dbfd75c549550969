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
import type { Connection, Row } from '../connection.ts';

/** How many columns `folderOf` takes. */
export const FOLDER_COLUMNS = 12;
export const COLUMNS = `f.mailbox_id, f.folder_id, f.name, f.special_use, f.uid_validity, f.uid_next, f.highest_modseq, f.messages, f.unseen,
  f.deleted, f.size_bytes, f.recent_from`;
const SELECT_ALL = `SELECT ${COLUMNS} FROM folder AS f WHERE f.mailbox_id = $1 ORDER BY f.name`;
const SELECT_BY_NAME = `SELECT ${COLUMNS} FROM folder AS f WHERE f.mailbox_id = $1 AND f.name = $2`;
const SELECT_ONE = `SELECT ${COLUMNS} FROM folder AS f WHERE f.mailbox_id = $1 AND f.folder_id = $2`;
const SELECT_SUBSCRIPTIONS = 'SELECT name FROM subscription WHERE mailbox_id = $1 ORDER BY name';
const UIDS =
  'SELECT e.uid FROM entry AS e WHERE e.mailbox_id = $1 AND e.folder_id = $2 ORDER BY e.uid';
// One statement, so that all of it is of one snapshot. Where there are as many messages as uids between the ends, which they are is
// known without a look at them: so a large folder opens as fast as a small one, until some were removed in its middle.
const OPEN = `SELECT ${COLUMNS}, ends.first,
    CASE WHEN ends.last - ends.first + 1 <> f.messages THEN array(${UIDS})::text END,
    (SELECT string_agg(k.name, ' ' ORDER BY k.name) FROM keyword AS k WHERE k.mailbox_id = $1),
    CASE WHEN f.unseen > 0 THEN (SELECT e.uid FROM entry AS e
      WHERE e.mailbox_id = $1 AND e.folder_id = $2 AND e.flags & ${Flag.Seen} = 0 ORDER BY e.uid LIMIT 1) END
  FROM folder AS f CROSS JOIN (SELECT (${UIDS} LIMIT 1) AS first, (${UIDS} DESC LIMIT 1) AS last) AS ends
  WHERE f.mailbox_id = $1 AND f.folder_id = $2`;

const SUM_DELETED = `SELECT coalesce(sum(size_bytes), 0)::bigint FROM entry
  WHERE mailbox_id = $1 AND folder_id = $2 AND flags & ${Flag.Deleted} <> 0`;

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

export async function readFolders(
  connection: Connection,
  mailboxId: MailboxId,
): Promise<readonly Folder[]> {
  return (await connection.query(SELECT_ALL, mailboxId)).map(folderOf);
}

export async function readFolderByName(
  connection: Connection,
  mailboxId: MailboxId,
  name: string,
): Promise<Folder | undefined> {
  const [row] = await connection.query(SELECT_BY_NAME, mailboxId, name);
  return row === undefined ? undefined : folderOf(row);
}

export async function readFolder(
  connection: Connection,
  { mailboxId, folderId }: FolderRef,
): Promise<Folder | undefined> {
  const [row] = await connection.query(SELECT_ONE, mailboxId, folderId);
  return row === undefined ? undefined : folderOf(row);
}

export async function readDeletedBytes(
  connection: Connection,
  { mailboxId, folderId }: FolderRef,
): Promise<number> {
  const [row] = await connection.query(SUM_DELETED, mailboxId, folderId);
  return row![0] as number;
}

export async function readSubscriptions(
  connection: Connection,
  mailboxId: MailboxId,
): Promise<readonly string[]> {
  return (await connection.query(SELECT_SUBSCRIPTIONS, mailboxId)).map((row) => row[0] as string);
}

export async function openFolder(
  connection: Connection,
  { mailboxId, folderId }: FolderRef,
): Promise<OpenedFolder | undefined> {
  const [row] = await connection.query(OPEN, mailboxId, folderId);
  if (row === undefined) return undefined;
  const folder = folderOf(row);
  const [first, uids, keywords, firstUnseen] = row.slice(FOLDER_COLUMNS) as [
    Uid | null,
    string | null,
    string | null,
    Uid | null,
  ];
  return {
    folder,
    uids:
      uids === null ? numbersFrom(first ?? 1, folder.messages) : numbersIn(uids, folder.messages),
    keywords: keywords === null ? [] : keywords.split(' '),
    firstUnseen: firstUnseen ?? undefined,
  };
}

/** So many numbers without a gap. */
function numbersFrom(first: number, count: number): Uint32Array<ArrayBuffer> {
  const numbers = new Uint32Array(count);
  for (let index = 0; index < count; index++) numbers[index] = first + index;
  return numbers;
}

/** The numbers of `{1,2,3}`, without a string for each. */
function numbersIn(text: string, count: number): Uint32Array<ArrayBuffer> {
  const numbers = new Uint32Array(count);
  let nth = 0;
  let number = 0;
  for (let at = 1; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit >= 0 && digit <= 9) number = number * 10 + digit;
    else if (at > 1) {
      numbers[nth++] = number;
      number = 0;
    }
  }
  return numbers;
}
