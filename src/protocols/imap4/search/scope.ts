import type { FolderId, SeqNum, Uid } from '#model';
import type { Mailbox } from '#store';
import { mergeRanges, type NumSet, positionsIn, type Ranges, resolveSet } from '#wire';

/** What a search looks at: a folder as a session sees it. It must not change while the search runs. */
export interface SearchScope {
  readonly mailbox: Pick<Mailbox, 'entries' | 'contentBytes'>;
  readonly folderId: FolderId;
  /** The messages the session has been told of: uids, ascending; the first has sequence number 1. */
  readonly uids: ArrayLike<Uid>;
  /** What "$" stands for. */
  readonly saved: Ranges<Uid>;
  readonly nowMs: number;
  isRecent(uid: Uid): boolean;
  /** Whether the message is known to be gone and only keeps its number. */
  isGone(uid: Uid): boolean;
  /** Called between slices of work; throws to end a search that nobody waits for any more. */
  checkPeer(): void;
  /** Told between slices of work about how many of so many messages it is known whether they match. */
  progress?(settled: number, all: number): void;
}

/** The sequence numbers of those messages of the view whose uids are in the ranges. */
export function seqsOf(uids: ArrayLike<Uid>, ranges: Ranges<Uid>): Ranges<SeqNum> {
  return mergeRanges(
    positionsIn(ranges, uids).map(([from, to]) => ({
      first: (from + 1) as SeqNum,
      last: to as SeqNum,
    })),
  );
}

/** What a set of uids means, as sequence numbers. */
export function seqsOfUidSet(scope: SearchScope, set: NumSet<Uid>): Ranges<SeqNum> {
  const { uids, saved } = scope;
  const max = uids.length === 0 ? 0 : uids[uids.length - 1]!;
  return seqsOf(uids, resolveSet(set, max, saved));
}

/** What a set of sequence numbers means; numbers that no message has are left out. */
export function seqsOfSeqSet(scope: SearchScope, set: NumSet<SeqNum>): Ranges<SeqNum> {
  const { uids, saved } = scope;
  const max = uids.length as SeqNum | 0;
  const named = intersectRanges(resolveSet({ ...set, saved: false }, max), allSeqs(scope));
  return set.saved ? mergeRanges([...named, ...seqsOf(uids, saved)]) : named;
}

export function allSeqs({ uids }: SearchScope): Ranges<SeqNum> {
  return uids.length === 0 ? [] : [{ first: 1 as SeqNum, last: uids.length as SeqNum }];
}

/** What is in both. */
export function intersectRanges(a: Ranges<SeqNum>, b: Ranges<SeqNum>): Ranges<SeqNum> {
  const both: { first: SeqNum; last: SeqNum }[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const first = Math.max(a[i]!.first, b[j]!.first) as SeqNum;
    const last = Math.min(a[i]!.last, b[j]!.last) as SeqNum;
    if (first <= last) both.push({ first, last });
    if (a[i]!.last < b[j]!.last) i++;
    else j++;
  }
  return both;
}
