import * as c from './chars.ts';
import { type FetchItem, readFetchItems } from './fetch.ts';
import type { Cursor } from './parser.ts';
import { type PartialRange, readPartialRange } from './partial-range.ts';

const RETURN_OPTIONS = [
  'MIN',
  'MAX',
  'ALL',
  'COUNT',
  'SAVE',
  'PARTIAL',
  'UPDATE',
  'CONTEXT',
] as const;

/**
 * What RETURN asks for (RFC 9051 §6.4.4), with those of contexts (RFC 5267 §4) and of paging (RFC 9394 §3.1). CONTEXT is a
 * hint that the search will come again.
 */
export type SearchReturn = (typeof RETURN_OPTIONS)[number];

/** The return options of a searching command. */
export interface SearchReturns {
  /** Without RETURN undefined; RETURN () comes as ALL. */
  readonly returnOptions?: ReadonlySet<SearchReturn>;
  /** Which results PARTIAL names; there if and only if PARTIAL is among the options. */
  readonly partial?: PartialRange;
  /** What is to be fetched of each message that comes and becomes a result; there only with UPDATE (RFC 5465 §7). */
  readonly updateItems?: readonly FetchItem[];
}

/**
 * ```abnf
 * search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"
 * search-return-opt  = "MIN" / "MAX" / "ALL" / "COUNT" / "SAVE" / "CONTEXT" / modifier-update / modifier-partial
 * modifier-partial   = "PARTIAL" SP partial-range
 * modifier-update    = "UPDATE" [[SP] "(" fetch-att *(SP fetch-att) ")"]
 * ```
 * The cursor stands before RETURN, if it comes; then also the space behind the list is consumed. PARTIAL and ALL
 * exclude each other (RFC 5267 §4.4). RFC 5465 has the space before the parenthesis in its example (§7) and not in its grammar (§8).
 */
export function readReturnOptions(cursor: Cursor, followedBy: string): SearchReturns {
  if (!cursor.skipKeyword('RETURN')) return {};
  cursor.space('a list of return options');
  let partial: PartialRange | undefined;
  let updateItems: readonly FetchItem[] | undefined;
  const options = cursor.list(
    'return options',
    RETURN_OPTIONS.length * 2,
    () => {
      const option = readOption(cursor);
      if (option === 'PARTIAL') {
        if (partial !== undefined) cursor.reject('PARTIAL may be given once only');
        cursor.space('a range of results');
        partial = readPartialRange(cursor);
      }
      if (option === 'UPDATE' && (cursor.next === c.LPAREN || cursor.skipSpaceBefore(c.LPAREN)))
        updateItems = readFetchItems(cursor);
      return option;
    },
    true,
  );
  cursor.space(followedBy);
  if (partial !== undefined && options.includes('ALL'))
    cursor.reject('either PARTIAL or ALL, not both');
  return {
    returnOptions: new Set(options.length === 0 ? ['ALL'] : options),
    ...(partial === undefined ? {} : { partial }),
    ...(updateItems === undefined ? {} : { updateItems }),
  };
}

function readOption(cursor: Cursor): SearchReturn {
  const start = cursor.pos;
  const name = cursor.keyword('a return option');
  const option = RETURN_OPTIONS.find((known) => known === name);
  if (option !== undefined) return option;
  cursor.pos = start;
  return cursor.fail(`one of ${RETURN_OPTIONS.join(', ')}`);
}
