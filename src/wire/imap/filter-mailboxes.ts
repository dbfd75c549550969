import * as c from './chars.ts';
import { readMailbox } from './mailbox.ts';
import type { Cursor } from './parser.ts';

const MAILBOXES_MAX = 10_000;
/** What may stand where mailboxes are meant. */
export const EXPECTED =
  'selected, inboxes, personal, subscribed, subtree, subtree-one or mailboxes';

/** Which mailboxes are meant, by ESEARCH and NOTIFY (RFC 5465 §6, RFC 7377 §2.2). */
export type MailboxFilter = SearchSource | { readonly source: 'selected-delayed' };

/** A filter that says nothing of when something is told. */
export type SearchSource = { readonly source: 'selected' } | FolderFilter;

/** A filter that means the same whatever is selected. */
export type FolderFilter =
  | { readonly source: 'inboxes' | 'personal' | 'subscribed' }
  | {
      readonly source: 'subtree' | 'subtree-one' | 'mailboxes';
      readonly mailboxes: readonly string[];
    };

/**
 * ```abnf
 * filter-mailboxes    = "selected" / "selected-delayed" / "inboxes" / "personal" / "subscribed" /
 *                       ("subtree" / "subtree-one" / "mailboxes") SP one-or-more-mailbox
 * one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")"
 * ```
 */
export function readFilterMailboxes(cursor: Cursor): MailboxFilter {
  const start = cursor.pos;
  const name = cursor.keyword('which mailboxes are meant').toLowerCase();
  switch (name) {
    case 'selected':
    case 'selected-delayed':
    case 'inboxes':
    case 'personal':
    case 'subscribed':
      return { source: name };
    case 'subtree':
    case 'subtree-one':
    case 'mailboxes':
      cursor.space('a mailbox name');
      return { source: name, mailboxes: readMailboxes(cursor) };
    default:
      cursor.pos = start;
      return cursor.fail(EXPECTED);
  }
}

function readMailboxes(cursor: Cursor): readonly string[] {
  if (cursor.next !== c.LPAREN) return [readMailbox(cursor)];
  return cursor.list('mailbox names', MAILBOXES_MAX, () => readMailbox(cursor));
}
