import { PosthornError } from '#kernel';
import { ANYONE, changeRights, type ModSeq, NO_RIGHTS, type Rights } from '#model';
import type { SetAcl } from '../../commands.ts';
import { GRANTS_MAX } from '../../limits.ts';
import type { Transaction } from '../transaction.ts';

const FOLDER = 'mailbox_id = $1 AND folder_id = $2';
const SELECT_RIGHTS = `SELECT (SELECT rights FROM acl WHERE ${FOLDER} AND grantee_id = $3 AND negative = $4),
    (SELECT count(*) FROM acl WHERE ${FOLDER})`;
const PUT_RIGHTS = `INSERT INTO acl(mailbox_id, folder_id, grantee_id, negative, rights) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT(mailbox_id, folder_id, grantee_id, negative) DO UPDATE SET rights = excluded.rights`;
const DELETE_RIGHTS = `DELETE FROM acl WHERE ${FOLDER} AND grantee_id = $3 AND negative = $4`;

/** Changes a grant; sessions of the owner's folders hear of it, and those of the grantee (RFC 4314 §3.1, §3.2). */
export async function setAcl(tx: Transaction, command: SetAcl): Promise<{ changed: boolean }> {
  const mailbox = tx.mailbox(command.mailboxId);
  const { mailboxId, folderId } = tx.folder(command);
  const { granteeId, negative, operation, rights } = command;
  const grant = [mailboxId, folderId, granteeId, negative ? 1 : 0] as const;
  const [row] = await tx.select(SELECT_RIGHTS, ...grant);
  const [known, count] = row as readonly [Rights | null, number];
  const before = known ?? NO_RIGHTS;
  const after = changeRights(before, operation, rights);
  if (after === before) return { changed: false };
  if (before === NO_RIGHTS && count >= GRANTS_MAX)
    throw new PosthornError('too-many', `a folder is shared with at most ${GRANTS_MAX} others`);
  if (after === NO_RIGHTS) await tx.write(DELETE_RIGHTS, ...grant);
  else await tx.write(PUT_RIGHTS, ...grant, after);
  tx.foldersChanged(mailbox);
  if (granteeId !== ANYONE)
    tx.publish(`grantee ${granteeId}`, {
      kind: 'folders',
      mailboxId: granteeId,
      modSeq: 0 as ModSeq,
    });
  return { changed: true };
}
