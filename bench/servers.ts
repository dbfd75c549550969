import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { callVerb } from '../src/admin/index.ts';
import { notePlace } from '../src/main/place.ts';
import { freePort } from '../test/free-port.ts';
import { PrivatePostgres } from '../test/postgres/private-postgres.ts';

const run = promisify(execFile);
const POSTHORN = join(resolve(import.meta.dirname, '..'), 'bin/posthorn.js');
export const DOMAIN = 'test.local';
export const PASSWORD = 'pass';

/** A server under measurement: where it listens, and mailboxes in it that are empty. */
export interface Server extends AsyncDisposable {
  readonly name: string;
  readonly version: string;
  readonly smtpPort: number;
  /** Takes mail and answers when it is in the mailbox: by SMTP, or by LMTP where SMTP has a queue behind it. */
  readonly delivery: { readonly port: number; readonly protocol: 'SMTP' | 'LMTP' };
  readonly imapPort: number;
  readonly pop3Port: number;
  readonly password: string;
  /** Sessions that it can hold as it is set up here. */
  readonly sessionsMax: number;
  /** Makes mailboxes with these local parts; gives their addresses. */
  addMailboxes(locals: readonly string[]): Promise<readonly string[]>;
  /** The processes that it consists of, without their children. */
  processes(): readonly number[];
  /** Ends it in good order; what it has stored stays. */
  stop(): Promise<void>;
  /** Starts it again on what it has stored. */
  start(): Promise<void>;
}

/** Starts Posthorn on a fresh data directory, as a user would: the mail is in it. */
export async function startPosthorn(): Promise<Server> {
  const server = new Posthorn('posthorn', `Node ${process.version}`);
  await server.open();
  return server;
}

/** Starts Posthorn on a PostgreSQL of its own that keeps what it acknowledged (fsync), with settings as it is installed. */
export async function startPosthornOnPostgres(): Promise<Server> {
  const settings = { shared_buffers: '512MB', max_wal_size: '4GB' };
  const dir = process.env['BENCH_DIR'] ?? tmpdir();
  const postgres = await PrivatePostgres.start({ durable: true, settings, dir });
  const version = `Node ${process.version}, ${postgres}, ${JSON.stringify(settings)}`;
  const server = new Posthorn('posthorn on PostgreSQL', version, postgres);
  await server.open();
  return server;
}

class Posthorn implements Server {
  readonly name: string;
  readonly version: string;
  readonly password = PASSWORD;
  readonly sessionsMax = 10_000;
  smtpPort = 0;
  imapPort = 0;
  pop3Port = 0;
  readonly #postgres: PrivatePostgres | undefined;
  readonly #dataDir: string;
  #child: ChildProcess | undefined;

  constructor(name: string, version: string, postgres?: PrivatePostgres) {
    this.name = name;
    this.version = version;
    this.#postgres = postgres;
    this.#dataDir = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'posthorn-bench-'));
    if (postgres === undefined) return;
    const place = { kind: 'postgres', url: postgres.freshSchemaUrl(), blobs: undefined } as const;
    notePlace(this.#dataDir, place);
  }

  get delivery(): Server['delivery'] {
    return { port: this.smtpPort, protocol: 'SMTP' };
  }

  async open(): Promise<void> {
    const args = [POSTHORN, 'domain', 'add', DOMAIN, '--data', this.#dataDir];
    await run(process.execPath, args);
    this.smtpPort = await freePort();
    this.imapPort = await freePort();
    this.pop3Port = await freePort();
    await this.start();
  }

  async start(): Promise<void> {
    const ports = { smtp: this.smtpPort, imap: this.imapPort, pop3: this.pop3Port };
    const listen = Object.entries(ports).flatMap(([name, port]) => [
      '--listen',
      `${name}=127.0.0.1:${port}`,
    ]);
    const flags = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
    const args = [...flags, POSTHORN, 'start', '--data', this.#dataDir, ...listen];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await ready(this.#child);
  }

  async addMailboxes(locals: readonly string[]): Promise<readonly string[]> {
    const addresses = locals.map((local) => `${local}@${DOMAIN}`);
    for (const address of addresses)
      await callVerb(this.#dataDir, 'mailbox add', { address, password: PASSWORD });
    return addresses;
  }

  processes(): readonly number[] {
    return [this.#child!.pid!, ...(this.#postgres === undefined ? [] : [this.#postgres.pid])];
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#dataDir, { recursive: true, force: true });
    await this.#postgres?.[Symbol.asyncDispose]();
  }
}

async function ready(child: ChildProcess): Promise<void> {
  let text = '';
  for await (const chunk of child.stdout!) {
    text += chunk;
    if (text.endsWith('ready\n')) break;
  }
  if (!text.endsWith('ready\n')) throw new Error(`posthorn did not start: ${text}`);
}
