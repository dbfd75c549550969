import type { Uid } from '#model';
import { type FetchItem, mergeRanges, type NumRange, rangesInclude, rangesOf } from '#wire';
import { FetchAnswer } from './fetch/answer.ts';
import { planFetch } from './fetch/plan.ts';
import { uidRanges } from './ranges.ts';
import { readRows } from './rows.ts';
import type { Session } from './session.ts';
import type { View } from './view.ts';

/** Rows of a batch: a new message may be large. */
const ROWS = 32;

/** Messages of which the client wants to have the same. */
interface Wanted {
  /** Ascending. */
  readonly uids: readonly Uid[];
  readonly items: readonly FetchItem[];
}

/**
 * What the client wants to have, unasked, of messages that come into the selected folder: by NOTIFY of all of them, by UPDATE of those that
 * are results of a search (RFC 5465 §5.2, §7). What could not be read is kept, and told when it can.
 */
export class Arrivals {
  #wanted: readonly Wanted[] = [];
  /** Messages that the session has put there itself, which are nothing new to it. */
  #own: readonly NumRange<Uid>[] = [];

  /** Whether there is anything left to tell. */
  get waiting(): boolean {
    return this.#wanted.length > 0;
  }

  /** Notes that these were put there by the session itself (RFC 5465 §5.2). @param uids ascending */
  put(uids: readonly Uid[]): void {
    this.#own = mergeRanges([...this.#own, ...rangesOf(uids)]);
  }

  /** Those that others have put there, of the messages that have just been added to the view. */
  takeNew(view: View, added: number): readonly Uid[] {
    const own = this.#own;
    this.#own = [];
    const uids = Array.from(view.uids.subarray(view.size - added)) as Uid[];
    return own.length === 0 ? uids : uids.filter((uid) => !rangesInclude(own, uid));
  }

  /** Notes what is to be told of some messages. @param uids ascending */
  want(uids: readonly Uid[], items: readonly FetchItem[]): void {
    if (uids.length > 0) this.#wanted = [...this.#wanted, { uids, items }];
  }

  /** Tells all that is wanted, of each message in one response. None becomes \Seen by that. */
  async tell(session: Session, view: View): Promise<void> {
    this.#wanted = combined(this.#wanted);
    for (let next = this.#wanted[0]; next !== undefined; next = this.#wanted[0]) {
      await fetchWanted(session, view, next);
      this.#wanted = this.#wanted.slice(1);
    }
  }

  /** Forgets everything: the folder is left. */
  clear(): void {
    this.#wanted = [];
    this.#own = [];
  }
}

/** Each message once, with all that is wanted of it. */
function combined(wanted: readonly Wanted[]): readonly Wanted[] {
  if (wanted.length < 2) return wanted;
  const wishes = new Map<Uid, number[]>();
  for (const [index, { uids }] of wanted.entries())
    for (const uid of uids) {
      const known = wishes.get(uid);
      if (known === undefined) wishes.set(uid, [index]);
      else known.push(index);
    }
  const alike = Map.groupBy(wishes, ([, indexes]) => indexes.join());
  return Array.from(alike.values(), (group) => ({
    uids: group.map(([uid]) => uid).sort((a, b) => a - b),
    items: group[0]![1].flatMap((index) => wanted[index]!.items),
  }));
}

async function fetchWanted(session: Session, view: View, { uids, items }: Wanted): Promise<void> {
  const plan = planFetch(items, {
    uid: !session.uidOnly,
    // RFC 7162 §3.1.4.2: in each unsolicited FETCH, once the client knows of them.
    modSeq: session.condstore,
    utf8: session.utf8,
  });
  const answer = new FetchAnswer(session, view, plan);
  const query = { uids: uidRanges(rangesOf(uids)), columns: plan.columns, batch: ROWS };
  for await (const rows of readRows(view, query)) {
    await answer.write(rows, new Set());
    if (session.connection.closed) return;
  }
}
