import type { ModSeq } from '#model';
import type { SetQuota } from '../../commands.ts';
import type { Transaction } from '../transaction.ts';

const UPDATE_QUOTA =
  'UPDATE mailbox SET quota_bytes = $2, quota_messages = $3 WHERE mailbox_id = $1';

/** Replaces a mailbox's limits. */
export async function setQuota(
  tx: Transaction,
  { mailboxId, quotaBytes, quotaMessages }: SetQuota,
): Promise<{ modSeq: ModSeq }> {
  const mailbox = tx.mailbox(mailboxId);
  // With a modseq of its own: who follows the mailbox sees that there is something new.
  tx.foldersChanged(mailbox);
  await tx.write(UPDATE_QUOTA, mailboxId, quotaBytes ?? null, quotaMessages ?? null);
  mailbox.quotaBytes = quotaBytes;
  mailbox.quotaMessages = quotaMessages;
  return { modSeq: mailbox.modSeq as ModSeq };
}
