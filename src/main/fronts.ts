import { type Logger, systemClock } from '#kernel';
import type { EngineWay } from './engine.ts';
import type { FrontSetup, FrontStatus } from './front.ts';
import { FrontThread } from './front-thread.ts';

const RESTART_DELAY_MS = 500;
const STATUS_TIMEOUT_MS = 2000;
const NOTHING: FrontStatus = {
  sessions: {},
  newcomers: 0,
  watches: 0,
  waits: [],
  metrics: {},
};

export interface FrontsOptions {
  readonly count: number;
  readonly log: Logger;
  /** A new way to the engine. */
  readonly attach: () => EngineWay;
  readonly setup: Omit<FrontSetup, 'index' | 'engine' | 'controlPort'>;
}

/** The front threads. One that fails takes its sessions with it and is replaced. */
export class Fronts {
  readonly #options: FrontsOptions;
  readonly #threads = new Map<number, FrontThread>();
  #stopping = false;

  constructor(options: FrontsOptions) {
    this.#options = options;
  }

  /** Starts all of them; resolves when every one listens. */
  async start(): Promise<void> {
    const indexes = Array.from({ length: this.#options.count }, (_unused, index) => index);
    for (const index of indexes) this.#startThread(index);
    await Promise.all([...this.#threads.values()].map((thread) => thread.listen()));
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    // All of them, also when one fails: what comes after is stopped only when no session needs it any more.
    const stops = [...this.#threads.values()].map((thread) => thread.stop(graceMs));
    const failed = (await Promise.allSettled(stops)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** How the threads are; one that does not answer is shown as a wait, for that is when somebody looks. */
  status(): Promise<readonly FrontStatus[]> {
    return Promise.all(
      [...this.#threads].map(async ([index, thread]) => {
        const sinceMs = systemClock.now();
        try {
          return (await thread.status(STATUS_TIMEOUT_MS)) ?? NOTHING;
        } catch {
          const name = `front-${index}`;
          const deadlineMs = sinceMs + STATUS_TIMEOUT_MS;
          const wait = { name: 'an answer of the thread', owner: name, sinceMs, deadlineMs };
          return { ...NOTHING, waits: [{ ...wait, thread: name }] };
        }
      }),
    );
  }

  #startThread(index: number): FrontThread {
    const { attach, setup, log } = this.#options;
    const thread = new FrontThread({ ...setup, index, engine: attach() }, (error) => {
      log.error({ err: error, front: index }, 'a front thread failed and is replaced');
      this.#replace(index).catch((failure: unknown) =>
        log.error({ err: failure }, 'a front could not be replaced'),
      );
    });
    this.#threads.set(index, thread);
    return thread;
  }

  async #replace(index: number): Promise<void> {
    this.#threads.delete(index);
    for (let tries = 1; !this.#stopping; tries++) {
      await systemClock.sleep(RESTART_DELAY_MS * Math.min(tries, 20));
      if (this.#stopping) return;
      try {
        await this.#startThread(index).listen();
        return;
      } catch (error) {
        this.#options.log.error(
          { err: error, front: index },
          'a front does not listen; tried again',
        );
        await this.#threads
          .get(index)
          ?.stop(0)
          .catch(() => {});
      }
    }
  }
}
