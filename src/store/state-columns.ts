import type { FlagSet, ModSeq, Uid } from '#model';
import type { EntryState, StateQuery } from '#storage';

/** Different sets of keywords that one folder's entries can have here. */
const SETS_MAX = 0x10000;
const CAPACITY_MIN = 64;

/** The flags of all entries of a folder, in columns: 15 bytes an entry. */
export class StateColumns {
  #size = 0;
  #uids: Uint32Array;
  #modSeqs: Float64Array;
  #flags: Uint8Array;
  /** Indexes into `#sets`. */
  #keywords: Uint16Array;
  /** Sets of keywords that an entry has, or had. */
  readonly #sets: string[] = [''];
  readonly #indexes = new Map([['', 0]]);

  /** Room for so many entries; it grows. */
  constructor(capacity: number) {
    const room = Math.max(CAPACITY_MIN, capacity);
    this.#uids = new Uint32Array(room);
    this.#modSeqs = new Float64Array(room);
    this.#flags = new Uint8Array(room);
    this.#keywords = new Uint16Array(room);
  }

  /** There have been more sets of keywords than can be told apart: what is put from now on would be wrong. */
  get isFull(): boolean {
    return this.#sets.length > SETS_MAX;
  }

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /** The largest uid, 0 when there is none. */
  get lastUid(): Uid | 0 {
    return this.#size === 0 ? 0 : (this.#uids[this.#size - 1] as Uid);
  }

  /** Takes entries as they are now: those that are known get new flags, others come behind all that are known. */
  put(states: readonly EntryState[]): void {
    for (const state of states) {
      if (state.uid > this.lastUid) this.#append(state);
      else {
        const at = this.#lowerBound(state.uid);
        if (this.#uids[at] === state.uid) this.#write(at, state);
      }
    }
  }

  /** Forgets entries that vanished. @param vanished ascending */
  remove(vanished: readonly Uid[]): void {
    if (vanished.length === 0) return;
    let to = this.#lowerBound(vanished[0]!);
    for (let from = to, next = 0; from < this.#size; from++) {
      const uid = this.#uids[from]!;
      while (next < vanished.length && vanished[next]! < uid) next++;
      if (uid === vanished[next]) continue;
      if (to < from) this.#move(from, to);
      to++;
    }
    this.#size = to;
  }

  /** Entries by uid, as the storage would give them. */
  read({
    uids,
    changedSince = 0 as ModSeq,
    limit,
  }: Omit<StateQuery, 'mailboxId' | 'folderId'>): EntryState[] {
    const states: EntryState[] = [];
    for (const [first, last] of uids) {
      for (let at = this.#lowerBound(first); at < this.#size && this.#uids[at]! <= last; at++) {
        if (states.length === limit) return states;
        if (this.#modSeqs[at]! > changedSince) states.push(this.#at(at));
      }
    }
    return states;
  }

  #at(index: number): EntryState {
    return {
      uid: this.#uids[index] as Uid,
      modSeq: this.#modSeqs[index] as ModSeq,
      flags: this.#flags[index] as FlagSet,
      keywords: this.#sets[this.#keywords[index]!]!,
    };
  }

  #append(state: EntryState): void {
    if (this.#size === this.#uids.length) this.#grow(this.#size * 2);
    this.#uids[this.#size] = state.uid;
    this.#write(this.#size++, state);
  }

  #write(index: number, { modSeq, flags, keywords }: EntryState): void {
    this.#modSeqs[index] = modSeq;
    this.#flags[index] = flags;
    this.#keywords[index] = this.#indexOf(keywords);
  }

  #move(from: number, to: number): void {
    this.#uids[to] = this.#uids[from]!;
    this.#modSeqs[to] = this.#modSeqs[from]!;
    this.#flags[to] = this.#flags[from]!;
    this.#keywords[to] = this.#keywords[from]!;
  }

  #grow(capacity: number): void {
    this.#uids = grown(new Uint32Array(capacity), this.#uids);
    this.#modSeqs = grown(new Float64Array(capacity), this.#modSeqs);
    this.#flags = grown(new Uint8Array(capacity), this.#flags);
    this.#keywords = grown(new Uint16Array(capacity), this.#keywords);
  }

  #indexOf(keywords: string): number {
    let index = this.#indexes.get(keywords);
    if (index === undefined) {
      index = this.#sets.push(keywords) - 1;
      this.#indexes.set(keywords, index);
    }
    return index;
  }

  /** The index of the first entry whose uid is at least `uid`. */
  #lowerBound(uid: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uids[middle]! < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function grown<Column extends { set(from: Column): void }>(column: Column, from: Column): Column {
  column.set(from);
  return column;
}
