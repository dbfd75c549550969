import type { SeqNum, Uid } from '#model';
import type { NumSet, SearchKey } from '#wire';
import { type SearchScope, seqsOfSeqSet } from '../search/scope.ts';

/**
 * A search key as it is asked again later: message numbers and "$" mean for good what they mean now (RFC 5267 §4.3).
 */
export function frozenKey(key: SearchKey, scope: SearchScope): SearchKey {
  switch (key.key) {
    case 'and':
    case 'or':
      return { key: key.key, keys: key.keys.map((operand) => frozenKey(operand, scope)) };
    case 'not':
      return { key: 'not', of: frozenKey(key.of, scope) };
    case 'seqs':
      return { key: 'uids', set: uidsOf(key.set, scope) };
    case 'uids':
      return {
        key: 'uids',
        set: { ranges: [...key.set.ranges, ...(key.set.saved ? scope.saved : [])], saved: false },
      };
    default:
      return key;
  }
}

function uidsOf(set: NumSet<SeqNum>, scope: SearchScope): NumSet<Uid> {
  const ranges = seqsOfSeqSet(scope, set).map(({ first, last }) => ({
    first: scope.uids[first - 1]!,
    last: scope.uids[last - 1]!,
  }));
  return { ranges, saved: false };
}
