import assert from 'node:assert/strict';
import { systemClock } from '#kernel';
import type { SmtpReply } from '#wire';
import { SmtpClient } from '../clients/smtp.ts';
import { eventually } from '../interop/program.ts';
import type { TestServer } from '../server.ts';
import { envelopeOf, messageOf, type Sent } from './load.ts';

/** A refused message is sent again after this. */
const PAUSE_MS = 50;
/** So long without a message taken, and the service does not come back by itself. */
const GIVES_UP_MS = 60_000;

type Answer = 'accepted' | 'refused' | 'unanswered';

/**
 * A load of senders that do not give up: a message that was refused for now (4xx), or whose connection broke before the answer,
 * is sent again until it is taken. Ids are those of `MailLoad`.
 */
export class PatientLoad implements Sent, Disposable {
  readonly sent = new Set<string>();
  readonly acknowledged = new Set<string>();
  readonly unanswered = new Map<string, number>();
  /** Replies that refused something for now, with how often each came. */
  readonly refusals = new Map<string, number>();
  /** When messages were acknowledged, on the monotonic clock. */
  readonly #acknowledgedMs: number[] = [];
  readonly #server: TestServer;
  readonly #addresses: readonly string[];
  readonly #spreadEvery: number;
  readonly #running: Promise<unknown>;
  #stopping = false;

  constructor(
    server: TestServer,
    options: {
      readonly addresses: readonly string[];
      readonly connections: number;
      /** Every so many-th message of a connection goes to two mailboxes. */
      readonly spreadEvery: number;
    },
  ) {
    this.#server = server;
    this.#addresses = options.addresses;
    this.#spreadEvery = options.spreadEvery;
    const connections = Array.from({ length: options.connections }, (_, connection) =>
      this.#run(connection),
    );
    this.#running = Promise.all(connections);
    // Whoever waits for more is told; until then nobody listens.
    this.#running.catch(() => {});
  }

  /** Resolves when so many more messages have been acknowledged. @throws when a sender failed, or none are for minutes */
  async untilMore(count: number): Promise<void> {
    const enough = this.acknowledged.size + count;
    const reached = eventually(
      `${count} more messages acknowledged`,
      () => this.#stopping || this.acknowledged.size >= enough || undefined,
      2 * GIVES_UP_MS,
    );
    await Promise.race([reached, this.#running]);
  }

  /** Sends no more messages; resolves when the last have been acknowledged. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** Lets it end, however the test does. */
  [Symbol.dispose](): void {
    this.#stopping = true;
  }

  /** The longest time in which no message was acknowledged. */
  get longestPauseMs(): number {
    return this.#acknowledgedMs.reduce(
      (most, atMs, index, all) => Math.max(most, index === 0 ? 0 : atMs - all[index - 1]!),
      0,
    );
  }

  async #run(connection: number): Promise<void> {
    let client = await this.#server.smtp();
    try {
      for (let number = 0; !this.#stopping; number++) {
        const { length } = this.#addresses;
        const mailboxes = [(connection + number) % length];
        if (number % this.#spreadEvery === this.#spreadEvery - 1)
          mailboxes.push((connection + number + 1) % length);
        const id = `p-${connection}-${number}-${mailboxes.join('+')}`;
        this.sent.add(id);
        const startedMs = performance.now();
        for (;;) {
          const answer = await this.#send(client, id, mailboxes);
          if (answer === 'accepted') break;
          if (answer === 'unanswered') this.unanswered.set(id, (this.unanswered.get(id) ?? 0) + 1);
          if (performance.now() - startedMs > GIVES_UP_MS) await this.#giveUp(id);
          await systemClock.sleep(PAUSE_MS);
          if (client.closed) client = await SmtpClient.hello({ port: this.#server.port('smtp') });
          else await client.command('RSET');
        }
        this.acknowledged.add(id);
        this.#acknowledgedMs.push(performance.now());
      }
    } finally {
      client.destroy();
    }
  }

  /** Says all that is known of why. */
  async #giveUp(id: string): Promise<never> {
    const { waits } = await this.#server.status();
    const refusals = [...this.refusals].map(([text, times]) => `${times} × ${text}`);
    const lines = waits.map(
      ({ thread, name, owner, sinceMs }) => `${thread} ${owner} ${name} ${sinceMs}`,
    );
    throw new Error(
      [`${id} is refused for ever:`, ...refusals, ...lines, this.#server.log].join('\n'),
    );
  }

  async #send(client: SmtpClient, id: string, mailboxes: readonly number[]): Promise<Answer> {
    const to = mailboxes.map((mailbox) => this.#addresses[mailbox]!);
    let isUnderWay = false;
    try {
      for (const line of envelopeOf(id, to))
        if (!this.#isTaken(id, await client.command(line))) return 'refused';
      isUnderWay = true;
      return this.#isTaken(id, await client.data(messageOf(id))) ? 'accepted' : 'refused';
    } catch (error) {
      if (!client.closed) throw error;
      return isUnderWay ? 'unanswered' : 'refused';
    }
  }

  #isTaken(id: string, { code, lines }: SmtpReply): boolean {
    if (code === 250) return true;
    const text = `${code} ${lines.join(' ')}`;
    assert.equal(Math.floor(code / 100), 4, `${id} is refused for good: ${text}`);
    this.refusals.set(text, (this.refusals.get(text) ?? 0) + 1);
    return false;
  }
}
