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
 * stop. Ids are `name-connection-number-mailboxes`, the last with "+" between them.
 */
export class MailLoad implements Disposable {
  /** Ids of the messages that were begun. */
  readonly sent = new Set<string>();
  /** Ids of the messages that were answered 250. */
  readonly acknowledged = new Set<string>();
  readonly #name: string;
  readonly #addresses: readonly string[];
  readonly #spreadEvery: number;
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
      /** Every so many-th message of a connection goes to two mailboxes; none when not given. */
      readonly spreadEvery?: number;
    },
  ) {
    this.#name = options.name;
    this.#spreadEvery = options.spreadEvery ?? Number.POSITIVE_INFINITY;
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

  /** Lets it end, however the test does. */
  [Symbol.dispose](): void {
    this.#stopping = true;
  }

  /** Resolves when the server has ended every connection. */
  async untilBroken(): Promise<void> {
    await this.#running;
  }

  async #run(server: TestServer, connection: number): Promise<void> {
    await using client = await server.smtp();
    for (let number = 0; !this.#stopping && !client.closed; number++) {
      const { length } = this.#addresses;
      const mailboxes = [(connection + number) % length];
      if (number % this.#spreadEvery === this.#spreadEvery - 1)
        mailboxes.push((connection + number + 1) % length);
      const id = `${this.#name}-${connection}-${number}-${mailboxes.join('+')}`;
      this.sent.add(id);
      const to = mailboxes.map((mailbox) => this.#addresses[mailbox]!);
      if (!(await isAccepted(client, id, to))) continue;
      this.acknowledged.add(id);
      if (this.acknowledged.size === this.#watch?.count) this.#watch.reached();
    }
  }
}

/** False when the connection breaks off, or the server says that it is about to. */
async function isAccepted(client: SmtpClient, id: string, to: readonly string[]): Promise<boolean> {
  try {
    for (const line of envelopeOf(id, to)) if (!isOk(id, await client.command(line))) return false;
    return isOk(id, await client.data(messageOf(id)));
  } catch (error) {
    if (client.closed) return false;
    throw error;
  }
}

/** The commands before DATA. */
export function envelopeOf(id: string, to: readonly string[]): readonly string[] {
  return [`MAIL FROM:<${id}@load.example>`, ...to.map((address) => `RCPT TO:<${address}>`)];
}

/** While the server runs it takes everything; only when it stops it may refuse. */
function isOk(id: string, { code, lines }: SmtpReply): boolean {
  assert.ok(code === 250 || code === 421, `${id} was answered ${code} ${lines.join(' ')}`);
  return code === 250;
}

/** What a load has done. */
export interface Sent {
  /** Ids of the messages that were begun. */
  readonly sent: Iterable<string>;
  /** Ids of the messages that were answered 250. */
  readonly acknowledged: Iterable<string>;
  /** How often a message was sent again because no answer came: so often it may be there once more. */
  readonly unanswered?: ReadonlyMap<string, number>;
}

const mailboxesOf = (id: string): readonly number[] => id.split('-')[3]!.split('+').map(Number);

/** What loads have sent and the server has shown to have. */
export class Ledger {
  readonly #sent = new Set<string>();
  readonly #acknowledged = new Set<string>();
  readonly #unanswered = new Map<string, number>();
  /** Copies found, by id and mailbox. */
  readonly #copies = new Map<string, number>();
  #found = 0;

  /** Takes up what a load has sent; call it when the load has ended. */
  add(load: Sent): void {
    for (const id of load.sent) this.#sent.add(id);
    for (const id of load.acknowledged) this.#acknowledged.add(id);
    for (const [id, times] of load.unanswered ?? []) this.#unanswered.set(id, times);
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Copies that were found; more than were acknowledged when an answer was cut off. */
  get found(): number {
    return this.#found;
  }

  /** Copies beyond the first of messages that were sent again because no answer came. */
  get doubled(): number {
    return this.#found - this.#copies.size;
  }

  /** Forgets what was found, to look through the mailboxes once more. */
  recount(): void {
    this.#copies.clear();
    this.#found = 0;
  }

  /** Notes messages of a mailbox: sent to it, not seen before, and with the bytes that were sent. */
  find(mailbox: number, messages: readonly Message[]): void {
    for (const { sender, bytes } of messages) {
      const id = sender.split('@')[0]!;
      assert.ok(this.#sent.has(id), `${id} was sent`);
      assert.ok(mailboxesOf(id).includes(mailbox), `${id} is in its mailbox`);
      const copies = (this.#copies.get(keyOf(id, mailbox)) ?? 0) + 1;
      const most = 1 + (this.#unanswered.get(id) ?? 0);
      assert.ok(copies <= most, `${id} is there ${most === 1 ? 'once' : `${most} times at most`}`);
      assert.ok(bytes.equals(messageOf(id)), `${id} is as it was sent`);
      this.#copies.set(keyOf(id, mailbox), copies);
      this.#found++;
    }
  }

  /** Every message that was acknowledged has been found, and what is in one mailbox is in all that it was sent to. */
  assertComplete(): void {
    const missing = (id: string): readonly number[] =>
      mailboxesOf(id).filter((mailbox) => !this.#copies.has(keyOf(id, mailbox)));
    const lost = [...this.#acknowledged].filter((id) => missing(id).length > 0);
    assert.deepEqual(lost, [], 'acknowledged and lost');
    const parted = [...this.#sent].filter(
      (id) => missing(id).length > 0 && missing(id).length < mailboxesOf(id).length,
    );
    assert.deepEqual(parted, [], 'in some of its mailboxes only');
  }
}

function keyOf(id: string, mailbox: number): string {
  return `${id} in ${mailbox}`;
}
