import type { Uid } from '#model';
import type { UidRanges } from '#store';
import type { NumRange, Ranges } from '#wire';

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
