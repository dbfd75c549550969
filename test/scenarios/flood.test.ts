/**
 * Thousands of connections of garbage a second while a real client works: it gets all its answers, and nothing stays of them.
 * How fast is told and not judged; SCENARIO_SECONDS makes it longer (npm run rude).
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ImapClient } from '../clients/imap.ts';
import { addMailboxes, PASSWORD, TestDirectory, TestServer } from '../server.ts';

const SECONDS = Number(process.env['SCENARIO_SECONDS'] ?? 2);
const AT_ONCE = 64;
const LOGIN_EACH_MS = 80;
/** The machine has few processors: the real client does not take one for itself. */
const COMMAND_EACH_MS = 4;
/** More than the real client makes, less than the flood. */
const PER_MINUTE = 1200;

interface Count {
  readonly made: number;
  readonly answered: number;
  readonly failed: number;
}

interface Flood {
  end(): Promise<Count & { readonly perSecond: number }>;
}

/** A flood from addresses of loopback that runs until it is ended. */
class OwnFlood implements Flood {
  readonly #child: ChildProcess;
  readonly #startedMs = performance.now();

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it has made its first connections. */
  static async begin(port: number, addresses: number): Promise<OwnFlood> {
    const script = join(import.meta.dirname, 'flood.ts');
    const args = [script, `${port}`, `${addresses}`, `${AT_ONCE}`];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return new OwnFlood(child);
  }

  async end(): Promise<Count & { readonly perSecond: number }> {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    this.#child.stdin!.end();
    const [text] = (await once(this.#child.stdout!, 'data')) as [Buffer];
    const count = JSON.parse(String(text)) as Count;
    return { ...count, perSecond: Math.round(count.made / seconds) };
  }
}

/** The same by a program that is faster at it, and that nobody here wrote: ApacheBench, whose garbage is HTTP. */
class ForeignFlood implements Flood {
  readonly #child: ChildProcess;
  readonly #startedMs = performance.now();

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static get isThere(): boolean {
    return spawnSync('ab', ['-V']).status === 0;
  }

  static async begin(port: number): Promise<ForeignFlood> {
    const args = ['-r', '-q', '-c', `${AT_ONCE}`, '-n', `${SECONDS * 100_000}`];
    args.push('-B', '127.66.0.1', `http://127.0.0.1:${port}/`);
    const child = spawn('ab', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child, 'spawn');
    return new ForeignFlood(child);
  }

  async end(): Promise<Count & { readonly perSecond: number }> {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    // It reports then.
    this.#child.kill('SIGINT');
    const report = (await Array.fromAsync(this.#child.stdout!)).join('');
    const made = Number(/Complete requests: +(\d+)/.exec(report)?.[1] ?? 0);
    // It does not tell a word of refusal from none.
    return { made, answered: made, failed: 0, perSecond: Math.round(made / seconds) };
  }
}

interface Worked {
  readonly commands: readonly number[];
  readonly logins: readonly number[];
}

/** A real client for some seconds: commands on a session that is logged in, and new sessions; milliseconds of each. */
async function work(server: TestServer, address: string, seconds: number): Promise<Worked> {
  const worked = { commands: [] as number[], logins: [] as number[] };
  await using client = await server.imap(address);
  await client.ok('SELECT INBOX');
  const untilMs = performance.now() + seconds * 1000;
  let nextLoginMs = 0;
  for (let turn = 0; performance.now() < untilMs; turn++) {
    const startMs = performance.now();
    await client.ok(turn % 2 === 0 ? 'NOOP' : 'STATUS INBOX (MESSAGES)');
    worked.commands.push(performance.now() - startMs);
    await setTimeout(COMMAND_EACH_MS);
    const loginMs = performance.now();
    if (loginMs < nextLoginMs) continue;
    // Less than an address may.
    nextLoginMs = loginMs + LOGIN_EACH_MS;
    const other = await ImapClient.connect({ port: server.port('imap'), waitMs: 60_000 });
    assert.equal((await other.login(address, PASSWORD)).status, 'OK');
    worked.logins.push(performance.now() - loginMs);
    await other.logout();
  }
  await client.logout();
  return worked;
}

function show(name: string, { commands, logins }: Worked): string {
  const at = (all: readonly number[], share: number): string =>
    [...all].sort((a, b) => a - b)[Math.floor((all.length - 1) * share)]!.toFixed(2);
  const line = (what: string, all: readonly number[]): string =>
    `${all.length} ${what}: p50 ${at(all, 0.5)} ms, p99 ${at(all, 0.99)} ms`;
  return `${name}: ${line('commands', commands)}; ${line('logins', logins)}`;
}

for (const { name, addresses, begin, skip } of [
  { name: 'of one address', addresses: 1, begin: OwnFlood.begin },
  {
    name: 'of one address, by ApacheBench,',
    addresses: 1,
    begin: ForeignFlood.begin,
    skip: !ForeignFlood.isThere && 'ab is not installed (apache2-utils)',
  },
  { name: 'of 5,000 addresses', addresses: 5000, begin: OwnFlood.begin },
])
  test(`a flood of connections ${name} disturbs no real client`, {
    timeout: 60_000 + 4000 * SECONDS,
    skip: skip ?? false,
  }, async (t) => {
    using dir = new TestDirectory();
    const [address] = (await addMailboxes(dir.data, 1)) as [string];
    const limits = { trusted: [], newcomers: 200, connectionsPerAddressPerMinute: PER_MINUTE };
    const config = { limits };
    await using server = await TestServer.start({ data: dir.data, listen: ['imap'], config });
    await work(server, address, 0.5);
    t.diagnostic(show('before', await work(server, address, SECONDS)));
    const flood = await begin(server.port('imap'), addresses);
    const during = await work(server, address, SECONDS);
    const count = await flood.end();
    t.diagnostic(show('during', during));
    t.diagnostic(`${count.perSecond} connections a second, ${JSON.stringify(count)}`);
    await server.untilNone('imap');
    const status = await server.status();
    assert.deepEqual([status.watches, status.newcomers], [0, 0]);
    const refused = status.metrics['posthorn_connections_refused_too_fast'] ?? 0;
    if (addresses === 1 && count.made > 3 * PER_MINUTE) assert.ok(refused > 0, 'it was refused');
    assert.ok(count.made > 0 && count.answered > 0, JSON.stringify(count));
    t.diagnostic(`${refused} refused for their pace`);
    await server.stop();
  });
