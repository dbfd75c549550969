import type { Cursor } from './parser.ts';
import { readSearchCriteria } from './search.ts';
import type { SearchProgram } from './search-key.ts';
import { readReturnOptions, type SearchReturns } from './search-return.ts';

const SORT_KEYS = [
  'ARRIVAL',
  'CC',
  'DATE',
  'FROM',
  'SIZE',
  'SUBJECT',
  'TO',
  'DISPLAYFROM',
  'DISPLAYTO',
] as const;
const CRITERIA_MAX = 64;

/** What messages are ordered by (RFC 5256 §3); DISPLAYFROM and DISPLAYTO are SORT=DISPLAY's (RFC 5957 §4). */
export type SortKey = (typeof SORT_KEYS)[number];

export interface SortCriterion {
  readonly key: SortKey;
  readonly reverse: boolean;
}

export interface SortCommand extends SearchProgram, SearchReturns {
  readonly name: 'SORT';
  /** Results are UIDs. */
  readonly uid: boolean;
  /** The most important one first; never empty. */
  readonly criteria: readonly SortCriterion[];
}

/**
 * ```abnf
 * sort           = "SORT" [search-return-opts] SP sort-criteria SP search-criteria
 * sort-criteria  = "(" sort-criterion *(SP sort-criterion) ")"
 * sort-criterion = ["REVERSE" SP] sort-key
 * sort-key       = "ARRIVAL" / "CC" / "DATE" / "FROM" / "SIZE" / "SUBJECT" / "TO" / "DISPLAYFROM" / "DISPLAYTO"
 * ```
 * RFC 5256 §5, RFC 5957 §5; with return options RFC 5267 §5. The cursor stands after "SORT".
 */
export function readSort(cursor: Cursor, uid: boolean): SortCommand {
  cursor.space('sort criteria');
  const returns = readReturnOptions(cursor, 'sort criteria');
  const criteria = cursor.list('sort criteria', CRITERIA_MAX, () => readCriterion(cursor));
  return { name: 'SORT', uid, criteria, ...returns, ...readSearchCriteria(cursor) };
}

function readCriterion(cursor: Cursor): SortCriterion {
  const reverse = cursor.skipKeyword('REVERSE');
  if (reverse) cursor.space('what to sort by');
  const start = cursor.pos;
  const name = cursor.keyword('what to sort by');
  const key = SORT_KEYS.find((known) => known === name);
  if (key !== undefined) return { key, reverse };
  cursor.pos = start;
  return cursor.fail(`REVERSE or one of ${SORT_KEYS.join(', ')}`);
}
