import type { ModSeq, SeqNum, Uid } from '#model';
import {
  encodeEsearch,
  encodeSearch,
  type Ranges,
  rangesOf,
  type SearchResult,
  type SearchReturn,
} from '#wire';
import type { Found, SearchGoal } from './folder-search.ts';

type Options = ReadonlySet<SearchReturn>;

/**
 * Which matches are needed for what is asked: MIN and MAX alone spare the others. SAVE alone keeps all of them, SAVE
 * with MIN or MAX those that these name, with ALL or COUNT all again (RFC 9051 §6.4.4.4, RFC 5182 §2.4).
 */
export function goalOf(options: Options | undefined): SearchGoal {
  if (options === undefined || options.has('ALL') || options.has('COUNT')) return 'all';
  const [min, max] = [options.has('MIN'), options.has('MAX')];
  if (min && max) return 'ends';
  return min ? 'first' : max ? 'last' : 'all';
}

/** The uids of what was found. */
export function uidsOf(found: Found, uids: ArrayLike<Uid>): readonly Uid[] {
  return found.seqs.map((seq) => uids[seq - 1]!);
}

/** The uids of what was found, as "$" stands for them. */
export function savedRanges(found: Found, uids: ArrayLike<Uid>): Ranges<Uid> {
  return rangesOf(uidsOf(found, uids));
}

/**
 * The untagged answer to a search, as a wire string. In IMAP4rev2 one without RETURN is answered as if with RETURN (ALL)
 * (RFC 9051 §6.4.4). SAVE alone suppresses the answer (RFC 9051 §6.4.4): then it is ''.
 *
 * @param numbers what was found, as the client counts
 */
export function encodeFound(
  request: {
    readonly tag: string;
    readonly uid: boolean;
    readonly options: Options | undefined;
    readonly rev2: boolean;
  },
  numbers: readonly (SeqNum | Uid)[],
  modSeq: ModSeq | undefined,
): string {
  const { tag, uid, rev2 } = request;
  if (request.options === undefined && !rev2) return encodeSearch(numbers, modSeq);
  const options: Options = request.options ?? new Set<SearchReturn>(['ALL']);
  if (options.size === 1 && options.has('SAVE')) return '';
  const [min, max] = [numbers[0], numbers.at(-1)];
  const result: SearchResult = {
    ...(options.has('MIN') && min !== undefined ? { min } : {}),
    ...(options.has('MAX') && max !== undefined ? { max } : {}),
    ...(options.has('COUNT') ? { count: numbers.length } : {}),
    ...(options.has('ALL') ? { all: rangesOf(numbers as readonly Uid[]) } : {}),
    ...(modSeq === undefined ? {} : { modSeq }),
  };
  return encodeEsearch(tag, uid, result);
}
