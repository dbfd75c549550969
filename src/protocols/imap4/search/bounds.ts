import type { ModSeq, SeqNum } from '#model';
import { mergeRanges, type Ranges, type SearchKey } from '#wire';
import { allSeqs, intersectRanges, type SearchScope, seqsOfSeqSet, seqsOfUidSet } from './scope.ts';

/** Messages outside of these sequence numbers cannot match, whatever is in them. */
export function seqBounds(key: SearchKey, scope: SearchScope): Ranges<SeqNum> {
  switch (key.key) {
    case 'seqs':
      return seqsOfSeqSet(scope, key.set);
    case 'uids':
      return seqsOfUidSet(scope, key.set);
    case 'thread-id':
      return [];
    case 'and':
      return key.keys
        .map((operand) => seqBounds(operand, scope))
        .reduce(intersectRanges, allSeqs(scope));
    case 'or':
      return mergeRanges(key.keys.flatMap((operand) => [...seqBounds(operand, scope)]));
    default:
      return allSeqs(scope);
  }
}

/** Messages with a mod-sequence up to this cannot match, whatever is in them. */
export function modSeqBound(key: SearchKey): ModSeq {
  switch (key.key) {
    case 'modseq':
      return Math.max(0, key.modSeq - 1) as ModSeq;
    case 'and':
      return Math.max(0, ...key.keys.map(modSeqBound)) as ModSeq;
    case 'or':
      return Math.min(...key.keys.map(modSeqBound)) as ModSeq;
    default:
      return 0 as ModSeq;
  }
}

/** Whether a key of a kind is anywhere in a search. */
export function mentions(key: SearchKey, kind: SearchKey['key']): boolean {
  switch (key.key) {
    case kind:
      return true;
    case 'and':
    case 'or':
      return key.keys.some((operand) => mentions(operand, kind));
    case 'not':
      return mentions(key.of, kind);
    default:
      return false;
  }
}
