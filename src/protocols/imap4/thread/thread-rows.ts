import { collationKey, readBaseSubject, readThreadIds, type ThreadIds } from '#content';
import type { SeqNum } from '#model';
import { foundRows } from '../search/found-rows.ts';
import type { SearchScope } from '../search/scope.ts';
import type { Slices } from '../search/slices.ts';
import { sortInSlices } from '../sort/merge-sort.ts';
import { wholeSubjects } from '../sort/sort-found.ts';
import { sentDateOf } from '../sort/sort-keys.ts';

const ROWS_AT_ONCE = 1000;
const HEADS_AT_ONCE = 200;

/** What threading keeps of messages, each a row, in the order of the mailbox. */
export interface ThreadRows {
  /** Of each row the place of the message among those that were found. */
  readonly places: readonly number[];
  /** Of each row the number of its base subject; equal subjects have equal numbers (RFC 5255 §4.2). */
  readonly subjects: readonly number[];
  /** The number of the empty subject; -1 when no message has it. */
  readonly emptySubject: number;
  /** Of each row whether its subject has a mark of a reply or forward (RFC 5256 §3). */
  readonly replies: readonly boolean[];
  /** All rows by sent date; the mailbox decides ties (RFC 5256 §2.2). */
  readonly byDate: Uint32Array;
}

/**
 * Reads what threading needs of messages that a search found.
 *
 * @param seqs ascending
 * @param onIds gets the ids of each row in turn; without it headers are not read
 */
export async function readThreadRows(
  scope: SearchScope,
  seqs: readonly SeqNum[],
  slices: Slices,
  onIds?: (ids: ThreadIds) => void,
): Promise<ThreadRows> {
  const places: number[] = [];
  const dates: number[] = [];
  const subjects: number[] = [];
  const replies: boolean[] = [];
  const numbers = new Map<string, number>();
  const wanted =
    onIds === undefined
      ? { columns: { subject: true }, batch: ROWS_AT_ONCE }
      : { columns: { subject: true, head: true }, batch: HEADS_AT_ONCE };
  for await (const rows of foundRows(scope, seqs, wanted, slices)) {
    const longSubjects = await wholeSubjects(scope, seqs, rows, slices);
    for (const [place, entry] of rows) {
      const { base, isReply } = readBaseSubject(longSubjects.get(place) ?? entry.subject ?? '');
      const key = collationKey(base);
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      places.push(place);
      dates.push(sentDateOf(entry));
      subjects.push(number);
      replies.push(isReply);
      if (onIds === undefined) continue;
      const head = entry.head ?? Buffer.alloc(0);
      onIds(readThreadIds(head));
      const pause = slices.spend(head.length);
      if (pause !== undefined) await pause;
    }
  }
  const byDate = new Uint32Array(places.length).map((_zero, row) => row);
  await sortInSlices(byDate, (a, b) => dates[a]! - dates[b]! || a - b, slices);
  return { places, subjects, emptySubject: numbers.get('') ?? -1, replies, byDate };
}
