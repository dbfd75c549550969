import type { SeqNum, Uid } from '#model';
import * as c from './chars.ts';
import type { Cursor } from './parser.ts';

/** From `first` to `last`, both included. In a NumSet either may be STAR and they may be swapped. */
export interface NumRange<N extends SeqNum | Uid> {
  readonly first: N;
  readonly last: N;
}

/** Ascending, disjoint, not adjacent, finite: what a set means in a given mailbox. */
export type Ranges<N extends SeqNum | Uid> = readonly NumRange<N>[];

/** A sequence-set as the client wrote it. */
export interface NumSet<N extends SeqNum | Uid> {
  readonly ranges: readonly NumRange<N>[];
  /** "$": the saved result of the last search is part of the set (RFC 9051 §6.4.4.1). */
  readonly saved: boolean;
}

/** "*" in a NumSet: the largest number in use. */
export const STAR: number = Number.POSITIVE_INFINITY;

/**
 * ```abnf
 * seq-number       = nz-number / "*"
 * seq-range        = seq-number ":" seq-number
 * sequence-set     = (seq-number / seq-range) ["," sequence-set]
 * sequence-set     =/ seq-last-command
 * seq-last-command = "$"
 * ```
 */
export function readNumSet<N extends SeqNum | Uid>(cursor: Cursor, expected: string): NumSet<N> {
  const ranges: NumRange<N>[] = [];
  let saved = false;
  do {
    if (cursor.skip(0x24)) saved = true;
    else ranges.push(readRange(cursor, expected));
  } while (cursor.skip(0x2c));
  return { ranges, saved };
}

function readRange<N extends SeqNum | Uid>(cursor: Cursor, expected: string): NumRange<N> {
  const first = readNumber<N>(cursor, expected);
  return { first, last: cursor.skip(0x3a) ? readNumber<N>(cursor, expected) : first };
}

function readNumber<N extends SeqNum | Uid>(cursor: Cursor, expected: string): N {
  return (cursor.skip(0x2a) ? STAR : cursor.nzNumber(expected)) as N;
}

/** Whether a set begins here: a digit, "*" or "$". */
export function startsNumSet(cursor: Cursor): boolean {
  const byte = cursor.next;
  return byte === 0x2a || byte === 0x24 || (byte >= 0 && c.isOf(byte, c.DIGIT));
}

/** `known-uids = sequence-set` without "*" and "$" (RFC 7162 §3.2.5.2). */
export function readKnownSet<N extends SeqNum | Uid>(cursor: Cursor, expected: string): Ranges<N> {
  return mergeRanges(readOrderedSet<N>(cursor, expected));
}

/** A set without "*" and "$" whose order tells something: results of SORT (RFC 5267 §3.2). */
export function readOrderedSet<N extends SeqNum | Uid>(
  cursor: Cursor,
  expected: string,
): readonly NumRange<N>[] {
  const set = readNumSet<N>(cursor, expected);
  if (set.saved || set.ranges.some(({ first, last }) => first === STAR || last === STAR))
    cursor.reject('"*" and "$" are not allowed in known UIDs');
  return set.ranges;
}

/** Sorts ranges, turns swapped ones, and joins those that overlap or touch. All must be finite. */
export function mergeRanges<N extends SeqNum | Uid>(ranges: readonly NumRange<N>[]): Ranges<N> {
  const sorted = ranges
    .map(({ first, last }) => (first <= last ? { first, last } : { first: last, last: first }))
    .sort((a, b) => a.first - b.first);
  const merged: { first: N; last: N }[] = [];
  for (const range of sorted) {
    const before = merged.at(-1);
    if (before === undefined || range.first > before.last + 1) merged.push(range);
    else if (range.last > before.last) before.last = range.last;
  }
  return merged;
}

/**
 * What a set means where `max` is the largest number in use (0: nothing is). Ranges with "*" always
 * include `max`, so `559:*` is never empty in a mailbox that is not (RFC 9051 §9, seq-range).
 *
 * @param saved what "$" stands for
 */
export function resolveSet<N extends SeqNum | Uid>(
  set: NumSet<N>,
  max: N | 0,
  saved: Ranges<N> = [],
): Ranges<N> {
  const ranges: NumRange<N>[] = set.saved ? [...saved] : [];
  for (const { first, last } of set.ranges) {
    const star = first === STAR || last === STAR;
    if (star && max === 0) continue;
    ranges.push({
      first: (first === STAR ? max : first) as N,
      last: (last === STAR ? max : last) as N,
    });
  }
  return mergeRanges(ranges);
}

/** Whether `n` is in the ranges; binary search. */
export function rangesInclude<N extends SeqNum | Uid>(ranges: Ranges<N>, n: N): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.last < n) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length && ranges[low]!.first <= n;
}

/** How many numbers the ranges hold. */
export function countOf<N extends SeqNum | Uid>(ranges: Ranges<N>): number {
  let count = 0;
  for (const { first, last } of ranges) count += last - first + 1;
  return count;
}

/** Each number of the ranges up to `max`, ascending. Walks nothing beyond `max`. */
export function* numbersIn<N extends SeqNum | Uid>(ranges: Ranges<N>, max: number): Generator<N> {
  for (const { first, last } of ranges) {
    const end = Math.min(last, max);
    for (let n: number = first; n <= end; n++) yield n as N;
  }
}

/**
 * Where the members of the ranges stand in an ascending array: `[from, to)` index pairs. The cost
 * depends on the number of ranges, not on how wide they are.
 */
export function positionsIn<N extends SeqNum | Uid>(
  ranges: Ranges<N>,
  sorted: ArrayLike<number>,
): readonly (readonly [from: number, to: number])[] {
  const found: (readonly [number, number])[] = [];
  for (const { first, last } of ranges) {
    const from = lowerBound(sorted, first, found.at(-1)?.[1] ?? 0);
    const to = lowerBound(sorted, last + 1, from);
    if (from < to) found.push([from, to]);
  }
  return found;
}

/** The first index at or after `from` whose number is at least `n`. */
function lowerBound(sorted: ArrayLike<number>, n: number, from: number): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < n) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The ranges that hold exactly the numbers of an ascending array. */
export function rangesOf<N extends SeqNum | Uid>(sorted: ArrayLike<N>): Ranges<N> {
  const ranges: NumRange<N>[] = [];
  for (let i = 0; i < sorted.length; ) {
    const first = sorted[i]!;
    let last = first;
    while (++i < sorted.length && sorted[i]! <= last + 1) last = sorted[i]!;
    ranges.push({ first, last });
  }
  return ranges;
}

/** The ranges that give the numbers in their order; ascending neighbours only become one (RFC 5267 §3.2). */
export function orderedRanges<N extends SeqNum | Uid>(
  numbers: ArrayLike<N>,
): readonly NumRange<N>[] {
  const ranges: NumRange<N>[] = [];
  for (let i = 0; i < numbers.length; ) {
    const first = numbers[i]!;
    let last = first;
    while (++i < numbers.length && numbers[i] === last + 1) last = numbers[i]!;
    ranges.push({ first, last });
  }
  return ranges;
}

/** Writes ascending numbers as a compact sequence-set: `1:3,7`; '' for none. */
export function formatNumbers(sorted: ArrayLike<number>): string {
  let wire = '';
  for (let i = 0; i < sorted.length; ) {
    const first = sorted[i]!;
    let last = first;
    while (++i < sorted.length && sorted[i]! <= last + 1) last = sorted[i]!;
    if (wire !== '') wire += ',';
    wire += last === first ? `${first}` : `${first}:${last}`;
  }
  return wire;
}

/** Writes ranges, in their order; STAR as "*". */
export function formatRanges<N extends SeqNum | Uid>(ranges: readonly NumRange<N>[]): string {
  const name = (n: number): string => (n === STAR ? '*' : String(n));
  return ranges
    .map(({ first, last }) => (first === last ? name(first) : `${name(first)}:${name(last)}`))
    .join(',');
}

/** Writes a set as a client sends it. */
export function formatSet<N extends SeqNum | Uid>(set: NumSet<N>): string {
  const ranges = formatRanges(set.ranges);
  if (!set.saved) return ranges;
  return ranges === '' ? '$' : `$,${ranges}`;
}
