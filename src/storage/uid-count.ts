import type { UidRanges } from './commands.ts';

/** How many uids ranges name: as many entries there may be at most. */
export function uidCount(ranges: UidRanges): number {
  let count = 0;
  for (const [first, last] of ranges) count += last - first + 1;
  return count;
}
