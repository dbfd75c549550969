import { EnvelopeReader } from '#content';
import type { SeqNum } from '#model';
import type { Entry } from '#store';
import type { SortCriterion } from '#wire';
import { foundRows } from '../search/found-rows.ts';
import type { SearchScope } from '../search/scope.ts';
import { Slices } from '../search/slices.ts';
import { sortInSlices } from './merge-sort.ts';
import { isCut, SortKeys, sortColumns } from './sort-keys.ts';

const ROWS_AT_ONCE = 1000;
const ENVELOPES_AT_ONCE = 200;

export interface Sorted {
  /** The messages that still exist, in the order that was asked for: their places among those that were found. */
  readonly order: Uint32Array;
  /** The keys of the messages that `order` names, at the same index. */
  readonly keys: SortKeys;
  /** Of each message in `order` its row in `keys`. */
  readonly rows: Uint32Array;
}

/**
 * Puts messages into the order of some criteria (RFC 5256 §3); where these do not tell, into the order of the mailbox. Only
 * their keys are kept in memory.
 *
 * @param seqs what a search found, ascending
 */
export async function sortFound(
  scope: SearchScope,
  seqs: readonly SeqNum[],
  criteria: readonly SortCriterion[],
): Promise<Sorted> {
  const slices = new Slices(() => scope.checkPeer());
  const { keys, places } = await readSortKeys(scope, seqs, criteria, slices);
  // Rows are in the order of the mailbox, which so decides ties.
  const rows = new Uint32Array(places.length).map((_zero, row) => row);
  await sortInSlices(rows, (a, b) => keys.compare(a, b) || a - b, slices);
  return { order: rows.map((row) => places[row]!), keys, rows };
}

/** Reads keys of messages; `places` says of each row which of the messages it is of. */
export async function readSortKeys(
  scope: SearchScope,
  seqs: readonly SeqNum[],
  criteria: readonly SortCriterion[],
  slices: Slices,
): Promise<{ readonly keys: SortKeys; readonly places: readonly number[] }> {
  const keys = new SortKeys(criteria);
  const places: number[] = [];
  const columns = sortColumns(criteria);
  for await (const rows of foundRows(scope, seqs, { columns, batch: ROWS_AT_ONCE }, slices)) {
    const longSubjects = await wholeSubjects(scope, seqs, rows, slices);
    for (const [place, entry] of rows) {
      keys.add(entry, longSubjects.get(place));
      places.push(place);
    }
  }
  return { keys, places };
}

/** Whole subjects of those rows where the index may have cut them, by place. */
export async function wholeSubjects(
  scope: SearchScope,
  seqs: readonly SeqNum[],
  rows: readonly (readonly [place: number, entry: Entry])[],
  slices: Slices,
): Promise<ReadonlyMap<number, string>> {
  const cut = rows.filter(([, { subject }]) => subject !== undefined && isCut(subject));
  const whole = new Map<number, string>();
  if (cut.length === 0) return whole;
  const wanted = { columns: { envelope: true }, batch: ENVELOPES_AT_ONCE };
  const cutSeqs = cut.map(([place]) => seqs[place]!);
  for await (const batch of foundRows(scope, cutSeqs, wanted, slices))
    for (const [index, { envelope }] of batch)
      whole.set(cut[index]![0], new EnvelopeReader(envelope ?? '').subject);
  return whole;
}
