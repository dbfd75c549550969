import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { encodeMailbox } from '../../src/wire/imap/index.ts';
import { ImapClient } from '../clients/imap.ts';
import { end, runOk } from './program.ts';

const BIN = resolve(import.meta.dirname, '../../bin/posthorn.js');
const LISTENERS = ['smtp', 'submission', 'submissions', 'imap', 'imaps', 'pop3', 'pop3s'] as const;

export type Listener = (typeof LISTENERS)[number];

export const HOST = '127.0.0.1';
export const ALICE = 'alice@example.test';
export const BOB = 'bob@example.test';
/** The password of both; with characters that configuration files and protocols quote. */
export const PASSWORD = 'pass "7" \\word';

/** A message as a folder shows it. */
export interface Listed {
  readonly uid: number;
  /** Sorted; without \Recent. */
  readonly flags: readonly string[];
  readonly subject: string;
  /** The whole message, as a wire string. */
  readonly text: string;
}

/** A real server in a process of its own, on a directory of its own. */
export interface TestServer {
  readonly port: Readonly<Record<Listener, number>>;
  /** File of the certificate the server has made for itself. */
  readonly certificate: string;
  /** A directory that goes with the test run, for what the client needs. */
  readonly work: string;
  /** Logs in by IMAP; `work` is done and the connection closed. */
  imap<T>(user: string, work: (client: ImapClient) => Promise<T>): Promise<T>;
  /** What a folder holds, by IMAP. */
  list(user: string, folder?: string): Promise<readonly Listed[]>;
  /** Names of all folders, in order, as Unicode. */
  folders(user: string): Promise<readonly string[]>;
  /** Puts a message of the given subject into a folder. */
  put(user: string, subject: string, options?: PutOptions): Promise<void>;
  /** `posthorn check`; fails unless it finds no problem. */
  check(): Promise<void>;
}

export interface PutOptions {
  readonly folder?: string;
  /** In APPEND's form: `(\Seen)`. */
  readonly flags?: string;
  readonly body?: string;
}

/**
 * Starts a server with all listeners and the mailboxes of Alice and Bob; it ends with the test.
 *
 * @param settings what its configuration file says
 */
export async function startServer(t: TestContext, settings: object = {}): Promise<TestServer> {
  const work = mkdtempSync(join(tmpdir(), 'posthorn-interop-'));
  const data = join(work, 'data');
  // At the very end, as hooks run in the order they were given in and programs still write while they end.
  process.once('exit', () => rmSync(work, { recursive: true, force: true }));
  const verb = (...args: readonly string[]) =>
    runOk(process.execPath, [BIN, ...args, '--data', data], { stdin: PASSWORD });
  await verb('domain', 'add', 'example.test');
  for (const address of [ALICE, BOB]) await verb('mailbox', 'add', address, '--password-stdin');

  const config = join(work, 'config.json');
  writeFileSync(config, JSON.stringify(settings));
  const listen = LISTENERS.flatMap((name) => ['--listen', `${name}=${HOST}:0`]);
  const child = spawn(
    process.execPath,
    [BIN, 'start', '--data', data, '--config', config, ...listen],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  t.after(() => end(child));
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const port: Partial<Record<Listener, number>> = {};
  const { promise, resolve: ready, reject } = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, name, number] = /^ {2}(\w+) +127\.0\.0\.1:(\d+) /.exec(line) ?? [];
    if (name !== undefined) port[name as Listener] = Number(number);
    if (line === 'ready') ready();
  });
  child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  await promise;

  const ports = port as Record<Listener, number>;
  const imap: TestServer['imap'] = async (user, task) => {
    await using client = await ImapClient.connect({ port: ports.imap });
    await client.login(user, PASSWORD);
    return await task(client);
  };
  return {
    port: ports,
    certificate: join(data, 'tls', 'certificate.pem'),
    work,
    imap,
    list: (user, folder = 'INBOX') => imap(user, (client) => listFolder(client, folder)),
    folders: (user) => imap(user, listFolders),
    put: (user, subject, options) => imap(user, (client) => putMessage(client, subject, options)),
    check: async () => {
      const { out } = await verb('check');
      if (!out.includes('no problems')) throw new Error(out);
    },
  };
}

/** What a folder holds, in the order of uids. */
export async function listFolder(client: ImapClient, folder: string): Promise<readonly Listed[]> {
  const { untagged } = await client.ok(`EXAMINE ${encodeMailbox(folder, false)}`);
  if (untagged.some((data) => data.type === 'EXISTS' && data.count === 0)) return [];
  const rows = await client.fetch('1:*', '(UID FLAGS BODY.PEEK[])');
  return rows.map(({ items }) => {
    const body = items.get('BODY[]');
    const text = Buffer.isBuffer(body) ? body.toString('latin1') : `${body}`;
    const flags = (items.get('FLAGS') as readonly string[]).filter((flag) => flag !== '\\Recent');
    return {
      uid: Number(items.get('UID')),
      flags: flags.toSorted(),
      subject: /^Subject: ?(.*)\r$/m.exec(text)?.[1] ?? '',
      text,
    };
  });
}

async function listFolders(client: ImapClient): Promise<readonly string[]> {
  const { untagged } = await client.ok('LIST "" "*"');
  return untagged.flatMap((data) => (data.type === 'LIST' ? [data.mailbox] : [])).toSorted();
}

async function putMessage(
  client: ImapClient,
  subject: string,
  { folder = 'INBOX', flags = '', body = `The text of ${subject}.` }: PutOptions = {},
): Promise<void> {
  const text = [
    `From: Bob <${BOB}>`,
    `To: Alice <${ALICE}>`,
    `Subject: ${subject}`,
    `Message-ID: <${subject.replaceAll(' ', '.')}@example.test>`,
    'Date: Fri, 20 Nov 2026 12:00:00 +0100',
    '',
    body,
    '',
  ].join('\r\n');
  const message = Buffer.from(text);
  const name = encodeMailbox(folder, false);
  await client.ok(`APPEND ${name} ${flags === '' ? '' : `${flags} `}`, message);
}
