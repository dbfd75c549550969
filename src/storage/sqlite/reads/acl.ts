import { ANYONE, type FolderId, type MailboxId, type Rights, withoutRights } from '#model';
import type { Grant, SharedFolder } from '../../reads.ts';
import type { Statements } from '../statements.ts';
import { FOLDER_COLUMNS, folderOf } from './folders.ts';

const ACL = `SELECT a.grantee_id, r.address, a.negative, a.rights, a.folder_id
  FROM acl AS a LEFT JOIN recipient AS r ON r.mailbox_id = a.grantee_id
  WHERE a.mailbox_id = ? AND (a.grantee_id = ${ANYONE} OR r.address IS NOT NULL)`;
const ORDER = 'ORDER BY r.address NULLS FIRST, a.negative';
const SELECT_ACL = `${ACL} AND a.folder_id = ? ${ORDER}`;
const SELECT_ALL = `${ACL} ${ORDER}`;
// All letters that are granted, and all that are taken away.
const LETTERS = `coalesce(group_concat(CASE WHEN a.negative = 0 THEN a.rights END, ''), '') AS granted,
  coalesce(group_concat(CASE WHEN a.negative = 1 THEN a.rights END, ''), '') AS taken`;
const SELECT_RIGHTS = `SELECT a.folder_id, ${LETTERS} FROM acl AS a
  WHERE a.mailbox_id = ? AND a.grantee_id IN (?, ${ANYONE}) GROUP BY a.folder_id`;
// Most have nothing of others, and are asked at each LIST.
const SELECT_ANY_GRANT = `SELECT 1 FROM acl WHERE grantee_id IN (?1, ${ANYONE}) LIMIT 1`;
const SELECT_SHARED = `SELECT r.address, g.granted, g.taken, ${FOLDER_COLUMNS}
  FROM (SELECT a.mailbox_id, a.folder_id, ${LETTERS} FROM acl AS a
    WHERE a.grantee_id IN (?1, ${ANYONE}) AND a.mailbox_id <> ?1 GROUP BY a.mailbox_id, a.folder_id) AS g
  JOIN folder AS f ON f.mailbox_id = g.mailbox_id AND f.folder_id = g.folder_id
  JOIN recipient AS r ON r.mailbox_id = g.mailbox_id
  WHERE instr(g.granted, 'l') > 0 AND instr(g.taken, 'l') = 0
  ORDER BY r.address, f.name LIMIT +?2`;

export function readAcl(
  sql: Statements,
  mailboxId: MailboxId,
  folderId: FolderId | undefined,
): readonly Grant[] {
  const rows =
    folderId === undefined
      ? sql.rows(SELECT_ALL, mailboxId)
      : sql.rows(SELECT_ACL, mailboxId, folderId);
  return rows.map((row) => ({
    granteeId: row[0] as MailboxId,
    address: (row[1] as string | null) ?? undefined,
    negative: row[2] === 1,
    rights: row[3] as Rights,
    folderId: row[4] as FolderId,
  }));
}

export function readRights(
  sql: Statements,
  mailboxId: MailboxId,
  granteeId: MailboxId,
): ReadonlyMap<FolderId, Rights> {
  const all = new Map<FolderId, Rights>();
  for (const [folderId, granted, taken] of sql.rows(SELECT_RIGHTS, mailboxId, granteeId)) {
    const rights = withoutRights(granted as Rights, taken as Rights);
    if (rights !== '') all.set(folderId as FolderId, rights);
  }
  return all;
}

export function readSharedWith(
  sql: Statements,
  granteeId: MailboxId,
  limit: number,
): readonly SharedFolder[] {
  if (sql.row(SELECT_ANY_GRANT, granteeId) === undefined) return [];
  return sql.rows(SELECT_SHARED, granteeId, limit).map(([owner, granted, taken, ...folder]) => ({
    owner: owner as string,
    rights: withoutRights(granted as Rights, taken as Rights),
    folder: folderOf(folder),
  }));
}
