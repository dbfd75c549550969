import type { SeqNum, Uid } from '#model';
import type { UidRanges } from '#store';
import type { Ranges } from '#wire';
import { type Candidate, Stage } from './candidate.ts';

/** Messages read at once. */
export const GROUP_MAX: Readonly<Record<Stage, number>> = {
  [Stage.Place]: 4096,
  [Stage.State]: 2048,
  [Stage.Index]: 512,
  [Stage.Head]: 128,
  [Stage.Body]: 32,
};
/** Content read at once, by the size of whole messages; a single larger message is read alone. */
const GROUP_BYTES_MAX: Readonly<Record<Stage, number>> = {
  [Stage.Place]: Number.POSITIVE_INFINITY,
  [Stage.State]: Number.POSITIVE_INFINITY,
  [Stage.Index]: Number.POSITIVE_INFINITY,
  [Stage.Head]: 4 * 1024 * 1024,
  [Stage.Body]: 512 * 1024,
};

/** The numbers of ranges in batches, from the top down when `descending`; each batch is ascending. */
export function* batchesOf(
  ranges: Ranges<SeqNum>,
  size: number,
  descending: boolean,
): Generator<readonly SeqNum[]> {
  let batch: SeqNum[] = [];
  const finish = (): readonly SeqNum[] => (descending ? batch.reverse() : batch);
  for (const { first, last } of descending ? ranges.toReversed() : ranges) {
    for (let i = 0; i <= last - first; i++) {
      batch.push((descending ? last - i : first + i) as SeqNum);
      if (batch.length < size) continue;
      yield finish();
      batch = [];
    }
  }
  if (batch.length > 0) yield finish();
}

/** Cuts candidates into groups that may be read at once at a stage. */
export function groupsOf(candidates: readonly Candidate[], stage: Stage): Candidate[][] {
  const groups: Candidate[][] = [];
  let group: Candidate[] = [];
  let bytes = 0;
  for (const candidate of candidates) {
    const size = candidate.entry?.sizeBytes ?? 0;
    const full = group.length === GROUP_MAX[stage] || bytes + size > GROUP_BYTES_MAX[stage];
    if (full && group.length > 0) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(candidate);
    bytes += size;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/** The uids of a group from an index on. Neighbours in the view are one range: nothing between them is known. */
export function uidRangesOf(
  group: readonly Pick<Candidate, 'seq' | 'uid'>[],
  from: number,
): UidRanges {
  const ranges: (readonly [Uid, Uid])[] = [];
  for (let i = from; i < group.length; ) {
    const first = group[i]!;
    let last = first;
    while (++i < group.length && group[i]!.seq === last.seq + 1) last = group[i]!;
    ranges.push([first.uid, last.uid]);
  }
  return ranges;
}
