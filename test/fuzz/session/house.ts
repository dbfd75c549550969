import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { pino } from 'pino';
import { type Account, Directory } from '#directory';
import { type Logger, systemClock } from '#kernel';
import { openSqlite } from '#storage/sqlite';
import { Store } from '#store';
import { ImapServer } from '../../../src/protocols/imap4/index.ts';

const DOMAIN = 'x.test';
/** A store is thrown away after so many mailboxes. */
const MAILBOXES_MAX = 400;
const QUOTA_BYTES = 200_000;

/** An IMAP server over an engine of its own, in this thread. Each run gets a fresh mailbox, whose user and password are `u` and `p`. */
export class House implements AsyncDisposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'posthorn-fuzz-'));
  readonly #engine = openSqlite(this.#dir, systemClock);
  readonly #directory = new Directory(this.#engine, { clock: systemClock });
  readonly #store = new Store(this.#engine, this.#logger());
  readonly server: ImapServer;
  #account: Account | undefined;
  #mailboxes = 0;
  /** What the server has logged of failures that nobody expected. */
  #errors: string[] = [];

  private constructor() {
    this.server = new ImapServer({
      hostname: 'h.test',
      directory: {
        // Hashing is not what is looked at here, and would take most of the time.
        verifyPassword: async (login, password) =>
          login === 'u' && password === 'p' ? this.#account : undefined,
        startSasl: (mechanism, channel) => this.#directory.startSasl(mechanism, channel),
        saslMechanisms: (channel) => this.#directory.saslMechanisms(channel),
        isSaslMechanism: (name) => this.#directory.isSaslMechanism(name),
        mailbox: (address) => this.#directory.mailbox(address),
        setQuota: (address, quota) => this.#directory.setQuota(address, quota),
      },
      store: this.#store,
      clock: systemClock,
      log: this.#logger(),
      limits: { authFailureDelayMs: 1, appendBytesMax: 100_000, contextsMax: 4 },
    });
  }

  static async open(): Promise<House> {
    const house = new House();
    await house.#directory.addDomain(DOMAIN);
    return house;
  }

  get usedUp(): boolean {
    return this.#mailboxes >= MAILBOXES_MAX;
  }

  /** Makes a mailbox, and lets `u` have it. */
  async freshMailbox(): Promise<void> {
    const address = `u${++this.#mailboxes}@${DOMAIN}`;
    const { mailboxId } = await this.#engine.execute<'add-mailbox'>('fuzz', {
      kind: 'add-mailbox',
      address,
      verifiers: undefined,
      // Copying all to where it is doubles it each time.
      quotaBytes: QUOTA_BYTES,
      folders: [{ name: 'Sent', specialUse: '\\Sent' }],
      nowMs: systemClock.now(),
    });
    this.#account = { mailboxId, address };
    this.#errors = [];
  }

  /** A connection to the server, in memory. */
  connect(): Duplex {
    const [ours, theirs] = duplexPair();
    const socket = Object.assign(theirs, {
      setNoDelay: () => socket,
      remoteAddress: '127.0.0.1',
      remotePort: 1,
      localPort: 143,
    }) as unknown as Socket;
    this.server.accept(socket);
    return ours;
  }

  /** The first failure that nobody expected, since the mailbox was made. */
  get failure(): Error | undefined {
    const [line] = this.#errors;
    if (line === undefined) return undefined;
    const { msg, err } = JSON.parse(line) as { msg: string; err?: { stack?: string } };
    const error = new Error(msg);
    if (err?.stack !== undefined) error.stack = `${msg}: ${err.stack}`;
    return error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop(0);
    this.#store[Symbol.dispose]();
    await this.#engine[Symbol.asyncDispose]();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #logger(): Logger {
    return pino({ level: 'error' }, { write: (line: string) => void this.#errors.push(line) });
  }
}
