import type { SeqNum, Uid } from '#model';
import {
  encodeEsearch,
  type FetchItem,
  orderedRanges,
  rangesOf,
  type SearchKey,
  type SortCriterion,
} from '#wire';
import { compileSearch } from '../search/compile.ts';
import { runSearch } from '../search/folder-search.ts';
import { intersectRanges, type SearchScope } from '../search/scope.ts';
import type { Session } from '../session.ts';
import { sortFound } from '../sort/sort-found.ts';
import { SortKeys } from '../sort/sort-keys.ts';
import { frozenKey } from './frozen-key.ts';
import { MailboxOrder, type PlacedUids, type SortedUids, SortOrder } from './members.ts';

/** A search whose results are to be followed. */
export interface ContextQuery {
  readonly tag: string;
  /** Results are told as UIDs. */
  readonly uid: boolean;
  readonly key: SearchKey;
  /** What was found, in the order that was asked for; with keys for SORT. */
  readonly uids: readonly Uid[];
  readonly sorted?: { readonly criteria: readonly SortCriterion[] } & Omit<SortedUids, 'uids'>;
  /** The client is told of which mailbox the results are (RFC 7377 §2.1). */
  readonly namesMailbox: boolean;
  /** What the client wants of messages that come and are results (RFC 5465 §7). */
  readonly items?: readonly FetchItem[] | undefined;
}

/**
 * The results of a search in the selected folder, as the client knows them: it is told what comes and goes
 * (RFC 5267 §4.3).
 */
export class Context {
  readonly tag: string;
  readonly items: readonly FetchItem[] | undefined;
  readonly #query: Omit<ContextQuery, 'uids' | 'sorted' | 'items'>;
  readonly #results:
    | { readonly criteria: undefined; readonly members: MailboxOrder }
    | { readonly criteria: readonly SortCriterion[]; readonly members: SortOrder };

  /** @param scope the folder as it was searched */
  constructor(query: ContextQuery, scope: SearchScope) {
    const { uids, sorted, tag, uid, namesMailbox, items } = query;
    this.tag = tag;
    this.items = items;
    this.#query = { tag, uid, namesMailbox, key: frozenKey(query.key, scope) };
    if (sorted === undefined)
      this.#results = { criteria: undefined, members: new MailboxOrder(uids) };
    else {
      const { criteria, keys, rows } = sorted;
      const members = new SortOrder({ uids, keys, rows }, () => new SortKeys(criteria));
      this.#results = { criteria, members };
    }
  }

  /** How many results are kept with their keys; 0 when only uids are kept. */
  get sortedSize(): number {
    return this.#results.criteria === undefined ? 0 : this.#results.members.size;
  }

  /** Takes out messages that are gone, which still have their numbers; tells it. @param uids ascending */
  takeGone(session: Session, uids: readonly Uid[]): void {
    const { members } = this.#results;
    this.#tell(session, members.remove(members.among(uids)), []);
  }

  /**
   * Looks whether messages that are new or have changed are results now, and tells what is different.
   *
   * @param seqs ascending
   * @returns those that are results since now
   */
  async follow(
    session: Session,
    scope: SearchScope,
    seqs: readonly SeqNum[],
  ): Promise<readonly Uid[]> {
    const plan = compileSearch(this.#query.key, scope);
    const bounds = intersectRanges(plan.bounds, rangesOf(seqs));
    const found = await runSearch({ ...plan, bounds }, scope);
    const matching = new Set<number>(found.seqs);
    const uidOf = (seq: SeqNum): Uid => scope.uids[seq - 1]!;
    const { members } = this.#results;
    const others = seqs.filter((seq) => !matching.has(seq)).map(uidOf);
    const known = new Set(members.among(found.seqs.map(uidOf)));
    const added = await this.#add(
      scope,
      found.seqs.filter((seq) => !known.has(uidOf(seq))),
    );
    // What goes is told before what comes, and so taken out first.
    const removed = members.remove(members.among(others));
    const placed = added();
    this.#tell(session, removed, placed);
    return placed.flatMap(({ uids }) => uids);
  }

  /** Reads what is needed to add results; gives what adds them. */
  async #add(scope: SearchScope, seqs: readonly SeqNum[]): Promise<() => readonly PlacedUids[]> {
    const uids = seqs.map((seq) => scope.uids[seq - 1]!);
    const { criteria, members } = this.#results;
    if (criteria === undefined) return () => members.add(uids);
    const { order, keys, rows } = await sortFound(scope, seqs, criteria);
    return () => members.add({ uids: Array.from(order, (place) => uids[place]!), keys, rows });
  }

  #tell(session: Session, removed: readonly PlacedUids[], added: readonly PlacedUids[]): void {
    if (removed.length === 0 && added.length === 0) return;
    const { view, utf8 } = session;
    const { tag, uid, namesMailbox } = this.#query;
    const numberOf = (each: Uid): Uid | SeqNum => (uid ? each : view.seqOf(each)!);
    const placed = (changes: readonly PlacedUids[]) =>
      changes.map(({ position, uids }) => ({
        position,
        results: orderedRanges(uids.map(numberOf)),
      }));
    const mailbox = { name: view.name, uidValidity: view.uidValidity };
    session.write(
      encodeEsearch(
        namesMailbox ? { tag, mailbox } : { tag },
        uid,
        {
          ...(removed.length === 0 ? {} : { removeFrom: placed(removed) }),
          ...(added.length === 0 ? {} : { addTo: placed(added) }),
        },
        utf8,
      ),
    );
  }
}
