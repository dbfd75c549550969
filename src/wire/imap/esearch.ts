import * as c from './chars.ts';
import { readMailbox } from './mailbox.ts';
import type { Cursor } from './parser.ts';
import { readSearchProgram } from './search.ts';
import type { SearchProgram } from './search-key.ts';
import { readReturnOptions, type SearchReturns } from './search-return.ts';

const SOURCES_MAX = 256;
const MAILBOXES_MAX = 10_000;

/** Mailboxes that ESEARCH looks into (RFC 7377 §2.2, RFC 5465 §6). */
export type SearchSource =
  | { readonly source: 'selected' | 'inboxes' | 'personal' | 'subscribed' }
  | {
      readonly source: 'subtree' | 'subtree-one' | 'mailboxes';
      readonly mailboxes: readonly string[];
    };

/** ESEARCH: results are always UIDs. */
export interface EsearchCommand extends SearchProgram, SearchReturns {
  readonly name: 'ESEARCH';
  readonly uid: true;
  /** Never empty; without IN it is the selected mailbox. */
  readonly sources: readonly SearchSource[];
}

/**
 * ```abnf
 * esearch             = "ESEARCH" [SP esearch-source-opts] [SP search-return-opts] SP search-program
 * esearch-source-opts = "IN" SP "(" source-mbox [SP "(" scope-options ")"] ")"
 * source-mbox         = filter-mailboxes *(SP filter-mailboxes)
 * ```
 * RFC 7377 §4; there are no scope-options yet. The cursor stands after "ESEARCH".
 */
export function readEsearchCommand(cursor: Cursor): EsearchCommand {
  cursor.space('sources or search keys');
  let sources: readonly SearchSource[] = [{ source: 'selected' }];
  if (cursor.skipKeyword('IN')) {
    cursor.space('a list of mailboxes');
    sources = cursor.list('mailboxes', SOURCES_MAX, () => readSource(cursor));
    cursor.space('search keys');
  }
  const returns = readReturnOptions(cursor, 'search keys');
  return { name: 'ESEARCH', uid: true, sources, ...returns, ...readSearchProgram(cursor) };
}

/**
 * ```abnf
 * filter-mailboxes    = "selected" / "inboxes" / "personal" / "subscribed" /
 *                       ("subtree" / "subtree-one" / "mailboxes") SP one-or-more-mailbox
 * one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")"
 * ```
 */
function readSource(cursor: Cursor): SearchSource {
  const start = cursor.pos;
  const name = cursor.keyword('which mailboxes to search').toLowerCase();
  switch (name) {
    case 'selected':
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
      return cursor.fail(
        'selected, inboxes, personal, subscribed, subtree, subtree-one or mailboxes',
      );
  }
}

function readMailboxes(cursor: Cursor): readonly string[] {
  if (cursor.next !== c.LPAREN) return [readMailbox(cursor)];
  return cursor.list('mailbox names', MAILBOXES_MAX, () => readMailbox(cursor));
}
