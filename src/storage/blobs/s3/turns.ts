import { BoundedQueue, PosthornError, type WaitRegistry } from '#kernel';

/** How many may ask at once; the others wait for their turn in order, up to a bound. */
export class Turns {
  readonly #waits: WaitRegistry;
  readonly #queue: BoundedQueue<() => boolean>;
  #free: number;

  constructor(waits: WaitRegistry, atOnce: number, waitingMax: number) {
    this.#waits = waits;
    this.#queue = new BoundedQueue(waitingMax);
    this.#free = atOnce;
  }

  /**
   * Waits for a turn; dispose the result when it is over.
   * @throws {too-busy} when too many wait already. @throws {unavailable} when it takes too long.
   */
  async take(owner: string, timeoutMs: number): Promise<Disposable> {
    if (this.#free > 0) this.#free--;
    else await this.#wait(owner, timeoutMs);
    return { [Symbol.dispose]: () => this.#pass() };
  }

  async #wait(owner: string, timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let waiting = true;
    const expire = (): void => {
      waiting = false;
      reject(new PosthornError('unavailable', `${owner} had no turn in ${timeoutMs} ms`));
    };
    const queued = this.#queue.push(() => {
      if (waiting) resolve();
      return waiting;
    });
    if (!queued) throw new PosthornError('too-busy', `${owner}: too many wait for the store`);
    using _wait = this.#waits.enter('a turn to ask the store', owner, timeoutMs, expire);
    await promise;
  }

  /** Gives a turn that is over to the next one who still waits for it. */
  #pass(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
      if (next()) return;
    this.#free++;
  }
}
