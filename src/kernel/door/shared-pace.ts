import type { Clock } from '../clock.ts';
import { randomBytes } from '../ids.ts';
import { CELLS, KeyCells, ROWS, SECRET_BYTES } from './key-cells.ts';

/**
 * What was done too often lately, by key, over all threads of a process: each time is charged milliseconds, and time pays them
 * off (the generic cell rate algorithm). A cell holds when a key has paid; a key owes the least that its four cells say.
 * The memory is the same however many keys there are, and nothing has to be swept out of it.
 */
export class SharedPace {
  readonly #cells: KeyCells;
  readonly #paidMs: BigInt64Array;
  readonly #clock: Clock;

  constructor(memory: SharedArrayBuffer, clock: Clock) {
    this.#cells = new KeyCells(new Uint8Array(memory, 0, SECRET_BYTES));
    this.#paidMs = new BigInt64Array(memory, SECRET_BYTES);
    this.#clock = clock;
  }

  /** Memory to be handed to all threads. */
  static memory(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(SECRET_BYTES + ROWS * CELLS * 8);
    new Uint8Array(memory, 0, SECRET_BYTES).set(randomBytes(SECRET_BYTES));
    return memory;
  }

  /** A pace for one thread alone. */
  static alone(clock: Clock): SharedPace {
    return new SharedPace(SharedPace.memory(), clock);
  }

  /** Milliseconds that a key owes, at most `maxMs`: what is more was written before the clock was set back. */
  owedMs(key: string, maxMs: number): number {
    return this.#owedMs(this.#cells.of(key), maxMs);
  }

  /** Charges a key, which then owes at most `maxMs`. Negative milliseconds are given back. */
  charge(key: string, costMs: number, maxMs: number): void {
    const cells = this.#cells.of(key);
    const owedMs = Math.max(0, Math.min(maxMs, this.#owedMs(cells, maxMs) + costMs));
    const paidMs = BigInt(Math.round(this.#clock.now() + owedMs));
    for (const cell of cells) {
      // A neighbour in the cell may owe more; what is given back is the key's own.
      const before = Atomics.load(this.#paidMs, cell);
      if (costMs < 0 || before < paidMs || this.#isOver(before, maxMs))
        Atomics.compareExchange(this.#paidMs, cell, before, paidMs);
    }
  }

  #owedMs(cells: readonly number[], maxMs: number): number {
    const nowMs = this.#clock.now();
    let least = Number.POSITIVE_INFINITY;
    for (const cell of cells) {
      const owedMs = Number(Atomics.load(this.#paidMs, cell)) - nowMs;
      least = Math.min(least, owedMs);
    }
    return least > 0 && least <= maxMs ? least : 0;
  }

  #isOver(paidMs: bigint, maxMs: number): boolean {
    return Number(paidMs) - this.#clock.now() > maxMs;
  }
}
