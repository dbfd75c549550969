import { type Content, type Envelope, INBOX_ID, type MailboxId } from '#model';
import type { Store } from '#store';
import { trackDelivery } from './tracking.ts';

/** Stores a message in the INBOX of each mailbox, with its tracking, in one commit. */
export async function deliverLocal(
  store: Store,
  envelope: Envelope,
  content: Content,
  mailboxes: readonly MailboxId[],
): Promise<void> {
  await store.ingest(envelope.submissionId, {
    contents: [content],
    targets: mailboxes.map((mailboxId) => ({
      content: 0,
      mailboxId,
      folderId: INBOX_ID,
      flags: 0,
      keywords: [],
      internalMs: envelope.receivedAtMs,
      enforceQuota: false,
    })),
    tracking: trackDelivery(envelope, content),
  });
}
