import type { Account } from '#directory';

/** Under which key the sessions of a mailbox are counted, for all protocols. */
export function seatOf({ mailboxId }: Account): string {
  return `sessions of ${mailboxId}`;
}
