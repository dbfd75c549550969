import { PosthornError } from '#kernel';
import { ANYONE, changeRights, type ModSeq, NO_RIGHTS, type Rights } from '#model';
import type { SetAcl } from '../../commands.ts';
import { GRANTS_MAX } from '../../limits.ts';
import type { Transaction } from '../transaction.ts';

const ONE = 'mailbox_id = ? AND folder_id = ? AND grantee_id = ? AND negative = ?';
const SELECT_RIGHTS = `SELECT rights FROM acl WHERE ${ONE}`;
const COUNT_GRANTS = 'SELECT count(*) FROM acl WHERE mailbox_id = ? AND folder_id = ?';
const PUT_RIGHTS = `INSERT INTO acl(mailbox_id, folder_id, grantee_id, negative, rights) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET rights = excluded.rights`;
const DELETE_RIGHTS = `DELETE FROM acl WHERE ${ONE}`;

/** Changes a grant; sessions of the owner's folders hear of it, and those of the grantee (RFC 4314 §3.1, §3.2). */
export function setAcl(tx: Transaction, command: SetAcl): { changed: boolean } {
  const mailbox = tx.mailbox(command.mailboxId);
  const { mailboxId, folderId } = tx.folder(command);
  const { granteeId, negative, operation, rights } = command;
  const grant = [mailboxId, folderId, granteeId, negative ? 1 : 0] as const;
  const before = (tx.sql.row(SELECT_RIGHTS, ...grant)?.[0] ?? NO_RIGHTS) as Rights;
  const after = changeRights(before, operation, rights);
  if (after === before) return { changed: false };
  if (
    before === NO_RIGHTS &&
    (tx.sql.row(COUNT_GRANTS, mailboxId, folderId)![0] as number) >= GRANTS_MAX
  )
    throw new PosthornError('too-many', `a folder is shared with at most ${GRANTS_MAX} others`);
  if (after === NO_RIGHTS) tx.sql.run(DELETE_RIGHTS, ...grant);
  else tx.sql.run(PUT_RIGHTS, ...grant, after);
  tx.foldersChanged(mailbox);
  if (granteeId !== ANYONE)
    tx.publish(`grantee ${granteeId}`, {
      kind: 'folders',
      mailboxId: granteeId,
      modSeq: 0 as ModSeq,
    });
  return { changed: true };
}
