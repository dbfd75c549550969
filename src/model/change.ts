import type { FolderId, MailboxId, ModSeq } from './ids.ts';

/**
 * What the store tells after a commit. A hint: it says where to look, the change log says what happened. Hints may be
 * merged or dropped (a subscriber that overflows re-reads the log), they never run ahead of durability.
 */
export type Change =
  | {
      readonly kind: 'entries';
      readonly mailboxId: MailboxId;
      readonly folderId: FolderId;
      readonly modSeq: ModSeq;
    }
  | { readonly kind: 'folders'; readonly mailboxId: MailboxId; readonly modSeq: ModSeq }
  | { readonly kind: 'mailbox-removed'; readonly mailboxId: MailboxId }
  | { readonly kind: 'directory' };
