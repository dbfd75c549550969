import type { FolderId, MailboxId } from '#model';

/** MAILBOXID of a folder (RFC 8474 §4): stays through renames, never used again. */
export function mailboxIdOf(mailboxId: MailboxId, folderId: FolderId): string {
  return `F${mailboxId}-${folderId}`;
}

/** Bytes of the hash that an id holds: 120 bits, and no padding in base 64. */
const ID_BYTES = 15;

/**
 * EMAILID of a message (RFC 8474 §5.1), from the hash of its content: the same for all its copies, and in whichever engine they are.
 * The same content that came in twice has the same id, which that section allows.
 */
export function emailIdOf(hash: Buffer): string {
  return `M${hash.toString('base64url', 0, ID_BYTES)}`;
}
