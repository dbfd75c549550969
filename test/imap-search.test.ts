/** SEARCH through the whole server: what goes over the wire. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { silentLogger, systemClock } from '#kernel';
import type { MailboxId } from '#model';
import { Store } from '#store';
import { ImapServer } from '../src/protocols/imap4/index.ts';
import { openIn } from '../src/storage/fresh.conformance.ts';
import type { Untagged } from '../src/wire/imap/index.ts';
import { ImapClient, type ImapCompletion } from './clients/imap.ts';

interface Stand extends AsyncDisposable {
  readonly server: ImapServer;
  connect(): Promise<ImapClient>;
}

/**
 * A server with one mailbox, whose INBOX holds the messages that `fill` appends.
 * @param onRead called when bytes of a large message are read
 */
async function openStand(onRead: () => void = () => {}): Promise<Stand> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-imap-search-'));
  const engine = await openIn(dir, systemClock);
  await engine.execute<'add-domain'>('test', { kind: 'add-domain', domain: 'example.org' });
  const { mailboxId } = await engine.execute<'add-mailbox'>('test', {
    kind: 'add-mailbox',
    address: 'ann@example.org',
    verifiers: undefined,
    quotaBytes: undefined,
    folders: [],
    nowMs: 0,
  });
  const store = new Store(engine, silentLogger);
  const server = new ImapServer({
    hostname: 'mail.example.org',
    directory: directoryOf(mailboxId),
    store: {
      incoming: (prefix) => store.incoming(prefix),
      serverAnnotations: (query) => store.serverAnnotations(query),
      setServerAnnotations: (...args) => store.setServerAnnotations(...args),
      watchDirectory: (listener) => store.watchDirectory(listener),
      openMailbox: (id, owner) => {
        const mailbox = store.openMailbox(id, owner);
        const read = mailbox.contentBytes.bind(mailbox);
        mailbox.contentBytes = (...range) => {
          onRead();
          return read(...range);
        };
        return mailbox;
      },
    },
    clock: systemClock,
    log: silentLogger,
  });
  const listener = createServer((socket) => server.accept(socket)).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  return {
    server,
    connect: async () => {
      const client = await ImapClient.connect({ port });
      await client.login('ann@example.org', 'secret');
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await server.stop(1000);
      store[Symbol.dispose]();
      await engine[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true });
    },
  };
}

type Directory = ConstructorParameters<typeof ImapServer>[0]['directory'];

function directoryOf(mailboxId: MailboxId): Directory {
  return {
    saslMechanisms: () => [],
    isSaslMechanism: () => false,
    startSasl: () => undefined,
    mailbox: async () => undefined,
    setQuota: async () => {},
    verifyPassword: async (_login, password) =>
      password === 'secret' ? { mailboxId, address: 'ann@example.org' } : undefined,
  };
}

/** Six messages with subjects `one` to `six`; the second and third are seen, the fifth is expunged. */
async function fill(client: ImapClient): Promise<void> {
  const flags = ['', '(\\Seen)', '(\\Seen $Work)', '', '(\\Deleted)', ''];
  for (const [index, subject] of ['one', 'two', 'three', 'four', 'five', 'six'].entries()) {
    const message = Buffer.from(
      `From: Jürgen <j@example.org>\r\nSubject: ${subject}\r\n\r\nText ${subject}\r\n`,
    );
    const options = `${flags[index]} "0${index + 1}-Feb-2026 10:00:00 +0000"`.trim();
    const { status } = await client.append('INBOX', message, options);
    assert.equal(status, 'OK');
  }
  await client.ok('SELECT INBOX');
  await client.ok('EXPUNGE');
}

/** What a search was answered with, the fields of ESEARCH that are there. */
async function searched(client: ImapClient, text: string): Promise<readonly unknown[]> {
  return resultsOf(await client.ok(text));
}

function resultsOf({ untagged }: ImapCompletion): readonly unknown[] {
  const isResult = (data: Untagged): boolean => data.type === 'SEARCH' || data.type === 'ESEARCH';
  return untagged.filter(isResult).map((data) => {
    const { type, tag, ...rest } = data as { type: string; tag?: string };
    if (type === 'ESEARCH') assert.match(tag ?? '', /./);
    return { type, ...rest };
  });
}

const found = (...numbers: number[]): readonly unknown[] => [{ type: 'SEARCH', numbers }];
const ranges = (...pairs: (readonly [number, number])[]): readonly unknown[] =>
  pairs.map(([first, last]) => ({ first, last }));

test('SEARCH and UID SEARCH as IMAP4rev1', async () => {
  await using stand = await openStand();
  await using client = await stand.connect();
  await fill(client);
  assert.deepEqual(await searched(client, 'SEARCH ALL'), found(1, 2, 3, 4, 5));
  assert.deepEqual(await searched(client, 'UID SEARCH ALL'), found(1, 2, 3, 4, 6));
  assert.deepEqual(await searched(client, 'SEARCH UNSEEN SUBJECT "i"'), found(5));
  assert.deepEqual(await searched(client, 'UID SEARCH 4:* NOT SEEN'), found(4, 6));
  assert.deepEqual(await searched(client, 'SEARCH UID 6:*'), found(5));
  assert.deepEqual(
    await searched(client, 'SEARCH SINCE 3-Feb-2026 BEFORE 6-Feb-2026'),
    found(3, 4),
  );
  assert.deepEqual(await searched(client, 'SEARCH OR KEYWORD $WORK BODY "TEXT six"'), found(3, 5));
  assert.deepEqual(await searched(client, 'SEARCH SUBJECT nothing'), found());
  assert.deepEqual(await searched(client, 'SEARCH RECENT'), found(1, 2, 3, 4, 5));
  assert.deepEqual(await searched(client, 'SEARCH SAVEDATESUPPORTED'), found(1, 2, 3, 4, 5));
});

test('YOUNGER and OLDER count from now (RFC 5032)', async () => {
  await using stand = await openStand();
  await using client = await stand.connect();
  const ago = (days: number): string => {
    const date = new Date(systemClock.now() - days * 86_400_000).toUTCString();
    const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(date)!;
    return `"${day}-${month}-${year} ${time} +0000"`;
  };
  const message = Buffer.from('Subject: aged\r\n\r\n');
  for (const days of [0, 2, 9]) await client.append('INBOX', message, ago(days));
  await client.ok('SELECT INBOX');
  const day = 86_400;
  assert.deepEqual(await searched(client, `SEARCH YOUNGER ${day}`), found(1));
  assert.deepEqual(await searched(client, `SEARCH OLDER ${day}`), found(2, 3));
  assert.deepEqual(await searched(client, `SEARCH OLDER ${day} YOUNGER ${5 * day}`), found(2));
  assert.deepEqual(await searched(client, `UID SEARCH NOT YOUNGER ${5 * day}`), found(3));
  assert.equal((await client.command('SEARCH OLDER 0')).status, 'BAD');
});

test('EMAILID is what FETCH tells', async () => {
  await using stand = await openStand();
  await using client = await stand.connect();
  await fill(client);
  const [message] = await client.fetch('3', '(EMAILID)');
  const [id] = message!.items.get('EMAILID') as readonly string[];
  assert.deepEqual(await searched(client, `SEARCH EMAILID ${id}`), found(3));
  assert.deepEqual(await searched(client, 'SEARCH THREADID T1'), found());
});

test('charsets', async () => {
  await using stand = await openStand();
  await using client = await stand.connect();
  await fill(client);
  const everyone = found(1, 2, 3, 4, 5);
  assert.deepEqual(
    resultsOf(await client.ok('SEARCH CHARSET UTF-8 FROM ', Buffer.from('JÜRGEN'))),
    everyone,
  );
  assert.deepEqual(
    resultsOf(await client.ok('SEARCH CHARSET iso-8859-1 FROM ', Buffer.from('jürg', 'latin1'))),
    everyone,
  );
  const refused = await client.command('SEARCH CHARSET x-nonesuch SUBJECT one');
  assert.equal(refused.status, 'NO');
  assert.equal(refused.codeText, 'BADCHARSET (UTF-8 US-ASCII)');
});

test('ESEARCH: with RETURN, and always in IMAP4rev2', async () => {
  await using stand = await openStand();
  await using client = await stand.connect();
  await fill(client);
  const esearch = (result: object, uid = false): readonly unknown[] => [
    { type: 'ESEARCH', uid, ...result },
  ];
  assert.deepEqual(
    await searched(client, 'UID SEARCH RETURN (MIN MAX COUNT ALL) UNSEEN'),
    esearch({ min: 1, max: 6, count: 3, all: ranges([1, 1], [4, 4], [6, 6]) }, true),
  );
  assert.deepEqual(
    await searched(client, 'SEARCH RETURN () UNSEEN'),
    esearch({ all: ranges([1, 1], [4, 5]) }),
  );
  assert.deepEqual(await searched(client, 'SEARCH RETURN (MAX) SEEN'), esearch({ max: 3 }));
  assert.deepEqual(
    await searched(client, 'SEARCH RETURN (MIN COUNT) SUBJECT nothing'),
    esearch({ count: 0 }),
  );
  await client.ok('ENABLE IMAP4rev2');
  assert.deepEqual(await searched(client, 'SEARCH SEEN'), esearch({ all: ranges([2, 3]) }));
  assert.deepEqual(await searched(client, 'UID SEARCH SUBJECT nothing'), esearch({}, true));
});

test('SAVE and $', async () => {
  await using stand = await openStand();
  await using client = await stand.connect();
  await fill(client);
  assert.deepEqual(await searched(client, 'SEARCH $'), found());
  assert.deepEqual(await searched(client, 'UID SEARCH RETURN (SAVE) UNSEEN'), []);
  assert.deepEqual(await searched(client, 'UID SEARCH $'), found(1, 4, 6));
  assert.deepEqual(await searched(client, 'SEARCH UID $ SUBJECT o'), found(1, 4));
  assert.deepEqual(
    (await client.fetch('$', '(UID)')).map(({ seq }) => seq),
    [1, 4, 5],
  );
  await client.ok('SEARCH RETURN (SAVE MIN) UNSEEN');
  assert.deepEqual(await searched(client, 'SEARCH $'), found(1));
  await client.ok('SEARCH RETURN (SAVE MIN MAX) UNSEEN');
  assert.deepEqual(await searched(client, 'SEARCH $'), found(1, 5));
  await client.ok('SEARCH RETURN (SAVE MAX COUNT) UNSEEN');
  assert.deepEqual(await searched(client, 'SEARCH $,2'), found(1, 2, 4, 5));
  await client.ok('SEARCH RETURN (COUNT) SEEN');
  assert.deepEqual(await searched(client, 'SEARCH $'), found(1, 4, 5));
  await client.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await client.ok('EXPUNGE');
  assert.deepEqual(await searched(client, 'UID SEARCH $'), found(4, 6));
  const bad = await client.command('SEARCH RETURN (SAVE) NOSUCHKEY');
  assert.equal(bad.status, 'BAD');
  assert.deepEqual(await searched(client, 'UID SEARCH $'), found(4, 6));
  await client.ok('SELECT INBOX');
  assert.deepEqual(await searched(client, 'SEARCH $'), found());
});

test('MODSEQ: results tell the highest one, and the session hears of mod-sequences', async () => {
  await using stand = await openStand();
  await using client = await stand.connect();
  await fill(client);
  await client.ok('STORE 2 +FLAGS.SILENT (\\Flagged)');
  const [message] = await client.fetch('2', '(MODSEQ)');
  const [modSeq] = message!.items.get('MODSEQ') as readonly number[];
  await using other = await stand.connect();
  await other.ok('SELECT INBOX');
  const first = await other.ok(`SEARCH MODSEQ ${modSeq}`);
  assert.deepEqual(resultsOf(first), [{ type: 'SEARCH', numbers: [2], modSeq }]);
  assert.deepEqual(await searched(other, `SEARCH MODSEQ "/flags/\\\\draft" all ${modSeq}`), [
    { type: 'SEARCH', numbers: [2], modSeq },
  ]);
  assert.deepEqual(await searched(other, `SEARCH RETURN (ALL) MODSEQ ${modSeq}`), [
    { type: 'ESEARCH', uid: false, all: ranges([2, 2]), modSeq },
  ]);
  assert.deepEqual(await searched(other, `SEARCH MODSEQ ${modSeq! + 1}`), found());
  await client.ok('STORE 3 +FLAGS.SILENT (\\Flagged)');
  const { untagged } = await other.ok('NOOP');
  const told = untagged.find((data) => data.type === 'FETCH');
  assert.ok(told?.type === 'FETCH' && told.items.has('MODSEQ'));
});

test('messages that the session has not been told of are not found', async () => {
  await using stand = await openStand();
  await using client = await stand.connect();
  await fill(client);
  await using other = await stand.connect();
  assert.equal((await other.append('INBOX', Buffer.from('Subject: seven\r\n\r\n'))).status, 'OK');
  const completion = await client.ok('SEARCH OR SUBJECT seven SUBJECT six');
  assert.deepEqual(resultsOf(completion), found(5));
  const exists = completion.untagged.findIndex((data) => data.type === 'EXISTS');
  assert.ok(exists > completion.untagged.findIndex((data) => data.type === 'SEARCH'));
  assert.deepEqual(await searched(client, 'SEARCH OR SUBJECT seven SUBJECT six'), found(5, 6));
});

test('an empty folder', async () => {
  await using stand = await openStand();
  await using client = await stand.connect();
  await client.ok('SELECT INBOX');
  assert.deepEqual(await searched(client, 'SEARCH 1:* UNSEEN'), found());
  assert.deepEqual(await searched(client, 'UID SEARCH RETURN (COUNT) UID 1:*'), [
    { type: 'ESEARCH', uid: true, count: 0 },
  ]);
});

test('a client that leaves in the middle of a search ends it', async () => {
  let reads = 0;
  let leave = (): void => {};
  await using stand = await openStand(() => {
    if (++reads === 1) leave();
  });
  await using client = await stand.connect();
  await client.ok('SELECT INBOX');
  const line = 'many words in a line\r\n';
  const large = Buffer.from(`Subject: large\r\n\r\n${line.repeat(1_000_000)}`);
  assert.equal((await client.append('INBOX', large)).status, 'OK');
  await client.ok('SEARCH BODY nowhere');
  const whole = reads;
  assert.ok(whole > 100, `read in ${whole} ranges only`);
  reads = 0;
  const left = Promise.withResolvers<void>();
  leave = () => {
    client.close();
    left.resolve();
  };
  client.send('x1 SEARCH BODY nowhere\r\n');
  await left.promise;
  while (stand.server.sessions > 0) await setImmediate();
  assert.ok(reads < whole, 'the message was read to its end for nobody');
});
