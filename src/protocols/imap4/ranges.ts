import type { Uid } from '#model';
import type { UidRanges } from '#store';
import { type NumRange, type PartialRange, partialIndexes, positionsIn, type Ranges } from '#wire';

/** Ranges of the protocol as the store takes them. */
export function uidRanges(ranges: Ranges<Uid>): UidRanges {
  return ranges.map(({ first, last }) => [first, last]);
}

/** What of the ranges is not above `max`. */
export function clipRanges(ranges: Ranges<Uid>, max: Uid | 0): Ranges<Uid> {
  const clipped: NumRange<Uid>[] = [];
  for (const { first, last } of ranges)
    if (first <= max) clipped.push({ first, last: Math.min(last, max) as Uid });
  return clipped;
}

/** The uids of an ascending list as the store takes them. */
export function uidRangesOf(sorted: ArrayLike<Uid>): UidRanges {
  const ranges: (readonly [Uid, Uid])[] = [];
  for (let i = 0; i < sorted.length; ) {
    const first = sorted[i]!;
    let last = first;
    while (++i < sorted.length && sorted[i] === last + 1) last = sorted[i]!;
    ranges.push([first, last]);
  }
  return ranges;
}

/** A page of the messages that ranges name (RFC 9394 §3.3). @param uids all uids there are, ascending */
export function pageOf(
  ranges: Ranges<Uid>,
  page: PartialRange,
  uids: ArrayLike<number>,
): Ranges<Uid> {
  const stretches = positionsIn(ranges, uids);
  const count = stretches.reduce((sum, [from, to]) => sum + to - from, 0);
  const [first, end] = partialIndexes(page, count);
  const paged: NumRange<Uid>[] = [];
  let passed = 0;
  for (const [from, to] of stretches) {
    const start = from + Math.max(0, first - passed);
    const stop = Math.min(to, from + end - passed);
    if (start < stop) paged.push({ first: uids[start] as Uid, last: uids[stop - 1] as Uid });
    passed += to - from;
  }
  return paged;
}
