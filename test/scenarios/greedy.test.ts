/**
 * Clients that ask for everything and take nothing, or send without end: what a session holds in memory is bounded. The bound is
 * on the most that the server's process had resident (VmHWM) above what it had before, far below what was asked for.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { createDeflateRaw } from 'node:zlib';
import { systemClock } from '#kernel';
import { ImapClient } from '../clients/imap.ts';
import { addMailboxes, checkIsClean, PASSWORD, TestDirectory, TestServer } from '../server.ts';
import { MuteClient } from './mute-client.ts';

const MEGABYTE = 1024 * 1024;
/** Two threads with their heaps, and garbage that nobody has collected yet. */
const MEMORY_BYTES_MAX = 400 * MEGABYTE;
const MESSAGES = 1 << 16;
const MESSAGE_BYTES_MAX = 10 * MEGABYTE;
const LIMIT = { timeout: 240_000, skip: process.platform !== 'linux' && 'needs /proc' };

function residentBytes(pid: number, which: 'VmHWM' | 'VmRSS'): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${which}:\\s*(\\d+) kB$`, 'm').exec(text)![1]) * 1024;
}

describe('clients that are greedy', LIMIT, () => {
  const dir = new TestDirectory();
  let server: TestServer;
  let big: string;
  let small: string;

  before(async () => {
    [big, small] = (await addMailboxes(dir.data, 2)) as [string, string];
    const config = { messageBytesMax: MESSAGE_BYTES_MAX };
    server = await TestServer.start({ data: dir.data, listen: ['imap', 'pop3', 'smtp'], config });
    const client = await server.imap(big);
    await client.append('INBOX', Buffer.from(`Subject: x\r\n\r\n${'y'.repeat(2000)}\r\n`));
    await client.ok('SELECT INBOX');
    for (let count = 1; count < MESSAGES; count *= 2) await client.ok('COPY 1:* INBOX');
    await client.logout();
    const other = await server.imap(small);
    await other.append('INBOX', Buffer.from(`Subject: x\r\n\r\n${'y'.repeat(250_000)}\r\n`));
    await other.logout();
  });
  after(async () => {
    await server.stop();
    await checkIsClean(dir.data);
    dir[Symbol.dispose]();
  });

  /** Does something, which must not take more memory than it may. */
  async function within(t: { diagnostic(text: string): void }, greed: () => Promise<void>) {
    writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
    const beforeBytes = residentBytes(server.pid, 'VmRSS');
    await greed();
    const grown = residentBytes(server.pid, 'VmHWM') - beforeBytes;
    t.diagnostic(`${Math.round(grown / MEGABYTE)} MB more than before`);
    assert.ok(grown < MEMORY_BYTES_MAX, `${grown} bytes more`);
    // And somebody else is served all the while.
    const client = await server.imap(small);
    await client.ok('STATUS INBOX (MESSAGES)');
    await client.logout();
  }

  /** Connections that log in, send something and read nothing; gone again when the server waits for all of them. */
  async function mute(
    count: number,
    address: string,
    bytes: string,
    waitsFor = 'the peer to take output',
  ): Promise<void> {
    const clients: MuteClient[] = [];
    for (let number = 0; number < count; number++) {
      const client = await MuteClient.connect(server.port('imap'));
      client.send(`a LOGIN ${address} "${PASSWORD}"\r\n${bytes}`);
      clients.push(client);
    }
    await untilHeld(count, waitsFor);
    for (const client of clients) client.destroy();
    await server.untilNone('imap');
  }

  async function untilHeld(count: number, waitsFor: string): Promise<void> {
    while ((await held(waitsFor)) < count) await systemClock.sleep(50);
  }

  /** How many IMAP sessions wait for that. */
  async function held(waitsFor: string): Promise<number> {
    const { waits } = await server.status();
    return waits.filter(({ name, owner }) => name === waitsFor && owner.startsWith('imap')).length;
  }

  test('FETCH of all bodies, and nobody reads: 10 x 130 MB', (t) =>
    within(t, () => mute(10, big, 'b SELECT INBOX\r\nc UID FETCH 1:* (BODY.PEEK[])\r\n')));

  test('4,000 SEARCH ALL at once, and nobody reads: 5 x 1.5 GB', (t) =>
    within(t, () => mute(5, big, `b EXAMINE INBOX\r\n${'c UID SEARCH ALL\r\n'.repeat(4000)}`)));

  test('one message 250 times in one FETCH, and nobody reads: 20 x 60 MB', (t) => {
    const items = Array.from({ length: 250 }, (_, n) => `BODY.PEEK[]<${n}.300000>`).join(' ');
    return within(t, () => mute(20, small, `b EXAMINE INBOX\r\nc FETCH 1 (${items})\r\n`));
  });

  test('CAPABILITY 15,000 times, and nobody reads', (t) =>
    within(t, () => mute(20, small, 'c CAPABILITY\r\n'.repeat(15_000))));

  test('IDLE, and nobody reads of the changes', async (t) => {
    await within(t, async () => {
      const idle: MuteClient[] = [];
      for (let number = 0; number < 10; number++) {
        const client = await MuteClient.connect(server.port('imap'));
        client.send(`a LOGIN ${big} "${PASSWORD}"\r\nb SELECT INBOX\r\nc IDLE\r\n`);
        idle.push(client);
      }
      for (const client of idle) await client.until(/^\+ /m);
      const changer = await server.imap(big);
      await changer.ok('SELECT INBOX');
      // A telling is 3 MB, of which the system holds one or two; who is slow is told of several changes at once.
      for (let turn = 0; (await held('the peer to take output')) < idle.length; turn++) {
        assert.ok(turn < 100, 'all are held by what they do not read');
        await changer.ok(`STORE 1:* ${turn % 2 === 0 ? '+' : '-'}FLAGS.SILENT (\\Flagged)`);
      }
      for (const client of idle) client.destroy();
      await changer.logout();
      await server.untilNone('imap');
    });
  });

  test('APPEND of the largest size on 100 connections, half sent: 500 MB go to the disk', async (t) => {
    await within(t, async () => {
      const clients: MuteClient[] = [];
      for (let number = 0; number < 100; number++) {
        const client = await MuteClient.connect(server.port('imap'));
        client.send(`a LOGIN ${small} "${PASSWORD}"\r\nb APPEND INBOX {${MESSAGE_BYTES_MAX}+}\r\n`);
        clients.push(client);
      }
      const piece = Buffer.alloc(MEGABYTE, '\r\nSome text.');
      for (let sent = 0; sent < 5; sent++)
        await Promise.all(clients.map((client) => client.sent(piece)));
      for (const client of clients) client.destroy();
      await server.untilNone('imap');
    });
  });

  test('a line that inflates to 600 MB', async (t) => {
    await within(t, async () => {
      const client = await MuteClient.connect(server.port('imap'));
      client.send(`a LOGIN ${small} "${PASSWORD}"\r\n`);
      await client.until(/^a OK/m);
      client.send('b COMPRESS DEFLATE\r\n');
      await client.until(/^b OK/m);
      const deflate = createDeflateRaw({ level: 9 });
      const zeros = Buffer.alloc(16 * MEGABYTE, 'x');
      const over = (async () => {
        for await (const chunk of deflate) await client.sent(chunk as Buffer);
      })();
      for (let count = 0; count < 36; count++)
        if (!deflate.write(zeros)) await new Promise((resolve) => deflate.once('drain', resolve));
      deflate.end();
      await over;
      client.destroy();
      await server.untilNone('imap');
    });
  });

  const set = Array.from({ length: 12_000 }, (_, n) => 2 * n + 1)
    .join(',')
    .slice(0, 60_000);
  const REFUSED: readonly (readonly [name: string, command: string])[] = [
    ['a copy of numbers that are not there', 'COPY 1:4294967295 Trash'],
    ['flags of numbers that are not there', 'STORE 1:4294967295 +FLAGS.SILENT (\\Seen)'],
    ['a search 33 deep', `SEARCH ${'('.repeat(33)}ALL${')'.repeat(33)}`],
    ['a search 20,000 deep', `SEARCH ${'('.repeat(20_000)}ALL${')'.repeat(20_000)}`],
    ['NOT 15,000 deep', `SEARCH ${'NOT '.repeat(15_000)}ALL`],
    ['OR 10,000 deep on the left', `SEARCH ${'OR ('.repeat(10_000)}ALL`],
    ['15,000 search keys', `SEARCH ${'ALL '.repeat(15_000)}ALL`],
    ['100,000 search keys', `SEARCH ${'ALL '.repeat(100_000)}ALL`],
    ['8,000 fields of a header', `FETCH 1 BODY.PEEK[HEADER.FIELDS (${'A '.repeat(8000)}A)]`],
    ['10,000 items', `FETCH 1 (${'UID '.repeat(10_000)}UID)`],
    ['100 capabilities', `ENABLE${' X-A'.repeat(100)}`],
    ['31 pairs of an ID', `ID (${'"a" "b" '.repeat(31).trim()})`],
    ['a sequence set beyond the line', `FETCH 1${',1:*'.repeat(30_000)} UID`],
  ];
  const TAKEN: readonly (readonly [name: string, command: string])[] = [
    ['a sequence set of 60 KB', `UID FETCH ${set.replace(/,\d*$/, '')} UID`],
    ['all, 15,000 times', `UID SEARCH RETURN (COUNT) UID 1:*${',1:*'.repeat(15_000)}`],
    ['all uids that there could be', 'UID STORE 1:4294967295 +FLAGS.SILENT (\\Seen)'],
    ['4,000 search keys', `UID SEARCH RETURN (COUNT) ${'TEXT zzz '.repeat(4000).trim()}`],
    ['200 fields of a header', `FETCH 1:1000 BODY.PEEK[HEADER.FIELDS (${'A '.repeat(200)}A)]`],
    ['a pattern of 10,000 wildcards', `LIST "" "${'*%a'.repeat(10_000)}"`],
  ];

  test('commands without measure are refused, and the session goes on', async (t) => {
    await within(t, async () => {
      for (const [name, command] of REFUSED) {
        const client = await server.imap(big);
        await client.ok('SELECT INBOX');
        assert.equal((await client.command(command)).status, 'BAD', name);
        await client.ok('NOOP');
        await client.logout();
      }
    });
  });

  test('commands that are large and right are done', async (t) => {
    await within(t, async () => {
      const client = await ImapClient.connect({ port: server.port('imap'), waitMs: 60_000 });
      await client.login(small, PASSWORD);
      await client.ok('SELECT INBOX');
      for (const [name, command] of TAKEN.slice(0, -2))
        assert.equal((await client.command(command)).status, 'OK', name);
      await client.logout();
      const other = await server.imap(big);
      await other.ok('SELECT INBOX');
      for (const [name, command] of TAKEN.filter(([, text]) => !text.includes('TEXT')))
        assert.equal((await other.command(command)).status, 'OK', name);
      await other.logout();
    });
  });
});
