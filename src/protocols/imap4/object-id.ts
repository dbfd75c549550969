import type { ContentId, FolderId, MailboxId } from '#model';

/** MAILBOXID of a folder (RFC 8474 §4): stays through renames, never used again. */
export function mailboxIdOf(mailboxId: MailboxId, folderId: FolderId): string {
  return `F${mailboxId}-${folderId}`;
}

/** EMAILID of a message (RFC 8474 §5.1): the same for all its copies. */
export function emailIdOf(contentId: ContentId): string {
  return `M${contentId}`;
}
