import type { ModSeq } from '#model';
import type { SetQuota } from '../../commands.ts';
import type { Transaction } from '../transaction.ts';

const UPDATE_QUOTA = 'UPDATE mailbox SET quota_bytes = ?, quota_messages = ? WHERE mailbox_id = ?';

/** Replaces a mailbox's limits. */
export function setQuota(
  tx: Transaction,
  { mailboxId, quotaBytes, quotaMessages }: SetQuota,
): { modSeq: ModSeq } {
  const mailbox = tx.mailbox(mailboxId);
  // With a modseq of its own: who follows the mailbox sees that there is something new.
  tx.foldersChanged(mailbox);
  tx.sql.run(UPDATE_QUOTA, quotaBytes ?? null, quotaMessages ?? null, mailboxId);
  mailbox.quotaBytes = quotaBytes;
  mailbox.quotaMessages = quotaMessages;
  return { modSeq: mailbox.modSeq as ModSeq };
}
