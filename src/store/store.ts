import type { Logger } from '#kernel';
import { type MailboxId, SERVER_ID } from '#model';
import type {
  Annotation,
  AnnotationChanges,
  AnnotationQuery,
  CleanedUp,
  Engine,
  Ingest,
  Ingested,
  Problem,
} from '#storage';
import { Hub } from './hub.ts';
import { Incoming } from './incoming.ts';
import { ingest } from './ingest.ts';
import { KeptFolders } from './kept-folders.ts';
import { Mailbox } from './mailbox.ts';

/** Orphaned contents removed in one transaction of the background cleanup. */
const CLEAN_UP_AT_ONCE = 500;
/** Blobs looked up in one read. */
const STRAYS_AT_ONCE = 500;
/** Changes of a mailbox that the log keeps for clients that come back. */
const KEEP_CHANGES = 100_000;

/** How long tracking is kept (30 days, as administrators know it). */
const KEEP_TRACKING_MS = 30 * 86_400_000;

/** The Information Store of one thread. */
export class Store implements Disposable {
  readonly #engine: Engine;
  readonly #hub: Hub;
  readonly #kept: KeptFolders;

  constructor(engine: Engine, log: Logger) {
    this.#engine = engine;
    this.#hub = new Hub(engine, (error) =>
      log.error({ err: error }, 'a change listener failed and was dropped'),
    );
    this.#kept = new KeptFolders(engine, this.#hub);
  }

  /**
   * Begins to collect a message; `prefix` is a wire string that is put before it (trace fields). From `spillsFromBytes` on it is not
   * kept in memory: by default the size that makes a body a blob.
   */
  incoming(prefix = '', spillsFromBytes?: number): Incoming {
    return new Incoming(this.#engine.blobs, prefix, spillsFromBytes);
  }

  /** Opens a mailbox for a session; `owner` names the session where it waits. */
  openMailbox(mailboxId: MailboxId, owner: string): Mailbox {
    return new Mailbox(mailboxId, {
      owner,
      engine: this.#engine,
      hub: this.#hub,
      kept: this.#kept,
    });
  }

  /** The single way in: stores contents in folders with their tracking, in one commit. Resolves when it is durable. */
  ingest(owner: string, command: Omit<Ingest, 'kind'>): Promise<Ingested> {
    return ingest(this.#engine, owner, command);
  }

  /** The server's annotations as a viewer sees them: everybody's and its own, by entry. */
  async serverAnnotations(
    query: Omit<AnnotationQuery, 'mailboxId' | 'folderId'>,
  ): Promise<readonly Omit<Annotation, 'folderId'>[]> {
    const { read } = this.#engine;
    const [own, shared] = await Promise.all([
      read.annotations({ ...query, mailboxId: query.viewerId, folderId: SERVER_ID }),
      read.serverAnnotations(query),
    ]);
    return [...own, ...shared];
  }

  /** Annotates the server, all or nothing; who may is for the caller to know. @throws {no-mailbox}, {too-many} */
  async setServerAnnotations(owner: string, changes: AnnotationChanges): Promise<void> {
    await this.#engine.execute<'set-server-annotations'>(owner, {
      kind: 'set-server-annotations',
      ...changes,
    });
  }

  /** Calls back with a hint after each commit that concerns the directory or the server's annotations, until disposed. */
  watchDirectory(listener: () => void): Disposable {
    return this.#hub.watchDirectory(listener);
  }

  /** One step of the background cleanup; true when there is more to do. Without `nowMs` all tracking is kept. */
  async cleanUp(nowMs?: number): Promise<boolean> {
    const cleaned: CleanedUp = await this.#engine.execute<'clean-up'>('background cleanup', {
      kind: 'clean-up',
      contentsMax: CLEAN_UP_AT_ONCE,
      keepChanges: KEEP_CHANGES,
      ...(nowMs === undefined ? {} : { trackingBeforeMs: nowMs - KEEP_TRACKING_MS }),
    });
    for (const blob of cleaned.blobs) await this.#engine.blobs.remove(blob);
    return cleaned.more;
  }

  /**
   * Removes blobs from before `finishedBeforeMs` that nothing refers to: their commit was refused, or the process ended
   * in between. Later ones may still be on their way to a commit. Ends early, having removed some, when `signal` says so.
   */
  async removeStrayBlobs(finishedBeforeMs: number, signal?: AbortSignal): Promise<number> {
    const { blobs, read } = this.#engine;
    let removed = 0;
    let batch: string[] = [];
    const flush = async (): Promise<void> => {
      for (const blob of await read.strayBlobs(batch)) {
        await blobs.remove(blob);
        removed++;
      }
      batch = [];
    };
    for await (const { blob, finishedAtMs } of blobs.list()) {
      if (signal?.aborted) return removed;
      if (finishedAtMs < finishedBeforeMs) batch.push(blob);
      if (batch.length === STRAYS_AT_ONCE) await flush();
    }
    await flush();
    return removed;
  }

  /** Verifies everything that is stored. */
  check(progress?: (done: number, total: number) => void): AsyncIterable<Problem> {
    return this.#engine.read.check(progress);
  }

  get watches(): number {
    return this.#hub.watches;
  }

  [Symbol.dispose](): void {
    this.#hub[Symbol.dispose]();
  }
}
