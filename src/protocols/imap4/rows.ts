import type { ModSeq, SeqNum, Uid } from '#model';
import type { Entry, EntryColumns, EntryState, UidRanges } from '#store';
import type { Ranges } from '#wire';
import type { View } from './view.ts';

/** Ranges of one query. */
const RANGES_AT_ONCE = 1000;
/** Bytes of messages in a batch beside which the next one may be held. */
const LIGHT_BYTES_MAX = 512 * 1024;

export interface StatesQuery {
  readonly uids: UidRanges;
  readonly changedSince?: ModSeq | undefined;
  /** Rows of one batch. */
  readonly batch: number;
}

export interface RowQuery extends StatesQuery {
  readonly columns: EntryColumns;
  /** Octets of its messages at which it ends before. */
  readonly bytesMax?: number | undefined;
}

/**
 * The messages of some uids, lowest first, in batches. While one is being used the next is on its way already, unless the one at
 * hand is large: so a reader never holds more than one large batch.
 */
export function readRows(
  { mailbox, folderId }: View,
  query: RowQuery,
): AsyncGenerator<readonly Entry[]> {
  const { columns, batch: limit, bytesMax, changedSince } = query;
  const since = changedSince === undefined ? {} : { changedSince };
  return inBatches(query.uids, {
    read: (uids) => mailbox.entries({ folderId, uids, columns, limit, bytesMax, ...since }),
    isLast: (rows) => isLast(rows, query),
    isLight,
  });
}

/** The flags of the messages of some uids, lowest first, in batches. */
export function readStates(
  { mailbox, folderId }: View,
  { uids: all, batch: limit, changedSince }: StatesQuery,
): AsyncGenerator<readonly EntryState[]> {
  return inBatches(all, {
    read: (uids) => mailbox.states({ folderId, uids, limit, changedSince }),
    isLast: (states) => states.length < limit,
    isLight: () => true,
  });
}

interface Batches<Row> {
  readonly read: (uids: UidRanges) => Promise<readonly Row[]>;
  /** Whether nothing comes behind a batch. */
  readonly isLast: (rows: readonly Row[]) => boolean;
  /** Whether the next one may be held beside it. */
  readonly isLight: (rows: readonly Row[]) => boolean;
}

async function* inBatches<Row extends EntryState>(
  uids: UidRanges,
  { read, isLast, isLight }: Batches<Row>,
): AsyncGenerator<readonly Row[]> {
  for (let from = 0; from < uids.length; from += RANGES_AT_ONCE) {
    let ranges: UidRanges = uids.slice(from, from + RANGES_AT_ONCE);
    let ahead: Promise<readonly Row[]> | undefined;
    while (ranges.length > 0) {
      const rows = await (ahead ?? read(ranges));
      ranges = isLast(rows) ? [] : above(ranges, rows.at(-1)!.uid);
      ahead = ranges.length > 0 && isLight(rows) ? read(ranges) : undefined;
      // Whoever takes no more of it does not hear of its failure either.
      ahead?.catch(() => {});
      if (rows.length > 0) yield rows;
    }
  }
}

/** Nothing comes behind a batch that ends before its bounds. */
function isLast(rows: readonly Entry[], { batch, bytesMax = Infinity }: RowQuery): boolean {
  if (rows.length >= batch) return false;
  let bytes = 0;
  for (const { sizeBytes } of rows) bytes += sizeBytes;
  return bytes < bytesMax;
}

function isLight(rows: readonly Entry[]): boolean {
  let bytes = 0;
  for (const { wire } of rows) bytes += wire?.length ?? 0;
  return bytes <= LIGHT_BYTES_MAX;
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

/** Messages that are looked at together: those of a few among others are read with them. */
const NEIGHBOURS = 32;
/** Messages of one run, so that others come in between. */
const RUN_MAX = 10_000;

/** Messages in a row of which something is known, or is not. */
export interface Run {
  readonly known: boolean;
  readonly uids: UidRanges;
}

/** The messages of some ranges in runs, by whether something is known of them. */
export function* runsOf(
  view: View,
  ranges: UidRanges,
  known: { has(uid: Uid): boolean },
): Generator<Run> {
  let run = { known: false, uids: [] as [Uid, Uid][], size: 0 };
  for (const [first, last] of ranges) {
    const to = view.lowerBound(last + 1);
    for (let from = view.lowerBound(first), begins = true; from < to; begins = false) {
      const uids = view.uids.subarray(from, Math.min(to, from + NEIGHBOURS));
      const areKnown = uids.every((uid) => known.has(uid as Uid));
      if (run.size > 0 && (areKnown !== run.known || run.size >= RUN_MAX)) {
        yield run;
        run = { known: areKnown, uids: [], size: 0 };
      }
      run.known = areKnown;
      if (begins || run.size === 0) run.uids.push([uids[0] as Uid, uids.at(-1) as Uid]);
      else run.uids.at(-1)![1] = uids.at(-1) as Uid;
      run.size += uids.length;
      from += uids.length;
    }
  }
  if (run.size > 0) yield run;
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
    if (!this.#view.hasAt(this.#next, uid)) this.#next = this.#view.lowerBound(uid, this.#next);
    return this.#view.hasAt(this.#next, uid) ? (++this.#next as SeqNum) : undefined;
  }
}
