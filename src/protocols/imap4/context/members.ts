import type { Uid } from '#model';
import type { SortKeys } from '../sort/sort-keys.ts';

/**
 * Results that come or go together at a place in the list, counted from 1; 0 in lists in mailbox order
 * (RFC 5267 §4.3.3).
 */
export interface PlacedUids {
  readonly position: number;
  readonly uids: readonly Uid[];
}

/** The results of a search as the client knows them, in the order of the mailbox. */
export class MailboxOrder {
  #uids: Uint32Array;

  /** @param uids ascending */
  constructor(uids: readonly Uid[]) {
    this.#uids = Uint32Array.from(uids);
  }

  get size(): number {
    return this.#uids.length;
  }

  /** Those of some uids that are among the results. @param uids ascending */
  among(uids: readonly Uid[]): readonly Uid[] {
    let from = 0;
    return uids.filter((uid) => {
      from = lowerBound(this.#uids, uid, from);
      return this.#uids[from] === uid;
    });
  }

  /** Takes results out; says where they were. @param uids ascending, all of them results */
  remove(uids: readonly Uid[]): readonly PlacedUids[] {
    if (uids.length === 0) return [];
    const gone = new Set<number>(uids);
    this.#uids = this.#uids.filter((uid) => !gone.has(uid));
    return [{ position: 0, uids }];
  }

  /** Takes new results in; says where they are. @param uids ascending, none of them a result yet */
  add(uids: readonly Uid[]): readonly PlacedUids[] {
    if (uids.length === 0) return [];
    const merged = new Uint32Array(this.#uids.length + uids.length);
    merged.set(this.#uids);
    merged.set(uids, this.#uids.length);
    this.#uids = merged.sort();
    return [{ position: 0, uids }];
  }
}

/** Messages with what they are sorted by, in that order. */
export interface SortedUids {
  readonly uids: readonly Uid[];
  readonly keys: SortKeys;
  /** Of each message its row in `keys`. */
  readonly rows: ArrayLike<number>;
}

/**
 * The results of a SORT as the client knows them, with their keys: these never change, so that a message keeps its
 * place.
 */
export class SortOrder {
  #uids: number[];
  #rows: number[];
  #keys: SortKeys;
  readonly #members: Set<number>;
  readonly #newKeys: () => SortKeys;

  constructor({ uids, keys, rows }: SortedUids, newKeys: () => SortKeys) {
    this.#uids = [...uids];
    this.#rows = Array.from(rows);
    this.#keys = keys;
    this.#members = new Set(uids);
    this.#newKeys = newKeys;
  }

  get size(): number {
    return this.#uids.length;
  }

  /** Those of some uids that are among the results. */
  among(uids: readonly Uid[]): readonly Uid[] {
    return uids.filter((uid) => this.#members.has(uid));
  }

  /** Takes results out; says where each run of neighbours was when those before it were gone (RFC 5267 §4.3.4). */
  remove(uids: readonly Uid[]): readonly PlacedUids[] {
    if (uids.length === 0) return [];
    const gone = new Set<number>(uids);
    const placed: { position: number; uids: Uid[] }[] = [];
    const kept: number[] = [];
    const keptRows: number[] = [];
    this.#uids.forEach((uid, index) => {
      if (!gone.has(uid)) {
        kept.push(uid);
        keptRows.push(this.#rows[index]!);
        return;
      }
      this.#members.delete(uid);
      const position = kept.length + 1;
      const run = placed.at(-1);
      if (run?.position === position) run.uids.push(uid as Uid);
      else placed.push({ position, uids: [uid as Uid] });
    });
    this.#uids = kept;
    this.#rows = keptRows;
    this.#compact();
    return placed;
  }

  /** Takes new results in; says where each run of neighbours is when those before it are there (RFC 5267 §4.3.3). */
  add({ uids, keys, rows }: SortedUids): readonly PlacedUids[] {
    const placed: { position: number; uids: Uid[] }[] = [];
    const merged: number[] = [];
    const mergedRows: number[] = [];
    let from = 0;
    uids.forEach((uid, index) => {
      const to = this.#placeOf(uid, keys, rows[index]!, from);
      for (; from < to; from++) {
        merged.push(this.#uids[from]!);
        mergedRows.push(this.#rows[from]!);
      }
      const run = placed.at(-1);
      if (run !== undefined && run.position + run.uids.length === merged.length + 1)
        run.uids.push(uid);
      else placed.push({ position: merged.length + 1, uids: [uid] });
      merged.push(uid);
      mergedRows.push(this.#keys.take(keys, rows[index]!));
      this.#members.add(uid);
    });
    for (; from < this.#uids.length; from++) {
      merged.push(this.#uids[from]!);
      mergedRows.push(this.#rows[from]!);
    }
    this.#uids = merged;
    this.#rows = mergedRows;
    return placed;
  }

  /** Before which of the results, from an index on, a new one belongs. */
  #placeOf(uid: Uid, keys: SortKeys, row: number, from: number): number {
    let low = from;
    let high = this.#uids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order =
        this.#keys.compareWith(this.#rows[middle]!, keys, row) || this.#uids[middle]! - uid;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets the keys of those that are gone, once they are the most. */
  #compact(): void {
    if (this.#keys.length <= 2 * this.#rows.length) return;
    const keys = this.#newKeys();
    this.#rows = this.#rows.map((row) => keys.take(this.#keys, row));
    this.#keys = keys;
  }
}

/** The first index at or after `from` whose number is at least `n`. */
function lowerBound(sorted: Uint32Array, n: number, from: number): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < n) low = middle + 1;
    else high = middle;
  }
  return low;
}
