import { UID_MAX, type Uid } from '#model';
import type { UidRanges } from '../commands.ts';

/** Uid ranges as the JSON that `IN_RANGES` takes. */
export function rangesJson(ranges: UidRanges): string {
  return JSON.stringify(ranges);
}

/** Joins a table that has a uid column to the ranges of a JSON parameter; CROSS JOIN fixes the order for the planner. */
export const RANGES = '(SELECT value ->> 0 AS lo, value ->> 1 AS hi FROM json_each(?))';

/** Ascending uids as compact text: `1:3,7`. */
export function encodeUids(uids: readonly number[]): string {
  let text = '';
  for (let i = 0; i < uids.length; ) {
    const first = uids[i]!;
    let last = first;
    while (uids[++i] === last + 1) last++;
    text += `${text === '' ? '' : ','}${first === last ? first : `${first}:${last}`}`;
  }
  return text;
}

/** Reads what `encodeUids` wrote, adding each range to `into`. */
export function decodeUids(text: string, into: (readonly [Uid, Uid])[]): void {
  if (text === '') return;
  for (const piece of text.split(',')) {
    const colon = piece.indexOf(':');
    const first = Number(colon < 0 ? piece : piece.slice(0, colon)) as Uid;
    into.push([first, colon < 0 ? first : (Number(piece.slice(colon + 1)) as Uid)]);
  }
}

/** Sorts ranges and joins those that overlap or touch. */
export function mergeRanges(ranges: (readonly [Uid, Uid])[]): UidRanges {
  ranges.sort((a, b) => a[0] - b[0]);
  const merged: [Uid, Uid][] = [];
  for (const [first, last] of ranges) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) {
      if (last > previous[1]) previous[1] = last;
    } else merged.push([first, last]);
  }
  return merged;
}

/** Every uid there can be. */
export const ALL_UIDS: UidRanges = [[1 as Uid, UID_MAX as Uid]];
