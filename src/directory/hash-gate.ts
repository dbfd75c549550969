import { BoundedQueue, PosthornError, waits } from '#kernel';

export interface HashGateLimits {
  /** Hashes computed at the same time; each takes a thread of the process's pool and 19 MiB. */
  readonly atOnce: number;
  /** How many may wait behind them. */
  readonly queued: number;
  /** How long one may wait. */
  readonly waitMs: number;
}

export const HASH_GATE_LIMITS: HashGateLimits = { atOnce: 4, queued: 256, waitMs: 30_000 };

interface Waiting {
  readonly wait: Disposable;
  /** Undefined once its deadline has passed. */
  enter: (() => void) | undefined;
}

/** Lets a bounded number of slow hashes run at a time, and a bounded number wait for it in order. */
export class HashGate {
  readonly #limits: HashGateLimits;
  readonly #queue: BoundedQueue<Waiting>;
  #running = 0;

  constructor(limits: HashGateLimits = HASH_GATE_LIMITS) {
    this.#limits = limits;
    this.#queue = new BoundedQueue(limits.queued);
  }

  /** Runs a hash when its turn comes. @throws {too-busy} when the queue is full, {deadline} when the turn never came */
  async run<T>(owner: string, hash: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limits.atOnce) this.#running++;
    else await this.#turn(owner);
    try {
      return await waits.track('a password hash', owner, this.#limits.waitMs, hash());
    } finally {
      this.#leave();
    }
  }

  #turn(owner: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#queue.full)
      return Promise.reject(new PosthornError('too-busy', 'too many passwords wait to be hashed'));
    const wait = waits.enter('its turn to hash a password', owner, this.#limits.waitMs, () => {
      waiting.enter = undefined;
      reject(new PosthornError('deadline', `${owner} waited too long to hash a password`));
    });
    const waiting: Waiting = { wait, enter: resolve };
    this.#queue.push(waiting);
    return promise;
  }

  /** Hands the place to whoever has waited longest, or frees it. */
  #leave(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (next.enter === undefined) continue;
      next.wait[Symbol.dispose]();
      next.enter();
      return;
    }
    this.#running--;
  }
}
