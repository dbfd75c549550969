import { setTimeout as sleep } from 'node:timers/promises';
import { ImapConnection } from './imap-connection.ts';
import { mailAt } from './mail.ts';
import type { Server } from './servers.ts';

/** Enough that some are in the thread that is busy, where a server has several. */
const READERS = 4;
const PAUSE_MS = 5;

/** Clients that ask for little all the time, and note how long they were kept waiting at most. */
export class Watchers implements AsyncDisposable {
  readonly #running: Promise<void>[] = [];
  #over = false;
  #noopMs = 0;
  #appendMs = 0;

  private constructor() {}

  /** Logs them in to a mailbox and lets them begin. */
  static async start(server: Server, user: string): Promise<Watchers> {
    const watchers = new Watchers();
    for (let index = 0; index < READERS; index++) {
      const client = await ImapConnection.login(server.imapPort, user, server.password);
      watchers.#repeat(client, async () => {
        const { ms } = await client.command('NOOP');
        watchers.#noopMs = Math.max(watchers.#noopMs, ms);
      });
    }
    const writer = await ImapConnection.login(server.imapPort, user, server.password);
    watchers.#repeat(writer, async () => {
      const startedMs = performance.now();
      await writer.append('INBOX', [mailAt(1, 20)]);
      watchers.#appendMs = Math.max(watchers.#appendMs, performance.now() - startedMs);
    });
    return watchers;
  }

  /** Resolves when each has had its last answer. */
  async stop(): Promise<{ readonly noopMs: number; readonly appendMs: number }> {
    this.#over = true;
    await Promise.all(this.#running);
    return { noopMs: this.#noopMs, appendMs: this.#appendMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #repeat(client: ImapConnection, ask: () => Promise<void>): void {
    const work = async (): Promise<void> => {
      using _client = client;
      do {
        await ask();
        await sleep(PAUSE_MS);
      } while (!this.#over);
    };
    this.#running.push(work());
  }
}
