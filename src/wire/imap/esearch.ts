import { EXPECTED, readFilterMailboxes, type SearchSource } from './filter-mailboxes.ts';
import type { Cursor } from './parser.ts';
import { readSearchProgram } from './search.ts';
import type { SearchProgram } from './search-key.ts';
import { readReturnOptions, type SearchReturns } from './search-return.ts';

const SOURCES_MAX = 256;

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

/** What is searched is searched now: there is nothing to delay. */
function readSource(cursor: Cursor): SearchSource {
  const start = cursor.pos;
  const filter = readFilterMailboxes(cursor);
  if (filter.source !== 'selected-delayed') return filter;
  cursor.pos = start;
  return cursor.fail(EXPECTED);
}
