import { ANYONE, type FolderId, type MailboxId, type Rights, withoutRights } from '#model';
import type { Grant, SharedFolder } from '../../reads.ts';
import type { Connection } from '../connection.ts';
import { COLUMNS, folderOf } from './folders.ts';

const ACL = `SELECT a.grantee_id, r.address, a.negative, a.rights, a.folder_id
  FROM acl AS a LEFT JOIN recipient AS r ON r.mailbox_id = a.grantee_id
  WHERE a.mailbox_id = $1 AND (a.grantee_id = ${ANYONE} OR r.address IS NOT NULL)`;
const ORDER = 'ORDER BY r.address NULLS FIRST, a.negative';
const SELECT_ACL = `${ACL} AND a.folder_id = $2 ${ORDER}`;
const SELECT_ALL = `${ACL} ${ORDER}`;
// All letters that are granted, and all that are taken away.
const LETTERS = `coalesce(string_agg(a.rights, '') FILTER (WHERE a.negative = 0), '') AS granted,
  coalesce(string_agg(a.rights, '') FILTER (WHERE a.negative = 1), '') AS taken`;
const SELECT_RIGHTS = `SELECT a.folder_id, ${LETTERS} FROM acl AS a
  WHERE a.mailbox_id = $1 AND a.grantee_id IN ($2, ${ANYONE}) GROUP BY a.folder_id`;
const SELECT_SHARED = `SELECT r.address, g.granted, g.taken, ${COLUMNS}
  FROM (SELECT a.mailbox_id, a.folder_id, ${LETTERS} FROM acl AS a
    WHERE a.grantee_id IN ($1, ${ANYONE}) AND a.mailbox_id <> $1 GROUP BY a.mailbox_id, a.folder_id) AS g
  JOIN folder AS f ON f.mailbox_id = g.mailbox_id AND f.folder_id = g.folder_id
  JOIN recipient AS r ON r.mailbox_id = g.mailbox_id
  WHERE position('l' in g.granted) > 0 AND position('l' in g.taken) = 0
  ORDER BY r.address, f.name LIMIT $2`;

export async function readAcl(
  connection: Connection,
  mailboxId: MailboxId,
  folderId: FolderId | undefined,
): Promise<readonly Grant[]> {
  const rows =
    folderId === undefined
      ? await connection.query(SELECT_ALL, mailboxId)
      : await connection.query(SELECT_ACL, mailboxId, folderId);
  return rows.map((row) => ({
    granteeId: row[0] as MailboxId,
    address: (row[1] as string | null) ?? undefined,
    negative: row[2] === 1,
    rights: row[3] as Rights,
    folderId: row[4] as FolderId,
  }));
}

export async function readRights(
  connection: Connection,
  mailboxId: MailboxId,
  granteeId: MailboxId,
): Promise<ReadonlyMap<FolderId, Rights>> {
  const all = new Map<FolderId, Rights>();
  const rows = await connection.query(SELECT_RIGHTS, mailboxId, granteeId);
  for (const [folderId, granted, taken] of rows) {
    const rights = withoutRights(granted as Rights, taken as Rights);
    if (rights !== '') all.set(folderId as FolderId, rights);
  }
  return all;
}

export async function readSharedWith(
  connection: Connection,
  granteeId: MailboxId,
  limit: number,
): Promise<readonly SharedFolder[]> {
  const rows = await connection.query(SELECT_SHARED, granteeId, limit);
  return rows.map(([owner, granted, taken, ...folder]) => ({
    owner: owner as string,
    rights: withoutRights(granted as Rights, taken as Rights),
    folder: folderOf(folder),
  }));
}
