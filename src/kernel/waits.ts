import { type Clock, systemClock } from './clock.ts';
import { PosthornError } from './errors.ts';

/** One wait as shown to an operator. */
export interface Wait {
  readonly name: string;
  readonly owner: string;
  readonly sinceMs: number;
  readonly deadlineMs: number;
}

interface Entry extends Wait, Disposable {
  readonly expire: (() => void) | undefined;
  /** The deadline on the clock that cannot be set. */
  readonly untilMs: number;
}

/**
 * Who waits for what since when, and until when. A sweep each second expires what is past its deadline:
 * one timer for all waits, level-triggered, so no wake-up can be lost.
 */
export class WaitRegistry {
  readonly #clock: Clock;
  readonly #entries = new Set<Entry>();
  #sweep: Disposable | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Enters a wait; dispose the result when it is over. `expire` is called once if the deadline passes first and must
   * end the wait (the entry is removed before the call).
   */
  enter(name: string, owner: string, timeoutMs: number, expire?: () => void): Disposable {
    const sinceMs = this.#clock.now();
    const entry: Entry = {
      name,
      owner,
      sinceMs,
      deadlineMs: sinceMs + timeoutMs,
      expire,
      untilMs: this.#clock.elapsed() + timeoutMs,
      [Symbol.dispose]: () => this.#entries.delete(entry),
    };
    this.#entries.add(entry);
    this.#sweep ??= this.#clock.every(1000, () => this.expireOverdue());
    return entry;
  }

  /** Waits for a promise under a name and a deadline. @throws {deadline} when it passes first. */
  async track<T>(name: string, owner: string, timeoutMs: number, promise: Promise<T>): Promise<T> {
    let expire: (() => void) | undefined;
    const expired = new Promise<never>((_resolve, reject) => {
      expire = () =>
        reject(new PosthornError('deadline', `${owner} waited over ${timeoutMs} ms for ${name}`));
    });
    using _wait = this.enter(name, owner, timeoutMs, expire);
    return await Promise.race([promise, expired]);
  }

  /** Ends every wait that is past its deadline. Called each second; tests may call it. */
  expireOverdue(): void {
    const elapsedMs = this.#clock.elapsed();
    for (const entry of this.#entries) {
      if (entry.untilMs > elapsedMs) continue;
      this.#entries.delete(entry);
      entry.expire?.();
    }
    if (this.#entries.size === 0) {
      this.#sweep?.[Symbol.dispose]();
      this.#sweep = undefined;
    }
  }

  /** Lists the waits, oldest first, at most `limit`. */
  list(limit = 1000): readonly Wait[] {
    const shown: Wait[] = [];
    for (const { name, owner, sinceMs, deadlineMs } of this.#entries) {
      if (shown.length === limit) break;
      shown.push({ name, owner, sinceMs, deadlineMs });
    }
    return shown;
  }
}

/** The registry of this thread. */
export const waits = new WaitRegistry(systemClock);
