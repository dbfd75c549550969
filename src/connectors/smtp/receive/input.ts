import type { Clock, Connection } from '#kernel';
import { type LineFault, LineReader } from '#wire';
import { AUTH_LINE_BYTES_MAX, type ReceiveLimits } from './limits.ts';

/** What the client sends: command lines, and between them mail data, each with its deadline. */
export class Input {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #limits: ReceiveLimits;
  readonly #lines = new LineReader(AUTH_LINE_BYTES_MAX);
  #lineDeadlineMs = 0;
  #dataSinceMs = 0;
  #dataBytes = 0;
  #tooSlow = false;

  constructor(connection: Connection, clock: Clock, limits: ReceiveLimits) {
    this.#connection = connection;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Whether the client was given up for its silence or slowness. */
  get timedOut(): boolean {
    return this.#connection.timedOut || this.#tooSlow;
  }

  /** The next line that is there already; undefined when `awaitLine` must bring more. */
  line(): Buffer | LineFault | undefined {
    return this.#lines.next();
  }

  /**
   * Waits for more of a line; false at the end. The whole line has one deadline, so that a client that sends it byte by
   * byte cannot hold the session for ever.
   */
  async awaitLine(): Promise<boolean> {
    const nowMs = this.#clock.now();
    if (!this.#lines.pending) this.#lineDeadlineMs = nowMs + this.#limits.commandTimeoutMs;
    else if (nowMs >= this.#lineDeadlineMs) this.#tooSlow = true;
    if (this.#tooSlow) return false;
    this.#connection.idleTimeoutMs = this.#lineDeadlineMs - nowMs;
    const chunk = await this.#connection.read();
    if (chunk === undefined) return false;
    this.#lines.push(chunk);
    return true;
  }

  /** Begins to read mail data. */
  beginData(): void {
    this.#dataSinceMs = this.#clock.now();
    this.#dataBytes = 0;
  }

  /** Bytes of mail data that came along with the command already; undefined when there are none. */
  dataAtHand(): Buffer | undefined {
    const rest = this.#lines.takeRest();
    if (rest !== undefined) this.#dataBytes += rest.length;
    return rest;
  }

  /** Waits for more mail data; undefined at the end, or when the client is silent or too slow. */
  async awaitData(): Promise<Buffer | undefined> {
    const { dataTimeoutMs, dataBytesPerSecondMin } = this.#limits;
    const allowedMs = dataTimeoutMs + (this.#dataBytes * 1000) / dataBytesPerSecondMin;
    if (this.#clock.now() - this.#dataSinceMs > allowedMs) {
      this.#tooSlow = true;
      return undefined;
    }
    this.#connection.idleTimeoutMs = dataTimeoutMs;
    const chunk = await this.#connection.read();
    if (chunk !== undefined) this.#dataBytes += chunk.length;
    return chunk;
  }

  /** Gives back what stood behind the mail data: the next commands. */
  endData(rest: Buffer): void {
    this.#lines.push(rest);
  }

  /** Drops whatever has come (RFC 3207 §4.2). */
  clear(): void {
    this.#lines.clear();
  }
}
