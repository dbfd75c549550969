import type { ModSeq, Uid } from '#model';
import {
  encodeEsearch,
  encodeSearch,
  encodeSort,
  orderedRanges,
  partialIndexes,
  type Ranges,
  rangesOf,
  type SearchCorrelator,
  type SearchResult,
  type SearchReturns,
} from '#wire';
import type { SearchGoal } from './folder-search.ts';

/** The longest page for which a search stops early; it keeps its matches in order as it finds them. */
const PAGE_MAX = 10_000;

/** Results in the order that was asked for. */
export interface Results {
  /** As the client counts. */
  readonly numbers: ArrayLike<number>;
  /** Of each its mod-sequence, when these are to be told. */
  readonly modSeqs: ArrayLike<ModSeq> | undefined;
}

/** How a search is to be answered. */
export interface AnswerForm {
  readonly command: 'SEARCH' | 'SORT' | 'ESEARCH';
  readonly correlator: SearchCorrelator;
  readonly uid: boolean;
  readonly returns: SearchReturns;
  readonly rev2: boolean;
  readonly utf8Names?: boolean;
}

/**
 * Which matches are needed for what is asked: MIN, MAX and PARTIAL alone spare the others. SAVE alone keeps all of
 * them, SAVE with MIN, MAX or PARTIAL those that these name, with ALL or COUNT all again (RFC 9051 §6.4.4.4,
 * RFC 5182 §2.4, RFC 9394 §3.2). Updates need to know all of them.
 */
export function goalOf({ returnOptions: options, partial }: SearchReturns): SearchGoal {
  if (options === undefined || options.has('ALL') || options.has('COUNT') || options.has('UPDATE'))
    return 'all';
  const [min, max] = [options.has('MIN'), options.has('MAX')];
  if (partial !== undefined) {
    const count = Math.abs(partial.last);
    if (min || max || count > PAGE_MAX) return 'all';
    return partial.first > 0 ? { first: count } : { last: count };
  }
  if (min && max) return 'ends';
  return min ? { first: 1 } : max ? { last: 1 } : 'all';
}

/**
 * The results that an answer is about, as stretches `[from, to)` of indexes: what SAVE saves (RFC 9394 §3.2,
 * table 1), and whose mod-sequences count (RFC 4731 §3.2).
 */
function stretchesOf(
  { returnOptions: options, partial }: SearchReturns,
  count: number,
): readonly (readonly [number, number])[] {
  const all = [[0, count]] as const;
  if (options === undefined || options.has('ALL') || options.has('COUNT')) return all;
  const stretches: (readonly [number, number])[] = [];
  if (options.has('MIN')) stretches.push([0, Math.min(1, count)]);
  if (options.has('MAX')) stretches.push([Math.max(0, count - 1), count]);
  if (partial !== undefined) stretches.push(partialIndexes(partial, count));
  return stretches.length === 0 ? all : stretches;
}

/** The uids of those results that SAVE keeps. @param uids of all results, in their order */
export function savedRanges(returns: SearchReturns, uids: ArrayLike<Uid>): Ranges<Uid> {
  const saved = stretchesOf(returns, uids.length).flatMap(([from, to]) =>
    Array.from({ length: to - from }, (_, index) => uids[from + index]!),
  );
  return rangesOf(saved.sort((a, b) => a - b));
}

function highestModSeq(returns: SearchReturns, { modSeqs }: Results): ModSeq | undefined {
  if (modSeqs === undefined) return undefined;
  let highest = 0;
  for (const [from, to] of stretchesOf(returns, modSeqs.length))
    for (let i = from; i < to; i++) highest = Math.max(highest, modSeqs[i]!);
  return highest === 0 ? undefined : (highest as ModSeq);
}

/**
 * The untagged answer to a search, as a wire string in pieces. In IMAP4rev2 a SEARCH without RETURN is answered as if with
 * RETURN (ALL) (RFC 9051 §6.4.4), and so is ESEARCH always (RFC 7377 §2.1). SAVE alone suppresses the answer
 * (RFC 9051 §6.4.4): then there is none.
 */
export function encodeFound(form: AnswerForm, results: Results): Iterable<string> {
  const { command, correlator, uid, rev2, returns } = form;
  const modSeq = highestModSeq(returns, results);
  const { numbers } = results;
  if (returns.returnOptions === undefined && command === 'SORT') return encodeSort(numbers, modSeq);
  if (returns.returnOptions === undefined && command === 'SEARCH' && !rev2)
    return encodeSearch(numbers, modSeq);
  const options = returns.returnOptions ?? new Set(['ALL']);
  if (options.size === 1 && options.has('SAVE')) return [];
  const { partial } = returns;
  const [min, max] = [numbers[0], numbers[numbers.length - 1]];
  const result: SearchResult = {
    ...(options.has('MIN') && min !== undefined ? { min } : {}),
    ...(options.has('MAX') && max !== undefined ? { max } : {}),
    ...(options.has('COUNT') ? { count: numbers.length } : {}),
    ...(options.has('ALL') ? { all: orderedRanges(numbers as ArrayLike<Uid>) } : {}),
    ...(partial === undefined
      ? {}
      : {
          partial: {
            range: partial,
            results: orderedRanges(
              Array.prototype.slice.call(numbers, ...partialIndexes(partial, numbers.length)),
            ),
          },
        }),
    ...(modSeq === undefined ? {} : { modSeq }),
  };
  return [encodeEsearch(correlator, uid, result, form.utf8Names)];
}
