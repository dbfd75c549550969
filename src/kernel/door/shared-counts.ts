import { randomBytes } from '../ids.ts';
import { CELLS, KeyCells, ROWS, SECRET_BYTES } from './key-cells.ts';

declare const brand: unique symbol;
/** The cells of a key in the tables of one process. */
export type CountKey = readonly number[] & { readonly [brand]: 'CountKey' };

const CELLS_BYTES = ROWS * CELLS * Int32Array.BYTES_PER_ELEMENT;

/**
 * How much there is of something by key, over all threads of a process: connections of an address, sessions of a mailbox. A
 * count-min sketch in shared memory, so its size is the same however many keys there are; a count is never too low, and too
 * high only where other keys in use share all four cells. Each thread writes its own part and reads all: when a thread died, its
 * successor begins with a part that is cleared, and what died with it is not counted any more.
 */
export class SharedCounts {
  readonly #cells: KeyCells;
  readonly #parts: readonly Int32Array[];
  readonly #own: Int32Array;

  /** @param thread which part is this thread's; one thread at a time may have it */
  constructor(memory: SharedArrayBuffer, thread: number) {
    this.#cells = new KeyCells(new Uint8Array(memory, 0, SECRET_BYTES));
    const count = (memory.byteLength - SECRET_BYTES) / CELLS_BYTES;
    this.#parts = Array.from(
      { length: count },
      (_, part) => new Int32Array(memory, SECRET_BYTES + part * CELLS_BYTES, ROWS * CELLS),
    );
    this.#own = this.#parts[thread]!;
    this.#own.fill(0);
  }

  /** The memory of so many threads, to be handed to each. */
  static memory(threads: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(SECRET_BYTES + threads * CELLS_BYTES);
    new Uint8Array(memory, 0, SECRET_BYTES).set(randomBytes(SECRET_BYTES));
    return memory;
  }

  /** Counts for one thread alone. */
  static alone(): SharedCounts {
    return new SharedCounts(SharedCounts.memory(1), 0);
  }

  /** Where a key is counted: to be asked once for what is counted again and again. */
  key(name: string): CountKey {
    return this.#cells.of(name) as CountKey;
  }

  /** How many there are of a key. */
  count(key: CountKey): number {
    let least = Number.POSITIVE_INFINITY;
    for (const cell of key) {
      let sum = 0;
      for (const part of this.#parts) sum += Atomics.load(part, cell);
      if (sum < least) least = sum;
    }
    return least;
  }

  /** Counts one more unless there are `max` already; whether it was counted. */
  enter(key: CountKey, max: number): boolean {
    // Counted first: of two threads that are here at once neither may overlook the other.
    for (const cell of key) Atomics.add(this.#own, cell, 1);
    if (this.count(key) <= max) return true;
    for (const cell of key) Atomics.sub(this.#own, cell, 1);
    return false;
  }

  /** One that was counted by this thread is gone. */
  leave(key: CountKey): void {
    for (const cell of key) Atomics.sub(this.#own, cell, 1);
  }
}
