import {
  BoundedQueue,
  type Clock,
  isPosthornError,
  metrics,
  PosthornError,
  randomBytes,
  waits,
} from '#kernel';
import { Connection } from './connection.ts';
import { codeOf, failureOf, storageError } from './errors.ts';
import type { Target } from './target.ts';

export interface PoolLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Callers that may wait for one; beyond, they are refused with `too-busy`. */
  readonly queued: number;
  /** How long one may wait for a connection. */
  readonly waitMs: number;
  /** How long one may wait for what the server was asked to do. */
  readonly answerMs: number;
  /** How long a failure that may pass is tried again. */
  readonly patienceMs: number;
}

export const POOL_LIMITS: PoolLimits = {
  connections: 8,
  queued: 20_000,
  waitMs: 10_000,
  answerMs: 20_000,
  patienceMs: 8000,
};

const BACK_OFF_MS = 20;
const BACK_OFF_MAX_MS = 1000;

const retries = metrics.counter(
  'postgres_retries',
  'Work done again after a lost connection, a deadlock or a serialization failure',
);

interface Waiting {
  readonly wait: Disposable;
  /** Undefined once its deadline has passed. */
  take: ((connection: Connection | undefined) => void) | undefined;
}

/**
 * The connections of one thread. A bounded number of them is open, a bounded number of callers waits for one in order, each
 * wait under a name and a deadline. One that does not answer in time is cut off.
 */
export class Pool {
  readonly #target: Target;
  readonly #clock: Clock;
  readonly limits: PoolLimits;
  readonly #idle: Connection[] = [];
  readonly #queue: BoundedQueue<Waiting>;
  readonly #all = new Set<Connection>();
  #open = 0;
  #host = 0;
  #closed = false;

  constructor(target: Target, clock: Clock, limits: PoolLimits = POOL_LIMITS) {
    this.#target = target;
    this.#clock = clock;
    this.limits = limits;
    this.#queue = new BoundedQueue(limits.queued);
  }

  /** Connections that are open or being opened. */
  get open(): number {
    return this.#open;
  }

  /**
   * Works with a connection. Not tried again: the caller knows whether that is right.
   * @throws {too-busy}, {deadline}, {shutting-down}; else what `work` throws, or the failure to connect
   */
  async use<T>(
    owner: string,
    work: (connection: Connection) => Promise<T>,
    answerMs = this.limits.answerMs,
  ): Promise<T> {
    const connection = await this.#take(owner);
    // Also when the answer never comes, and nobody is told that it never will.
    using _wait = waits.enter('an answer of PostgreSQL', owner, answerMs, () =>
      connection.destroy(),
    );
    try {
      return await work(connection);
    } finally {
      this.#release(connection);
    }
  }

  /** Asks what can be asked again: after a lost connection and the like it is, within the patience. */
  async ask<T>(owner: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    return await this.patiently(() => this.use(owner, work));
  }

  /**
   * Does work until it succeeds, fails for good, or patience ends. `work` must be safe to do again.
   * @throws {unavailable} and the other codes of storage
   */
  async patiently<T>(
    work: () => Promise<T>,
    patienceMs: () => number = () => this.limits.patienceMs,
  ): Promise<T> {
    const startedMs = this.#clock.elapsed();
    for (let tries = 0; ; tries++) {
      try {
        return await work();
      } catch (error) {
        const failure = failureOf(error);
        // A standby, or no connection in time: it is asked again while there is patience, as when a commit is in doubt.
        const passing = isPosthornError(error, 'unavailable') || isPosthornError(error, 'deadline');
        if ((failure === 'refused' && !passing) || this.#closed) throw storageError(error);
        if (this.#clock.elapsed() - startedMs >= patienceMs()) throw storageError(error);
        retries.inc();
        await this.#clock.sleep(backOff(tries));
      }
    }
  }

  /** Opens a connection beside the pool, to listen with. Its owner ends it. */
  async openListener(hears: (payload: string) => void, lost: () => void): Promise<Connection> {
    return await this.#connect({ onNotify: hears, onClose: lost });
  }

  /** No more connections; those that work are cut off. */
  async close(): Promise<void> {
    this.#closed = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
      next.take?.(undefined);
    await Promise.all(
      [...this.#all].map((connection) =>
        this.#idle.includes(connection) ? connection.close() : connection.destroy(),
      ),
    );
    this.#idle.length = 0;
  }

  async #take(owner: string): Promise<Connection> {
    for (;;) {
      if (this.#closed) throw new PosthornError('shutting-down');
      for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop())
        if (!idle.broken) return idle;
      if (this.#open < this.limits.connections) return await this.#openOne();
      const given = await this.#turn(owner);
      if (given !== undefined && !given.broken) return given;
    }
  }

  async #openOne(): Promise<Connection> {
    this.#open++;
    try {
      const connection: Connection = await this.#connect({
        onClose: () => this.#gone(connection),
      });
      this.#all.add(connection);
      // It may have ended before it was counted.
      if (connection.broken) this.#gone(connection);
      return connection;
    } catch (error) {
      this.#open--;
      this.#wakeOne();
      throw error;
    }
  }

  /** Tries one host after the other, beginning with the one that last took writes. */
  async #connect(options: {
    readonly onNotify?: (payload: string) => void;
    readonly onClose: () => void;
  }): Promise<Connection> {
    const { hosts, schema, shown } = this.#target;
    const first = this.#host;
    let failure: unknown;
    for (let tries = 0; tries < hosts.length; tries++) {
      const at = (first + tries) % hosts.length;
      try {
        const connection = await Connection.open(hosts[at]!, { schema, ...options });
        this.#host = at;
        return connection;
      } catch (error) {
        failure ??= error;
      }
    }
    // With its code, so that those who ask again know that they may.
    const text = `${shown} cannot be reached: ${(failure as Error).message}`;
    throw failureOf(failure) === 'refused'
      ? storageError(failure)
      : Object.assign(new Error(text, { cause: failure }), { code: codeOf(failure) });
  }

  #turn(owner: string): Promise<Connection | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection | undefined>();
    if (this.#queue.full)
      return Promise.reject(new PosthornError('too-busy', 'too many wait for PostgreSQL'));
    const wait = waits.enter('a connection to PostgreSQL', owner, this.limits.waitMs, () => {
      waiting.take = undefined;
      reject(new PosthornError('deadline', `${owner} waited too long for a connection`));
    });
    const waiting: Waiting = { wait, take: resolve };
    this.#queue.push(waiting);
    return promise;
  }

  #release(connection: Connection): void {
    if (connection.broken) return;
    if (this.#closed) connection.destroy();
    else if (!this.#wakeOne(connection)) this.#idle.push(connection);
  }

  #gone(connection: Connection): void {
    if (!this.#all.delete(connection)) return;
    this.#open--;
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#wakeOne();
  }

  /** Hands a connection, or the room for one, to whoever has waited longest. */
  #wakeOne(connection?: Connection): boolean {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (next.take === undefined) continue;
      next.wait[Symbol.dispose]();
      next.take(connection);
      return true;
    }
    return false;
  }
}

/** Longer each time, and by chance, so that those who failed together do not come back together. */
export function backOff(tries: number): number {
  const most = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MS * 2 ** Math.min(tries, 10));
  return most / 2 + (most / 2) * (randomBytes(1)[0]! / 256);
}
