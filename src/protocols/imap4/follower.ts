import { type ErrorCode, isPosthornError } from '#kernel';
import { tellSafeModSeq } from './safe-mod-seq.ts';
import type { Session } from './session.ts';

/** A client that waits to be told is told again so long after the storage was out of reach. */
const LOOK_AGAIN_MS = 1000;

/**
 * Tells a client what happens as it happens: in IDLE, and between its commands when it asked for that by NOTIFY. One run at a
 * time; hints that come meanwhile are looked at by the same run.
 */
export class Follower implements Disposable {
  readonly #session: Session;
  #idling = false;
  /** The client's next command is waited for. */
  #resting = false;
  #telling: Promise<void> | undefined;
  #lookAgain: Disposable | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** There may be something to tell: a client that waits for it is told at once. */
  wake(): void {
    if (!this.#listens) return;
    this.#telling ??= this.#follow().finally(() => {
      this.#telling = undefined;
    });
  }

  /** Tells until `endIdle`. */
  beginIdle(): void {
    this.#idling = true;
    this.wake();
  }

  /** Stops telling; resolves when nothing is being told any more. */
  async endIdle(): Promise<void> {
    this.#idling = false;
    await this.#settled();
  }

  /** Waits for the client's next command; one that asked for notifications is told meanwhile. */
  async rest<T>(wait: () => Promise<T>): Promise<T> {
    if (this.#session.notifications === undefined) return await wait();
    this.#resting = true;
    this.wake();
    try {
      return await wait();
    } finally {
      this.#resting = false;
      await this.#settled();
    }
  }

  /** Does something when nothing is being told: not in the middle of a response. */
  whenQuiet(run: () => void): void {
    if (this.#telling === undefined) run();
    else void this.#telling.then(run);
  }

  [Symbol.dispose](): void {
    this.#idling = false;
    this.#resting = false;
    this.#lookAgain?.[Symbol.dispose]();
  }

  get #listens(): boolean {
    return this.#idling || this.#resting;
  }

  async #settled(): Promise<void> {
    this.#lookAgain?.[Symbol.dispose]();
    await this.#telling;
  }

  async #follow(): Promise<void> {
    const session = this.#session;
    try {
      while (this.#listens && session.hasNews && !session.over && !session.stopping) {
        await session.tellNews(this.#idling || session.expungesAtAnyTime);
        tellSafeModSeq(session);
        if (session.connection.backlogged) await session.connection.drained();
      }
    } catch (error) {
      // Nothing was told of it: that begins only when all has been read, and then nothing of the store is asked any more.
      if (isPassing(error)) {
        session.log.debug({ err: error }, 'telling of changes is put off');
        this.#lookAgainLater();
        return;
      }
      session.log.error({ err: error }, 'telling of changes failed');
      session.bye('Something went wrong in the server', 'SERVERBUG');
    }
  }

  /** The client waits to be told, whether or not there will be another hint. */
  #lookAgainLater(): void {
    // What was told of the selected folder may not be all.
    if (this.#session.selected) this.#session.view.stale = true;
    this.#lookAgain?.[Symbol.dispose]();
    this.#lookAgain = this.#session.server.clock.after(LOOK_AGAIN_MS, () => this.wake());
  }
}

const PASSING: ReadonlySet<ErrorCode> = new Set([
  'unavailable',
  'deadline',
  'too-busy',
  'no-permission',
]);

/** Whether the storage is only out of reach for now; or rights went while it looked, and the next look finds nothing to read. */
function isPassing(error: unknown): boolean {
  return isPosthornError(error) && PASSING.has(error.code);
}
