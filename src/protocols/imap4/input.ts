import type { Connection } from '#kernel';
import { CommandReader, type ReaderResult } from '#wire';

/** A step of the client's input, whole. */
export type InputStep = Exclude<ReaderResult, { readonly kind: 'need-more' }>;

/** What the client sends, step by step; waits for the network where a step is not complete. */
export class Input {
  readonly reader = new CommandReader();
  readonly #connection: Connection;
  #waiting = false;
  #closed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether the session waits for the client right now. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /**
   * The next step; undefined at the end of the connection, after `close`, or when the client is silent too long. Then there
   * will be none any more.
   */
  async next(): Promise<InputStep | undefined> {
    for (;;) {
      // Whoever asks and takes no answer gets no further, also with what has come already.
      if (this.#connection.backlogged) await this.#drained();
      if (this.#closed) return undefined;
      const step = this.reader.next();
      if (step.kind !== 'need-more') return step;
      const chunk = await this.#read();
      if (chunk === undefined) this.#closed = true;
      else this.reader.push(chunk);
    }
  }

  /** Gives no more steps, even if a wait for one is under way. */
  close(): void {
    this.#closed = true;
  }

  async #read(): Promise<Buffer | undefined> {
    this.#waiting = true;
    const chunk = await this.#connection.read();
    this.#waiting = false;
    return chunk;
  }

  async #drained(): Promise<void> {
    this.#waiting = true;
    await this.#connection.drained();
    this.#waiting = false;
  }
}
