import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { eventually } from '../interop/program.ts';
import { copyRunning, own } from './base-backup.ts';
import { type Binaries, copyBinaries, describeBinaries, findBinaries } from './binaries.ts';
import { DATABASE, SUPERUSER, TestDatabase, USER } from './database.ts';
import { Guard } from './guard.ts';
import { childrenOf, signal, untilGone } from './processes.ts';
import { type ServerUser, serverUser } from './server-user.ts';

/** A server that takes longer to be there or to be gone hangs. */
const START_MS = 60_000;
const STOP_MS = 30_000;
/** Somebody else may take the port between the look and the start. */
const PORT_TRIES = 5;
/** The line of postmaster.pid in which the server says how far it is, counted from 0. */
const STATUS_LINE = 7;
const STOP_SIGNALS = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

type Settings = Readonly<Record<string, string>>;

const SETTINGS: Settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '64MB',
  wal_level: 'replica',
  max_wal_senders: '10',
  max_replication_slots: '10',
  hot_standby: 'on',
};
/** What costs time and saves only from the loss of power: a killed process leaves what it wrote with the system. */
const NOT_DURABLE: Settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export interface PostgresOptions {
  /** Syncs to the disk before it acknowledges, as in real use. Without, `kill9` and `immediate` lose what was acknowledged last. */
  readonly durable?: boolean;
  /** Lines of postgresql.conf, after those that tests want. */
  readonly settings?: Settings;
  /** The directory in which it makes one of its own; that of temporary files when not given. */
  readonly dir?: string;
  /** What to run, when it is not what `find` finds. */
  readonly binaries?: Binaries;
}

interface Parts {
  readonly port: number;
  readonly root: string;
  readonly binaries: Binaries;
  /** What `binaries` are a copy of, or the same. */
  readonly installed: Binaries;
  readonly user: ServerUser | undefined;
  readonly guard: Guard;
  readonly primary?: PrivatePostgres;
}

/**
 * A PostgreSQL of one's own on 127.0.0.1, in a temporary directory: started, stopped, killed, copied and promoted as a test
 * likes. Disposed, it is gone with its directory; so it is when the process that started it dies.
 */
export class PrivatePostgres extends TestDatabase {
  /** Holds `data`, the server's directory, and `log`. */
  readonly root: string;
  readonly binaries: Binaries;
  readonly #installed: Binaries;
  readonly #user: ServerUser | undefined;
  readonly #guard: Guard;
  readonly #primary: PrivatePostgres | undefined;
  #child: ChildProcess | undefined;
  #standbys = 0;

  private constructor(parts: Parts) {
    super(parts.port);
    this.root = parts.root;
    this.binaries = parts.binaries;
    this.#installed = parts.installed;
    this.#user = parts.user;
    this.#guard = parts.guard;
    this.#primary = parts.primary;
  }

  /** What `start` runs; undefined when this machine has no PostgreSQL that does. */
  static find(): Binaries | undefined {
    return findBinaries();
  }

  /** For the `skip` option of a test: why it cannot run, or false. */
  static missing(): string | false {
    return findBinaries() === undefined ? 'no PostgreSQL 15 or later runs here' : false;
  }

  /** Makes a cluster with the user and the database of Posthorn, and starts it. @throws with its log when it does not start */
  static async start(options: PostgresOptions = {}): Promise<PrivatePostgres> {
    const binaries = options.binaries ?? findBinaries();
    if (binaries === undefined) throw new Error('no PostgreSQL 15 or later runs here');
    for (let tries = 1; ; tries++) {
      const made = new PrivatePostgres(await prepare(binaries, options.dir));
      try {
        await made.#initialize(options);
        await made.#launch();
        await made.#makeDatabase();
        return made;
      } catch (error) {
        const portIsTaken = made.#portWasTaken;
        await made[Symbol.asyncDispose]();
        if (!portIsTaken || tries === PORT_TRIES) throw error;
      }
    }
  }

  /** The directory that PostgreSQL calls PGDATA. */
  get data(): string {
    return join(this.root, 'data');
  }

  /** What the server wrote, of all its runs. */
  get log(): string {
    const path = join(this.root, 'log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** The process id of the postmaster. */
  get pid(): number {
    if (!this.isRunning) throw new Error('this PostgreSQL does not run');
    return this.#child!.pid!;
  }

  /** Which PostgreSQL this is and where. */
  override toString(): string {
    return describeBinaries(this.#installed);
  }

  /**
   * Stops it. `smart` waits until all clients are gone, `fast` ends their sessions, `immediate` is a crash with a farewell: the
   * next start recovers from the log. @throws when it has not stopped after 30 s
   */
  async stop(mode: keyof typeof STOP_SIGNALS = 'fast'): Promise<void> {
    await this.disconnect();
    if (!this.isRunning) return;
    const child = this.#child!;
    child.ref();
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(STOP_MS) });
    child.kill(STOP_SIGNALS[mode]);
    try {
      await exited;
    } catch {
      child.unref();
      throw new Error(`PostgreSQL did not stop (${mode}) within ${STOP_MS} ms:\n${this.log}`);
    }
  }

  /** Ends the postmaster and all its children at once, as a crash of the machine does to processes. Waits until none is left. */
  async kill9(): Promise<void> {
    const { pid } = this;
    const child = this.#child!;
    child.ref();
    const exited = once(child, 'exit');
    // Held first, or it would start new children and tell the others while they are being counted.
    signal(pid, 'SIGSTOP');
    const all = [pid, ...childrenOf(pid)];
    for (const one of all) signal(one, 'SIGKILL');
    await exited;
    await untilGone(all);
    await this.disconnect();
  }

  /** Starts it again on its port and directory, after `stop` or `kill9`. @throws with its log when it does not start */
  async startAgain(): Promise<void> {
    if (this.isRunning) throw new Error('this PostgreSQL runs already');
    await this.#launch();
  }

  /**
   * A streaming standby of this server, on a copy of its directory and with a replication slot. With `synchronous`, the
   * primary acknowledges a commit only when the standby has written and flushed it.
   */
  async standby({ synchronous = false }: { synchronous?: boolean } = {}): Promise<PrivatePostgres> {
    const name = `standby_${++this.#standbys}`;
    await this.query('select pg_create_physical_replication_slot($1, true)', [name]);
    const made = new PrivatePostgres({ ...(await prepare(this.#installed)), primary: this });
    try {
      await copyRunning(this, this.data, made.data, made.#user);
      made.#configure({
        port: String(made.port),
        primary_conninfo: `host=127.0.0.1 port=${this.port} user=${SUPERUSER} application_name=${name}`,
        primary_slot_name: name,
      });
      // What was set by ALTER SYSTEM is the primary's own: whom it waits for, above all.
      for (const [file, text] of [['postgresql.auto.conf', ''] as const, ['standby.signal', '']]) {
        writeFileSync(join(made.data, file!), text!, { mode: 0o600 });
        own(join(made.data, file!), made.#user);
      }
      await made.#launch();
      if (synchronous) await this.#waitFor(name);
      await this.#untilStandby(name, synchronous ? 'sync' : 'async');
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Waits until this standby shows all that its primary has committed when this is called. */
  async caughtUp(): Promise<void> {
    const primary = this.#primary;
    if (primary === undefined) throw new Error('this PostgreSQL is no standby');
    const lsn = await primary.session(async (ask) => {
      // Commits that were not synced are still in the primary's memory; a commit that is takes them along.
      await ask('begin');
      await ask('set local synchronous_commit = local');
      await ask(`select pg_logical_emit_message(true, 'caught up', '')`);
      await ask('commit');
      const [now] = await ask<{ lsn: string }>('select pg_current_wal_flush_lsn() as lsn');
      return now!.lsn;
    });
    await eventually(`the standby at ${lsn}`, async () => {
      const [row] = await this.query<{ there: boolean }>(
        'select pg_last_wal_replay_lsn() >= $1::text::pg_lsn as there',
        [lsn],
      );
      return row!.there || undefined;
    });
  }

  /** Makes a standby a primary that takes writes. */
  async promote(): Promise<void> {
    const seconds = START_MS / 1000;
    const [row] = await this.query<{ promoted: boolean }>(
      `select pg_promote(true, ${seconds}) as promoted`,
    );
    if (!row!.promoted)
      throw new Error(`the standby was not promoted in ${seconds} s:\n${this.log}`);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) await this.kill9();
    await this.disconnect();
    rmSync(this.root, { recursive: true, force: true });
    this.#guard[Symbol.dispose]();
  }

  get #portWasTaken(): boolean {
    return this.log.includes('could not bind');
  }

  async #initialize({ durable = false, settings = {} }: PostgresOptions): Promise<void> {
    const failures: string[] = [];
    // Not every system has C.UTF-8; C with the encoding UTF8 is everywhere.
    for (const locale of ['C.UTF-8', 'C']) {
      const failure = await this.#initdb(locale, durable);
      if (failure === undefined) {
        this.#configure({ ...SETTINGS, ...(durable ? {} : NOT_DURABLE), ...settings });
        this.#configure({ port: String(this.port) });
        return;
      }
      failures.push(failure);
      rmSync(this.data, { recursive: true, force: true });
    }
    throw new Error(`initdb failed:\n${failures.join('\n')}`);
  }

  /** Gives what it said when it failed. */
  async #initdb(locale: string, durable: boolean): Promise<string | undefined> {
    const args = ['-D', this.data, '-U', SUPERUSER, '-E', 'UTF8', `--locale=${locale}`];
    args.push('--auth=trust', '--no-instructions', ...(durable ? [] : ['--no-sync']));
    const child = this.#spawn('initdb', args);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0 ? undefined : this.log;
  }

  /** Adds lines to postgresql.conf; of two for the same setting the last one counts. */
  #configure(settings: Settings): void {
    const lines = Object.entries(settings).map(
      ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`,
    );
    appendFileSync(join(this.data, 'postgresql.conf'), lines.join(''));
  }

  /** Starts the server and waits until it takes connections. */
  async #launch(): Promise<void> {
    const child = this.#spawn('postgres', ['-D', this.data]);
    this.#child = child;
    try {
      await eventually('a PostgreSQL that is ready', () => this.#isReady(child), START_MS);
    } catch (cause) {
      throw new Error(`PostgreSQL did not start:\n${this.log}`, { cause });
    }
    // A test that forgets to dispose it must still be able to end; then the guard ends the server.
    child.unref();
  }

  /** By its own word in postmaster.pid, as pg_ctl does it. @throws when it has ended */
  #isReady(child: ChildProcess): true | undefined {
    if (!this.isRunning) throw new Error('it ended');
    const path = join(this.data, 'postmaster.pid');
    if (!existsSync(path)) return undefined;
    const lines = readFileSync(path, 'utf8').split('\n');
    const isOfThisRun = Number(lines[0]) === child.pid;
    return (isOfThisRun && lines[STATUS_LINE]?.trim() === 'ready') || undefined;
  }

  /** Its output goes to the log; it is in a session of its own, so that Ctrl-C ends it only by way of the test. */
  #spawn(program: string, args: readonly string[]): ChildProcess {
    const log = openSync(join(this.root, 'log'), 'a');
    try {
      return spawn(join(this.binaries.bin, program), args, {
        stdio: ['ignore', log, log],
        cwd: this.root,
        env: { ...plainEnvironment(), ...this.binaries.env },
        detached: true,
        ...this.#user,
      });
    } finally {
      closeSync(log);
    }
  }

  /** The database does not exist yet, so the maintenance database is where to ask for it. */
  async #makeDatabase(): Promise<void> {
    await using maintenance = new TestDatabase(this.port, SUPERUSER);
    await maintenance.query(`create role ${USER} login`);
    await maintenance.query(`create database ${DATABASE} owner ${USER}`);
  }

  /** From now on commits wait for this standby. */
  async #waitFor(name: string): Promise<void> {
    await this.query(`alter system set synchronous_standby_names = '${name}'`);
    await this.query('alter system set synchronous_commit = on');
    await this.query('select pg_reload_conf()');
  }

  async #untilStandby(name: string, state: 'sync' | 'async'): Promise<void> {
    await eventually(`the standby ${name}, ${state}`, async () => {
      const rows = await this.query(
        `select from pg_stat_replication where application_name = $1 and state = 'streaming' and sync_state = $2`,
        [name, state],
      );
      return rows.length > 0 || undefined;
    });
  }
}

/** A port, a directory that the server may use, somebody who looks after both, and programs within reach. */
async function prepare(binaries: Binaries, dir = tmpdir()): Promise<Parts> {
  const user = serverUser();
  const port = await freePort();
  const root = mkdtempSync(join(dir, 'posthorn-postgres-'));
  const guard = new Guard(root);
  try {
    own(root, user);
    const reachable = binaries.outOfReach
      ? await copyBinaries(binaries, join(root, 'postgresql'))
      : binaries;
    return { port, root, binaries: reachable, installed: binaries, user, guard };
  } catch (error) {
    rmSync(root, { recursive: true, force: true });
    guard[Symbol.dispose]();
    throw error;
  }
}

/** The environment without what PostgreSQL's programs take from it (PGDATA, PGPORT …), in one language. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PG|LC_)/.test(name) && name !== 'NODE_TEST_CONTEXT',
  );
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' };
}
