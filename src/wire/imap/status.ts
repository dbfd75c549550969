import { readMailbox } from './mailbox.ts';
import type { Cursor } from './parser.ts';

/** What STATUS can tell of a mailbox; RECENT is IMAP4rev1's. */
export const STATUS_ITEMS = [
  'MESSAGES',
  'UIDNEXT',
  'UIDVALIDITY',
  'UNSEEN',
  'DELETED',
  'DELETED-STORAGE',
  'SIZE',
  'RECENT',
  'HIGHESTMODSEQ',
  'MAILBOXID',
  'APPENDLIMIT',
] as const;
export type StatusItem = (typeof STATUS_ITEMS)[number];

export interface StatusCommand {
  readonly name: 'STATUS';
  readonly mailbox: string;
  readonly items: readonly StatusItem[];
}

/**
 * `status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"` (RFC 9051 §6.3.11). The cursor
 * stands after "STATUS".
 */
export function readStatus(cursor: Cursor): StatusCommand {
  cursor.space('a mailbox name');
  const mailbox = readMailbox(cursor);
  cursor.space('a list of status items');
  return { name: 'STATUS', mailbox, items: readStatusItems(cursor) };
}

/**
 * ```abnf
 * status-att = "MESSAGES" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN" / "DELETED" / "DELETED-STORAGE" /
 *              "SIZE" / "RECENT" / "HIGHESTMODSEQ" / "MAILBOXID" / "APPENDLIMIT"
 * ```
 * RFC 9051 §9, RFC 3501 §9, RFC 7162 §7, RFC 8474 §7, RFC 7889 §6, RFC 9208 §4.1.4.
 */
export function readStatusItems(cursor: Cursor): readonly StatusItem[] {
  const items = cursor.list('status items', STATUS_ITEMS.length * 2, () => {
    const start = cursor.pos;
    const name = cursor.keyword('a status item');
    const item = STATUS_ITEMS.find((known) => known === name);
    if (item !== undefined) return item;
    cursor.pos = start;
    return cursor.fail(`one of ${STATUS_ITEMS.join(', ')}`);
  });
  return [...new Set(items)];
}
