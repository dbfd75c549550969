import type { ModSeq, SeqNum, Uid } from '#model';
import type { Entry, EntryColumns, UidRanges } from '#store';
import type { Ranges } from '#wire';
import type { View } from './view.ts';

/** Ranges of one query. */
const RANGES_AT_ONCE = 1000;

export interface RowQuery {
  readonly uids: UidRanges;
  readonly columns: EntryColumns;
  readonly changedSince?: ModSeq | undefined;
  /** Rows of one batch. */
  readonly batch: number;
}

/** The messages of some uids, lowest first, in batches. */
export async function* readRows(view: View, query: RowQuery): AsyncGenerator<readonly Entry[]> {
  const { uids, columns, changedSince, batch: limit } = query;
  const since = changedSince === undefined ? {} : { changedSince };
  for (let from = 0; from < uids.length; from += RANGES_AT_ONCE) {
    let ranges: UidRanges = uids.slice(from, from + RANGES_AT_ONCE);
    while (ranges.length > 0) {
      const { mailbox, folderId } = view;
      const rows = await mailbox.entries({
        folderId,
        uids: ranges,
        columns,
        limit,
        ...since,
      });
      if (rows.length > 0) yield rows;
      ranges = rows.length < limit ? [] : above(ranges, rows.at(-1)!.uid);
    }
  }
}

/** The messages of some ranges in slices of at most so many. */
export function* slicesOf(
  view: View,
  ranges: Ranges<Uid>,
  messagesMax: number,
): Generator<UidRanges> {
  let slice: (readonly [Uid, Uid])[] = [];
  let room = messagesMax;
  for (const { first, last } of ranges) {
    const to = view.lowerBound(last + 1);
    for (let from = view.lowerBound(first); from < to; ) {
      const end = Math.min(to, from + room);
      slice.push([view.uids[from] as Uid, view.uids[end - 1] as Uid]);
      room -= end - from;
      from = end;
      if (room > 0) continue;
      yield slice;
      slice = [];
      room = messagesMax;
    }
  }
  if (slice.length > 0) yield slice;
}

/** What of the ranges lies above a uid. */
function above(ranges: UidRanges, uid: Uid): UidRanges {
  const rest = ranges.slice(ranges.findIndex(([, last]) => last > uid));
  const [first] = rest;
  if (first === undefined || first[1] <= uid) return [];
  if (first[0] > uid) return rest;
  return [[(uid + 1) as Uid, first[1]], ...rest.slice(1)];
}

/** Finds the numbers of messages that come in ascending order; most stand right behind the one before. */
export class SeqFinder {
  readonly #view: View;
  #next = 0;

  constructor(view: View) {
    this.#view = view;
  }

  /** The number of a uid; undefined when it has none. */
  seqOf(uid: Uid): SeqNum | undefined {
    const { uids } = this.#view;
    if (uids[this.#next] !== uid) this.#next = this.#view.lowerBound(uid, this.#next);
    if (uids[this.#next] !== uid) return undefined;
    return ++this.#next as SeqNum;
  }
}
