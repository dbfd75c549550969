import assert from 'node:assert/strict';
import type { SmtpReply } from '#wire';
import type { SmtpClient } from '../clients/smtp.ts';
import type { TestServer } from '../server.ts';
import type { Message } from './inbox.ts';

/** Every so many-th message of a connection is large enough to be kept as a file outside the database. */
const LARGE_EVERY = 25;
const LARGE_BYTES = 300 * 1024;
const SMALL_BYTES = 900;

/** The one message that has an id; the same bytes every time. */
export function messageOf(id: string): Buffer {
  const large = Number(id.split('-')[2]) % LARGE_EVERY === LARGE_EVERY - 1;
  const head = `From: <${id}@load.example>\r\nSubject: ${id}\r\nMessage-ID: <${id}@load.example>\r\n\r\n`;
  const body = Buffer.alloc(large ? LARGE_BYTES : SMALL_BYTES, `${id} was here.\r\n`);
  return Buffer.concat([Buffer.from(head), body, Buffer.from('\r\n')]);
}

/**
 * Connections that send one message after the other, each with an id of its own, until they are broken off or told to
 * stop. Ids are `name-connection-number-mailbox`.
 */
export class MailLoad {
  /** Ids of the messages that were begun. */
  readonly sent = new Set<string>();
  /** Ids of the messages that were answered 250. */
  readonly acknowledged = new Set<string>();
  readonly #name: string;
  readonly #addresses: readonly string[];
  readonly #running: Promise<unknown>;
  #stopping = false;
  #watch: { readonly count: number; readonly reached: () => void } | undefined;

  /** @param name must be another one for every load on the same mailboxes */
  constructor(
    server: TestServer,
    options: {
      readonly name: string;
      readonly addresses: readonly string[];
      readonly connections: number;
    },
  ) {
    this.#name = options.name;
    this.#addresses = options.addresses;
    const connections = Array.from({ length: options.connections }, (_, connection) =>
      this.#run(server, connection),
    );
    this.#running = Promise.all(connections);
  }

  /** Resolves when so many messages have been acknowledged, or no connection is left. */
  async untilAcknowledged(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watch = { count, reached: resolve };
    await Promise.race([promise, this.#running]);
  }

  /** Sends no more; resolves when every connection has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** Resolves when the server has ended every connection. */
  async untilBroken(): Promise<void> {
    await this.#running;
  }

  async #run(server: TestServer, connection: number): Promise<void> {
    await using client = await server.smtp();
    for (let number = 0; !this.#stopping && !client.closed; number++) {
      const mailbox = (connection + number) % this.#addresses.length;
      const id = `${this.#name}-${connection}-${number}-${mailbox}`;
      this.sent.add(id);
      if (!(await isAccepted(client, id, this.#addresses[mailbox]!))) continue;
      this.acknowledged.add(id);
      if (this.acknowledged.size === this.#watch?.count) this.#watch.reached();
    }
  }
}

/** False when the connection breaks off, or the server says that it is about to. */
async function isAccepted(client: SmtpClient, id: string, address: string): Promise<boolean> {
  try {
    for (const line of [`MAIL FROM:<${id}@load.example>`, `RCPT TO:<${address}>`])
      if (!isOk(id, await client.command(line))) return false;
    return isOk(id, await client.data(messageOf(id)));
  } catch (error) {
    if (client.closed) return false;
    throw error;
  }
}

/** While the server runs it takes everything; only when it stops it may refuse. */
function isOk(id: string, { code, lines }: SmtpReply): boolean {
  assert.ok(code === 250 || code === 421, `${id} was answered ${code} ${lines.join(' ')}`);
  return code === 250;
}

/** What loads have sent and the server has shown to have. */
export class Ledger {
  readonly #sent = new Set<string>();
  readonly #acknowledged = new Set<string>();
  readonly #found = new Set<string>();

  /** Takes up what a load has sent; call it when the load has ended. */
  add(load: MailLoad): void {
    for (const id of load.sent) this.#sent.add(id);
    for (const id of load.acknowledged) this.#acknowledged.add(id);
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Messages that were found; more than were acknowledged when an answer was cut off. */
  get found(): number {
    return this.#found.size;
  }

  /** Forgets what was found, to look through the mailboxes once more. */
  recount(): void {
    this.#found.clear();
  }

  /** Notes messages of a mailbox: sent to it, not seen before, and with the bytes that were sent. */
  find(mailbox: number, messages: readonly Message[]): void {
    for (const { sender, bytes } of messages) {
      const id = sender.split('@')[0]!;
      assert.ok(this.#sent.has(id), `${id} was sent`);
      assert.ok(!this.#found.has(id), `${id} is there once`);
      assert.equal(Number(id.split('-')[3]), mailbox, `${id} is in its mailbox`);
      assert.ok(bytes.equals(messageOf(id)), `${id} is as it was sent`);
      this.#found.add(id);
    }
  }

  /** Every message that was acknowledged has been found. */
  assertComplete(): void {
    const lost = [...this.#acknowledged].filter((id) => !this.#found.has(id));
    assert.deepEqual(lost, [], 'acknowledged and lost');
  }
}
