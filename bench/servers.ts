import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { notePlace } from '../src/main/place.ts';
import { PrivatePostgres } from '../test/postgres/private-postgres.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '..');
const POSTHORN = join(ROOT, 'bin/posthorn.js');
const PEER_SCRIPT =
  process.env['POSTHORN_PEER_SCRIPT'] ?? join(ROOT, '../shared/peers/postfix-dovecot.sh');
const DOMAIN = 'test.local';
const PASSWORD = 'pass';

/** A server under measurement: where it listens, and mailboxes in it that are empty. */
export interface Server extends AsyncDisposable {
  readonly name: string;
  readonly version: string;
  readonly smtpPort: number;
  readonly imapPort: number;
  readonly password: string;
  /** Makes mailboxes with these local parts; gives their addresses. */
  addMailboxes(locals: readonly string[]): Promise<readonly string[]>;
}

/** Starts Posthorn on a fresh data directory, as a user would: the mail is in it. */
export async function startPosthorn(): Promise<Server> {
  return await startOn(freshDirectory(), 'posthorn', `Node ${process.version}`);
}

/** Starts Posthorn on a PostgreSQL of its own that keeps what it acknowledged (fsync), with settings as it is installed. */
export async function startPosthornOnPostgres(): Promise<Server> {
  const settings = { shared_buffers: '512MB', max_wal_size: '4GB' };
  const dir = process.env['BENCH_DIR'] ?? tmpdir();
  const postgres = await PrivatePostgres.start({ durable: true, settings, dir });
  const dataDir = freshDirectory();
  notePlace(dataDir, { kind: 'postgres', url: postgres.freshSchemaUrl(), blobs: undefined });
  const version = `Node ${process.version}, ${postgres}, ${JSON.stringify(settings)}`;
  const server = await startOn(dataDir, 'posthorn on PostgreSQL', version);
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await postgres[Symbol.asyncDispose]();
    },
  };
}

function freshDirectory(): string {
  return mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'posthorn-bench-'));
}

async function startOn(dataDir: string, name: string, version: string): Promise<Server> {
  const cli = async (...args: string[]): Promise<void> => {
    await run(process.execPath, [POSTHORN, ...args, '--data', dataDir]);
  };
  await cli('domain', 'add', DOMAIN);
  const smtpPort = 12625;
  const imapPort = 12643;
  const listen = [
    '--listen',
    `smtp=127.0.0.1:${smtpPort}`,
    '--listen',
    `imap=127.0.0.1:${imapPort}`,
  ];
  const child = spawn(process.execPath, [POSTHORN, 'start', '--data', dataDir, ...listen], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await ready(child);
  return {
    name,
    version,
    smtpPort,
    imapPort,
    password: PASSWORD,
    async addMailboxes(locals) {
      for (const local of locals)
        await cli('mailbox', 'add', `${local}@${DOMAIN}`, '--password', PASSWORD);
      return locals.map((local) => `${local}@${DOMAIN}`);
    },
    async [Symbol.asyncDispose]() {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function ready(child: ChildProcess): Promise<void> {
  let text = '';
  for await (const chunk of child.stdout!) {
    text += chunk;
    if (text.endsWith('ready\n')) break;
  }
  if (!text.endsWith('ready\n')) throw new Error(`posthorn did not start: ${text}`);
}

/** Starts Postfix handing over to Dovecot, with the settings of the peer script. */
export async function startPostfixDovecot(): Promise<Server> {
  await runQuietly([PEER_SCRIPT, 'start']);
  const [postfix, dovecot] = await Promise.all([
    run('postconf', ['-h', 'mail_version']),
    run('dovecot', ['--version']),
  ]);
  return {
    name: 'postfix+dovecot',
    version: `Postfix ${postfix.stdout.trim()}, Dovecot ${dovecot.stdout.trim()}, sdbox`,
    smtpPort: 12525,
    imapPort: 12143,
    password: PASSWORD,
    addMailboxes: async (locals) => locals.map((local) => `${local}@${DOMAIN}`),
    async [Symbol.asyncDispose]() {
      await runQuietly([PEER_SCRIPT, 'stop']);
    },
  };
}

/** Runs a shell script without its output: daemons that it leaves behind would hold a pipe open. */
async function runQuietly(args: readonly string[]): Promise<void> {
  const child = spawn('bash', args, { stdio: 'ignore' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`bash ${args.join(' ')} ended with ${code}`);
}
