import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type AdminHost, callVerb } from '#admin';
import { Directory } from '#directory';
import { systemClock } from '#kernel';
import { lockDataDirectory } from '#storage/sqlite';
import type { ListenerName } from '../src/main/config.ts';
import { openEngine } from '../src/main/engine.ts';
import { notePlace, type Place, placeOf } from '../src/main/place.ts';
import { ENGINE, freshUrl } from '../src/storage/fresh.conformance.ts';
import { ImapClient } from './clients/imap.ts';
import { Pop3Client } from './clients/pop3.ts';
import { SmtpClient } from './clients/smtp.ts';
import { sharedDatabase } from './postgres/database.ts';

const BIN = resolve(import.meta.dirname, '../bin/posthorn.js');
/** A server that takes longer to start or stop hangs: the test ends and says so. */
const HANGS_MS = 60_000;
/** How long clients wait for an answer before they say that none came. */
const ANSWER_MS = 60_000;
const DOMAIN = 'example.test';

/** The password of every mailbox that `addMailboxes` makes. */
export const PASSWORD = 'correct horse';

export type ServerStatus = Awaited<ReturnType<AdminHost['status']>>;

/** Where the mail of a TestDirectory is, in a run on PostgreSQL; a schema of its own on the run's server when nothing is said. */
export type Mail =
  /** In the directory itself, whichever engine the run is about. */
  | 'embedded'
  /** The URL of another server, or of several hosts. */
  | { readonly engine: string }
  /** The directory is one more node of the same mail. */
  | { readonly sharedWith: TestDirectory };

/** For the `skip` option of a scenario of nodes, which need a PostgreSQL between them: why it cannot run, or false. */
export const skipWithoutPostgres =
  ENGINE === 'sqlite'
    ? 'the embedded engine has one node: POSTHORN_TEST_ENGINE=postgres'
    : sharedDatabase() === undefined && 'no PostgreSQL 15 or later runs here';

/**
 * A fresh directory that is gone with the test; `data` in it is for the server. In a run on PostgreSQL the mail is in a schema of its
 * own, and `data` says where.
 */
export class TestDirectory implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'posthorn-scenario-'));
  readonly data = join(this.root, 'data');

  constructor(mail?: Mail) {
    if (ENGINE === 'sqlite') return;
    mkdirSync(this.data, { recursive: true, mode: 0o700 });
    if (mail === 'embedded') return;
    const url = mail !== undefined && 'engine' in mail ? mail.engine : undefined;
    const place: Place =
      mail !== undefined && 'sharedWith' in mail
        ? placeOf(mail.sharedWith.data)
        : { kind: 'postgres', url: url ?? freshUrl(), blobs: join(this.data, 'blobs') };
    notePlace(this.data, place);
  }

  /** What the server's nodes share: a URL of PostgreSQL. */
  get engine(): string {
    const place = placeOf(this.data);
    assert.ok(place.kind === 'postgres', 'the mail is in PostgreSQL');
    return place.url;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Adds the domain and mailboxes m0, m1 … to the directory of a server that does not run; gives their addresses. */
export async function addMailboxes(data: string, count: number): Promise<readonly string[]> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  using _lock = lockDataDirectory(data);
  await using engine = await openEngine(data, placeOf(data));
  const directory = new Directory(engine, { clock: systemClock });
  await directory.addDomain(DOMAIN);
  const addresses = Array.from({ length: count }, (_, number) => `m${number}@${DOMAIN}`);
  await Promise.all(
    addresses.map((address) => directory.addMailbox(address, { password: PASSWORD })),
  );
  return addresses;
}

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function childEnvironment(): NodeJS.ProcessEnv {
  const { POSTHORN_DATA: _data, NODE_TEST_CONTEXT: _test, ...env } = process.env;
  return env;
}

/** Runs a command of the real launcher to its end. */
export async function posthorn(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [BIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: childEnvironment(),
    timeout: HANGS_MS,
  });
  const written = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written.err += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...written };
}

/** Runs `posthorn check`, which must find nothing; gives how many messages it saw. */
export async function checkIsClean(data: string): Promise<number> {
  const { code, out, err } = await posthorn('check', '--data', data);
  const match = /^([\d,]+) messages?, [\d,]+ contents? checked, no problems\n$/.exec(out);
  assert.ok(code === 0 && match !== null, `check: exit ${code}, ${out}${err}`);
  return Number(match[1]!.replaceAll(',', ''));
}

export interface ServerOptions {
  readonly data: string;
  /** Opened on free ports of 127.0.0.1; smtp, imap and pop3 when not given. */
  readonly listen?: readonly ListenerName[];
  /** What stands in the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Log lines that the scenario provokes; any other of level error makes the test fail. */
  readonly expectedErrors?: RegExp;
}

/** The real server, as a process of its own, with ways to reach it and to end it. */
export class TestServer implements AsyncDisposable {
  readonly data: string;
  /** From the start of the process to the line "ready". */
  readonly readyMs: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #log: readonly string[];
  readonly #expectedErrors: RegExp | undefined;
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(parts: {
    readonly options: ServerOptions;
    readonly child: ChildProcess;
    readonly exited: Promise<number | null>;
    readonly log: readonly string[];
    readonly ports: ReadonlyMap<string, number>;
    readonly readyMs: number;
  }) {
    this.data = parts.options.data;
    this.readyMs = parts.readyMs;
    this.#child = parts.child;
    this.#exited = parts.exited;
    this.#log = parts.log;
    this.#expectedErrors = parts.options.expectedErrors;
    this.#ports = parts.ports;
  }

  /** Starts a server and waits until it is ready. @throws with its log when it ends before, or hangs */
  static async start(options: ServerOptions): Promise<TestServer> {
    const startedMs = performance.now();
    const child = spawn(process.execPath, [BIN, ...argumentsOf(options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: childEnvironment(),
    });
    const exited = once(child, 'close').then(([code]) => code as number | null);
    const log: string[] = [];
    createInterface(child.stderr).on('line', (line) => log.push(line));
    const lines: string[] = [];
    const ready = Promise.withResolvers<boolean>();
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      if (line === 'ready') ready.resolve(true);
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), HANGS_MS);
    const isReady = await Promise.race([ready.promise, exited.then(() => false)]);
    clearTimeout(timer);
    if (!isReady) throw new Error(`the server did not become ready:\n${log.join('\n')}`);
    const readyMs = performance.now() - startedMs;
    return new TestServer({ options, child, exited, log, ports: portsOf(lines), readyMs });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What it wrote on stderr. */
  get log(): string {
    return this.#log.join('\n');
  }

  port(name: ListenerName): number {
    const port = this.#ports.get(name);
    assert.ok(port !== undefined, `the server printed no port of ${name}`);
    return port;
  }

  /** A connection that has said EHLO. */
  smtp(): Promise<SmtpClient> {
    return SmtpClient.hello({ port: this.port('smtp') });
  }

  /** A connection that is logged in. */
  async imap(address: string): Promise<ImapClient> {
    const client = await ImapClient.connect({ port: this.port('imap'), waitMs: ANSWER_MS });
    const { status, text } = await client.login(address, PASSWORD);
    assert.equal(status, 'OK', text);
    return client;
  }

  /** A connection that is logged in. */
  async pop3(address: string): Promise<Pop3Client> {
    const client = await Pop3Client.connect({ port: this.port('pop3'), timeoutMs: ANSWER_MS });
    await client.login(address, PASSWORD);
    return client;
  }

  /** What `posthorn status` tells. */
  async status(): Promise<ServerStatus> {
    const status = await callVerb(this.data, 'status', {});
    assert.ok(status !== undefined, 'the server answers on its control socket');
    return status;
  }

  /** Waits until the server has no sessions of these protocols left, and no connection of one that its peer is still given time to take. */
  async untilNone(...protocols: readonly string[]): Promise<void> {
    const deadlineMs = performance.now() + HANGS_MS;
    for (;;) {
      const { sessions, waits } = await this.status();
      const theirs = waits.filter(({ owner }) => protocols.includes(owner.split(' ')[0]!));
      if (theirs.length === 0 && protocols.every((protocol) => sessions[protocol] === 0)) return;
      const left = JSON.stringify({ sessions, theirs });
      assert.ok(performance.now() < deadlineMs, `sessions stay: ${left}`);
      await systemClock.sleep(20);
    }
  }

  /** Stops it by SIGTERM, which must end with exit code 0; gives the milliseconds it took. */
  async stop(): Promise<number> {
    const startedMs = performance.now();
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), HANGS_MS);
    const code = await this.#exited;
    clearTimeout(timer);
    assert.equal(code, 0, `exit code after SIGTERM; its log: ${this.log}`);
    this.assertSane();
    return performance.now() - startedMs;
  }

  /** Kills it at once. */
  async kill9(): Promise<void> {
    assert.equal(this.#child.exitCode, null, `the server ended by itself: ${this.log}`);
    this.#child.kill('SIGKILL');
    await this.#exited;
    this.assertSane();
  }

  /** Fails when it ended by itself or its log has an error that the scenario did not provoke. */
  assertSane(): void {
    const bad = this.#log.filter((line) => isFault(line) && !this.#expectedErrors?.test(line));
    assert.deepEqual(bad, [], 'the log has errors');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await this.#exited;
    }
    this.assertSane();
  }
}

function argumentsOf({ data, listen = ['smtp', 'imap', 'pop3'], config }: ServerOptions): string[] {
  const args = ['start', '--data', data, '--listen'];
  for (const name of listen) args.push(`${name}=127.0.0.1:0`);
  if (config === undefined) return args;
  const file = `${data}.json`;
  writeFileSync(file, JSON.stringify(config));
  return [...args, '--config', file];
}

/** The table that a server prints at its start: name, address, remark. */
function portsOf(lines: readonly string[]): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  for (const line of lines) {
    const match = /^ {2}(\w+) +127\.0\.0\.1:(\d+) /.exec(line);
    if (match !== null) ports.set(match[1]!, Number(match[2]));
  }
  return ports;
}

const PINO_ERROR = 50;

/** A log line of level error and above, or one that is none: then the runtime wrote it. */
function isFault(line: string): boolean {
  try {
    return (JSON.parse(line) as { level: number }).level >= PINO_ERROR;
  } catch {
    return true;
  }
}
