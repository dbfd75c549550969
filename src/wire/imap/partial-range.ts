import * as c from './chars.ts';
import type { Cursor } from './parser.ts';

/**
 * A page of results: from the `first` to the `last` result, counted from 1; with negative numbers counted from the end,
 * -1 being the last one. Both have the same sign, and `first` is the one nearer to where counting begins.
 */
export interface PartialRange {
  readonly first: number;
  readonly last: number;
}

/**
 * ```abnf
 * partial-range       = partial-range-first / partial-range-last
 * partial-range-first = nz-number ":" nz-number
 * partial-range-last  = MINUS nz-number ":" MINUS nz-number
 * ```
 * RFC 9394 §4. A range may be written either way round, and comes in one.
 */
export function readPartialRange(cursor: Cursor): PartialRange {
  const minus = cursor.skip(c.MINUS);
  const first = cursor.nzNumber('the number of a result');
  cursor.expect(0x3a, '":" and the other end of a range of results');
  if (cursor.skip(c.MINUS) !== minus)
    cursor.reject('both ends of a range of results must count from the same side');
  const last = cursor.nzNumber('the number of a result');
  const [near, far] = [Math.min(first, last), Math.max(first, last)];
  return minus ? { first: -near, last: -far } : { first: near, last: far };
}

export function formatPartialRange({ first, last }: PartialRange): string {
  return `${first}:${last}`;
}

/** Which of `count` results a range names, as indexes `[from, to)`; from is to when there are none. */
export function partialIndexes(
  { first, last }: PartialRange,
  count: number,
): readonly [from: number, to: number] {
  if (first > 0) return [Math.min(first - 1, count), Math.min(last, count)];
  return [Math.max(0, count + last), Math.max(0, count + first + 1)];
}
