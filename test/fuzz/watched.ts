import { Worker } from 'node:worker_threads';
import type { SearchReport } from './search.ts';
import { type Broken, died, hung, type Verdict } from './verdict.ts';
import { Window } from './window.ts';
import type { Order, Told } from './worker.ts';

const WORKER = new URL('./worker.ts', import.meta.url);
const LOOK_MS = 250;
/** What a thread may hold before it is ended: more than any input may need. */
const HEAP_MB_MAX = 1024;

/** How a thread ended that did not do what it was told: at which input, and what is wrong with that. */
export interface Ended {
  readonly input: Buffer;
  readonly broken: Broken;
  /** How many inputs the thread had begun. */
  readonly executions: number;
}

/**
 * Runs the inputs of a target in a thread that is watched from outside: one that runs a single input longer than `patienceMs`, or
 * that dies, is ended, and the input is told. The next order begins a new thread.
 */
export class Watched implements AsyncDisposable {
  readonly #module: string;
  readonly #patienceMs: number;
  readonly #heapMbMax: number;
  readonly #onFinding: (input: Buffer, broken: Broken) => void;
  #worker: Worker | undefined;
  #window = new Window();

  /** @param module URL of the module that exports the target */
  constructor(
    module: string,
    options: {
      readonly patienceMs: number;
      readonly heapMbMax?: number;
      readonly onFinding?: (input: Buffer, broken: Broken) => void;
    },
  ) {
    this.#module = module;
    this.#patienceMs = options.patienceMs;
    this.#heapMbMax = options.heapMbMax ?? HEAP_MB_MAX;
    this.#onFinding = options.onFinding ?? (() => {});
  }

  /** Runs one input. */
  async run(input: Buffer): Promise<Verdict> {
    const told = await this.#order({ kind: 'run', input });
    if ('input' in told) return told.broken;
    return told.kind === 'verdict' ? told.verdict : died('no verdict');
  }

  /** Searches; stops early at an input that ends the thread. */
  async search(
    seed: string,
    seconds: number,
    corpus: readonly Buffer[],
  ): Promise<SearchReport | Ended> {
    const told = await this.#order({ kind: 'search', seed, seconds, corpus });
    if ('input' in told) return told;
    if (told.kind !== 'report') throw new Error(`a search told ${told.kind}`);
    return told.report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#worker !== undefined) await this.#order({ kind: 'close' });
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  #order(order: Order): Promise<Exclude<Told, { kind: 'finding' }> | Ended> {
    this.#worker ??= this.#begin();
    const worker = this.#worker;
    const { promise, resolve } = Promise.withResolvers<
      Exclude<Told, { kind: 'finding' }> | Ended
    >();
    const onMessage = (told: Told): void => {
      if (told.kind === 'finding') this.#onFinding(Buffer.from(told.input), told.broken);
      else resolve(told);
    };
    const end = (broken: Broken): void => {
      this.#worker = undefined;
      void worker.terminate();
      resolve({ input: this.#window.look(), broken, executions: this.#window.count });
    };
    const onError = (error: unknown): void => end(died(error));
    worker.on('message', onMessage);
    worker.on('error', onError);
    const watch = this.#watch(end);
    worker.postMessage(order);
    return promise.finally(() => {
      clearInterval(watch);
      worker.off('message', onMessage);
      worker.off('error', onError);
    });
  }

  #begin(): Worker {
    this.#window = new Window();
    const worker = new Worker(WORKER, {
      workerData: { module: this.#module, memory: this.#window.memory },
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMbMax },
    });
    // While there is no order nobody else listens.
    worker.on('error', () => {});
    return worker;
  }

  #watch(end: (broken: Broken) => void): NodeJS.Timeout {
    let count = this.#window.count;
    let since = performance.now();
    return setInterval(() => {
      const now = performance.now();
      if (this.#window.count !== count) {
        count = this.#window.count;
        since = now;
      } else if (count > 0 && now - since > this.#patienceMs) end(hung(this.#patienceMs));
    }, LOOK_MS);
  }
}
