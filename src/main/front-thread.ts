import { MessageChannel, Worker } from 'node:worker_threads';
import { RequestPort, systemClock, waits } from '#kernel';
import type { FrontRequest, FrontSetup, FrontStatus } from './front.ts';

/** Longer than any grace time a front is given. */
const CONTROL_TIMEOUT_MS = 30_000;

/**
 * A burst of logins grows the young generation as far as it may, and it does not shrink while the sessions idle: V8's own bound
 * would be tens of megabytes a thread that hold nothing.
 */
const YOUNG_GENERATION_MB_MAX = 12;

/** A thread without connections ends by itself; one that does not is ended. */
const EXIT_TIMEOUT_MS = 500;

/** A front thread as the main thread holds it. */
export class FrontThread {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #control: RequestPort<FrontRequest, FrontStatus | undefined>;

  /** Starts the thread; it does not listen yet. */
  constructor(setup: Omit<FrontSetup, 'controlPort'>, onFailure: (error: Error) => void) {
    const { port1, port2 } = new MessageChannel();
    const workerData: FrontSetup = { ...setup, controlPort: port2 };
    this.#worker = new Worker(new URL('./front.ts', import.meta.url), {
      workerData,
      transferList: setup.engine.kind === 'sqlite' ? [port2, setup.engine.writer.port] : [port2],
      name: `front-${setup.index}`,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB_MAX },
    });
    this.#worker.on('error', onFailure);
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.#control = new RequestPort({
      port: port1,
      name: `front-${setup.index}`,
      timeoutMs: CONTROL_TIMEOUT_MS,
    });
  }

  async listen(): Promise<void> {
    await this.#control.request('main', { kind: 'listen' });
  }

  /** @throws {deadline} when the thread is too busy to answer in time */
  async status(timeoutMs: number): Promise<FrontStatus | undefined> {
    const status = this.#control.request('main', { kind: 'status' });
    return await waits.track('the status of a front', 'main', timeoutMs, status);
  }

  /** Ends the sessions within the grace time and then the thread. */
  async stop(graceMs: number): Promise<void> {
    try {
      await this.#control.request('main', { kind: 'stop', graceMs });
    } finally {
      await Promise.race([this.#exited, systemClock.sleep(EXIT_TIMEOUT_MS)]);
      await this.#worker.terminate();
    }
  }
}
