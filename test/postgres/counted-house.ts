import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SmtpReceiver } from '#connectors';
import { Directory } from '#directory';
import { listen, silentLogger, systemClock } from '#kernel';
import { INBOX_ID, type MailboxId } from '#model';
import { ImapServer, Pop3Server } from '#protocols';
import { FileBlobs } from '#storage/blobs';
import { PostgresEngine } from '#storage/postgres';
import { Store } from '#store';
import { Transfer } from '#transfer';
import { freshDirectory } from '../../src/storage/fresh.conformance.ts';
import { sharedDatabase, type TestDatabase } from './database.ts';
import { WireCount } from './wire-count.ts';

export const DOMAIN = 'example.test';
export const PASSWORD = 'correct horse';
/** Contents of one command that fills a folder. */
const FILLED_AT_ONCE = 500;

/** Labels of what the engine says for itself, whatever is being counted. */
export const HINT = 'hint';
export const LOOK = 'look';

function labelOf(sql: string): string | undefined {
  if (sql.includes('pg_notify')) return HINT;
  const isLook =
    sql.startsWith('LISTEN') ||
    sql.includes("key = 'directory_version'") ||
    sql.startsWith('SELECT mailbox_id, modseq FROM mailbox WHERE mailbox_id = ANY') ||
    sql.includes('f.highest_modseq > w.modseq');
  return isLook ? LOOK : undefined;
}

export interface Ports {
  readonly smtp: number;
  readonly imap: number;
  readonly pop3: number;
}

interface Parts {
  readonly wire: WireCount;
  readonly directory: Directory;
  readonly store: Store;
  readonly transfer: Transfer;
  readonly ports: Ports;
  readonly elsewhere: Store;
  readonly database: TestDatabase;
  readonly schema: string;
}

/**
 * Two nodes on one PostgreSQL: one with its servers, on a single connection that goes by way of a `WireCount`, and one that
 * prepares, fills and delivers what the first one hears of, and is not counted.
 */
export class CountedHouse {
  readonly wire: WireCount;
  readonly directory: Directory;
  readonly store: Store;
  readonly transfer: Transfer;
  readonly ports: Ports;
  /** The store of the other node. */
  readonly elsewhere: Store;
  readonly database: TestDatabase;
  readonly schema: string;

  private constructor(parts: Parts) {
    this.wire = parts.wire;
    this.directory = parts.directory;
    this.store = parts.store;
    this.transfer = parts.transfer;
    this.ports = parts.ports;
    this.elsewhere = parts.elsewhere;
    this.database = parts.database;
    this.schema = parts.schema;
  }

  static async start(t: TestContext): Promise<CountedHouse> {
    const database = sharedDatabase()!;
    const url = new URL(database.freshSchemaUrl());
    const schema = url.searchParams.get('schema')!;
    const wire = await WireCount.start(database.port, labelOf);
    const dir = freshDirectory(t);
    const clock = systemClock;
    const blobs = new FileBlobs(join(dir, 'blobs'));
    const other = await PostgresEngine.open({ url: url.href, blobs, clock });
    url.port = String(wire.port);
    const limits = { connections: 1 };
    const engine = await PostgresEngine.open({ url: url.href, blobs, clock, limits });
    const directory = new Directory(engine, { clock });
    await directory.addDomain(DOMAIN);
    const store = new Store(engine, silentLogger);
    const elsewhere = new Store(other, silentLogger);
    const transfer = new Transfer(store, 'mail.example.test');
    const options = { hostname: 'mail.example.test', directory, clock, log: silentLogger };
    const smtp = new SmtpReceiver({ ...options, role: 'mx', transfer });
    const imap = new ImapServer({
      ...options,
      store,
      switchOffs: [],
      secureContext: undefined,
      limits: {},
    });
    const pop3 = new Pop3Server({ ...options, store, secureContext: undefined, limits: {} });
    const [smtpPort, imapPort, pop3Port] = await Promise.all(
      [smtp, imap, pop3].map((server) => open(t, server)),
    );
    t.after(async () => {
      for (const each of [store, elsewhere]) each[Symbol.dispose]();
      for (const each of [engine, other]) await each[Symbol.asyncDispose]();
      await wire[Symbol.asyncDispose]();
      await database.query(`drop schema "${schema}" cascade`);
      await database.disconnect();
      rmSync(dir, { recursive: true, force: true });
    });
    const ports = { smtp: smtpPort!, imap: imapPort!, pop3: pop3Port! };
    return new CountedHouse({
      wire,
      directory,
      store,
      transfer,
      ports,
      elsewhere,
      database,
      schema,
    });
  }

  /** Adds a mailbox with so many messages in its INBOX. */
  async addMailbox(address: string, messages: number, bytes: Buffer): Promise<MailboxId> {
    const { mailboxId } = await this.directory.addMailbox(address, { password: PASSWORD });
    await this.fill(mailboxId, messages, bytes);
    return mailboxId;
  }

  /** Puts messages into INBOX, by way of the other node. Each has a content of its own. */
  async fill(mailboxId: MailboxId, count: number, bytes: Buffer): Promise<void> {
    await using incoming = this.elsewhere.incoming();
    await incoming.write(bytes);
    const content = await incoming.finish();
    for (let left = count; left > 0; left -= FILLED_AT_ONCE) {
      const size = Math.min(left, FILLED_AT_ONCE);
      await this.elsewhere.ingest('the filling', {
        contents: Array.from({ length: size }, () => content),
        targets: Array.from({ length: size }, (_, index) => ({
          content: index,
          mailboxId,
          folderId: INBOX_ID,
          flags: 0,
          keywords: [],
          internalMs: 0,
          enforceQuota: false,
        })),
        tracking: [],
      });
    }
  }
}

interface Served {
  accept(socket: Socket): void;
  stop(graceMs: number): Promise<void>;
}

async function open(t: TestContext, server: Served): Promise<number> {
  const listener = await listen({
    name: 'counted',
    host: '127.0.0.1',
    port: 0,
    shared: false,
    onConnection: (socket) => server.accept(socket),
  });
  t.after(async () => {
    await server.stop(0);
    listener.close();
  });
  return listener.port;
}
