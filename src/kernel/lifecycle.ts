import { systemClock } from './clock.ts';
import type { Logger } from './log.ts';

/** A running part: how to stop it, and how long that may take. */
export interface Part {
  readonly name: string;
  readonly stopTimeoutMs: number;
  stop(): Promise<void> | void;
}

/**
 * Stops what was started, in reverse order, each part within its deadline. A part that misses its deadline is
 * abandoned and named; what it held is durable or was never acknowledged.
 */
export class Lifecycle {
  readonly #parts: Part[] = [];
  readonly #log: Logger;
  #stopping: Promise<readonly string[]> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Takes charge of a part that has started. */
  started(part: Part): void {
    this.#parts.push(part);
  }

  /** Stops everything; gives the names of the parts that failed or were abandoned. Idempotent. */
  stop(): Promise<readonly string[]> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<readonly string[]> {
    const failed: string[] = [];
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      const outcome = await this.#stopOne(part);
      if (outcome === 'stopped') continue;
      failed.push(part.name);
      this.#log.error({ part: part.name, outcome }, 'part did not stop cleanly');
    }
    return failed;
  }

  async #stopOne(part: Part): Promise<string> {
    const { promise: overdue, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(resolve, part.stopTimeoutMs, 'abandoned at its deadline');
    const startedMs = systemClock.now();
    try {
      const stopped = Promise.resolve(part.stop()).then(() => 'stopped');
      return await Promise.race([stopped, overdue]);
    } catch (error) {
      return String(error);
    } finally {
      clearTimeout(timer);
      this.#log.debug({ part: part.name, ms: systemClock.now() - startedMs }, 'part stopped');
    }
  }
}
