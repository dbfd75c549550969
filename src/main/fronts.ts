import type { MessagePort } from 'node:worker_threads';
import { type Logger, systemClock } from '#kernel';
import type { FrontSetup, FrontStatus } from './front.ts';
import { FrontThread } from './front-thread.ts';

const RESTART_DELAY_MS = 500;

export interface FrontsOptions {
  readonly count: number;
  readonly log: Logger;
  /** A new way to the writer. */
  readonly attach: () => MessagePort;
  readonly setup: Omit<FrontSetup, 'index' | 'writerPort' | 'controlPort'>;
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
    await Promise.all([...this.#threads.values()].map((thread) => thread.stop(graceMs)));
  }

  async status(): Promise<readonly FrontStatus[]> {
    const all = await Promise.all([...this.#threads.values()].map((thread) => thread.status()));
    return all.filter((status) => status !== undefined);
  }

  #startThread(index: number): FrontThread {
    const { attach, setup, log } = this.#options;
    const thread = new FrontThread({ ...setup, index, writerPort: attach() }, (error) => {
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
    await systemClock.sleep(RESTART_DELAY_MS);
    if (!this.#stopping) await this.#startThread(index).listen();
  }
}
