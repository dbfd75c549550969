import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { type ErrorCode, PosthornError, waits } from '#kernel';
import { FileBlobs } from '../blobs/files.ts';
import { CommitCounts } from './commit-counts.ts';
import { BLOB_DIRECTORY, type WriterWay } from './engine.ts';
import type { WriterNews, WriterOrder, WriterSetup } from './writer-thread.ts';

/** Grown by a burst of mail it stays as large as it became; without a bound of its own that is what V8 allows, tens of megabytes. */
const YOUNG_GENERATION_MB_MAX = 12;

/** The writer's thread as the main thread holds it. */
export class WriterThread {
  readonly #worker: Worker;
  readonly #commits: SharedArrayBuffer;
  readonly #exited: Promise<void>;

  private constructor(worker: Worker, commits: SharedArrayBuffer) {
    this.#worker = worker;
    this.#commits = commits;
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()));
  }

  /** Starts the thread, opens the database in it and removes what a killed server left behind. @throws {format-newer}, {corrupt}, … as the writer does */
  static async start(dir: string, onFailure: (error: Error) => void): Promise<WriterThread> {
    const { memory } = new CommitCounts();
    const workerData: WriterSetup = { dir, commits: memory };
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData,
      name: 'writer',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB_MAX },
    });
    const thread = new WriterThread(worker, memory);
    const opened = new Promise<WriterNews>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    try {
      const news = await waits.track('the writer to open the database', 'main', 120_000, opened);
      if (news.kind === 'refused') throw new PosthornError(news.code as ErrorCode, news.message);
      worker.on('error', onFailure);
      // Nobody else writes here: whatever is unfinished is of a process that ended.
      await new FileBlobs(join(dir, BLOB_DIRECTORY)).removeUnfinished(Number.POSITIVE_INFINITY);
      return thread;
    } catch (error) {
      // It would keep the process and the database.
      await worker.terminate();
      throw error;
    }
  }

  /** Makes a way for a further thread. */
  attach(): WriterWay {
    const { port1, port2 } = new MessageChannel();
    const order: WriterOrder = { kind: 'attach', port: port1 };
    this.#worker.postMessage(order, [port1]);
    return { port: port2, commits: this.#commits };
  }

  /** Lets the writer do what is queued, fold its log in and end. */
  async close(): Promise<void> {
    const order: WriterOrder = { kind: 'close' };
    this.#worker.postMessage(order);
    await this.#exited;
  }
}
