import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Directory } from '#directory';
import { silentLogger, systemClock } from '#kernel';
import { Flag, INBOX_ID, type Uid } from '#model';
import { type Mailbox, Store } from '#store';
import { Pop3Client } from '../../../test/clients/pop3.ts';
import { freshDirectory, openIn } from '../../storage/fresh.conformance.ts';
import { Pop3Server } from './index.ts';

const CORPORA = resolve(import.meta.dirname, '../../../../shared/corpora');
const EVERY_UID = [[1 as Uid, 0xffff_ffff as Uid]] as const;

/** A server on the engine of this run, with one mailbox. */
async function house(t: TestContext): Promise<{
  mailbox: Mailbox;
  store: Store;
  file(bytes: Buffer): Promise<void>;
  connect(): Promise<Pop3Client>;
}> {
  const dir = freshDirectory(t, async () => {
    await server.stop(0);
    listener.close();
    store[Symbol.dispose]();
    await engine[Symbol.asyncDispose]();
  });
  const engine = await openIn(dir, systemClock);
  const store = new Store(engine, silentLogger);
  const directory = new Directory(engine, { clock: systemClock });
  await directory.addDomain('example.test');
  const { mailboxId } = await directory.addMailbox('ann@example.test', { password: 'secret' });
  const mailbox = store.openMailbox(mailboxId, 'test');
  const server = new Pop3Server({
    hostname: 'mail.example.test',
    directory,
    store,
    clock: systemClock,
    log: silentLogger,
    limits: { loginDelayMs: 1 },
  });
  const listener = createServer({ allowHalfOpen: true }, (socket) => server.accept(socket));
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const { port } = listener.address() as { port: number };
  return {
    mailbox,
    store,
    connect: () => Pop3Client.connect({ port }),
    async file(bytes) {
      await using incoming = store.incoming();
      await incoming.write(bytes);
      const content = await incoming.finish();
      const message = { content, flags: 0, keywords: [], internalMs: systemClock.now() };
      await mailbox.append(INBOX_ID, [message]);
    },
  };
}

async function flagsOf(
  mailbox: Mailbox,
): Promise<readonly (readonly [uid: number, flags: number])[]> {
  const query = { folderId: INBOX_ID, uids: EVERY_UID, columns: {}, limit: 100 };
  return (await mailbox.entries(query)).map(({ uid, flags }) => [uid, flags]);
}

test('each way to log in opens the drop of the real store', async (t) => {
  const { connect } = await house(t);
  const ways = [
    (client: Pop3Client) => client.authScram('ann@example.test', 'secret'),
    (client: Pop3Client) => client.authPlain('ann', 'secret'),
    (client: Pop3Client) => client.authLogin('ANN@example.test', 'secret'),
  ];
  for (const way of ways) {
    const client = await connect();
    assert.deepEqual(await way(client), { ok: true, text: 'Maildrop has 0 messages (0 octets)' });
    assert.deepEqual(await client.listing('UIDL'), []);
    assert.equal((await client.quit()).ok, true);
  }
  const client = await connect();
  for (const user of ['ann@example.test', 'nobody@example.test'])
    assert.equal((await client.authScram(user, 'Secret')).ok, false);
  assert.equal((await client.authPlain('nobody', 'secret')).ok, false);
  await client.closed();
});

test('messages taken in order come back byte for byte: around marked ones, large ones, and ones that others remove', async (t) => {
  const { mailbox, file, connect } = await house(t);
  const sizeOf = (number: number): number => (number % 9 === 0 ? 90_000 : 10 * number);
  const messages = Array.from({ length: 60 }, (_, index) =>
    Buffer.from(`Subject: ${index + 1}\r\n\r\n.${'x'.repeat(sizeOf(index + 1))}\r\n`),
  );
  for (const bytes of messages) await file(bytes);
  const client = await connect();
  await client.login('ann', 'secret');
  await client.expectOk('DELE 7');
  await client.expectOk('DELE 20');
  const take = async (number: number): Promise<void> =>
    assert.ok((await client.multi(`RETR ${number}`))?.equals(messages[number - 1]!), `${number}`);
  for (let number = 1; number <= 30; number++)
    if (number !== 7 && number !== 20) await take(number);
  const removed = [[40 as Uid, 41 as Uid]] as const;
  await mailbox.expunge({ folderId: INBOX_ID, uids: removed, onlyDeleted: false });
  // Out of order nothing is held, and what comes behind a message that is gone is not taken for it.
  for (const number of [41, 40])
    assert.match((await client.command(`RETR ${number}`)).text, /removed/);
  for (const number of [39, 42, 60, 3, 4, 5, 6, 31, 42, 43]) await take(number);
  await client.quit();
});

test('small and spilled messages come back byte for byte; ids stay; QUIT alone changes the store', async (t) => {
  const { mailbox, file, connect } = await house(t);
  const small = Buffer.from('Subject: small\r\n\r\n.\r\n..x\r\n');
  const line = Buffer.from('.a line of a large body\r\n');
  const large = Buffer.concat([
    Buffer.from('Subject: large\r\n\r\n'),
    Buffer.alloc(120_000 * line.length, line),
  ]);
  for (const bytes of [small, large, small]) await file(bytes);
  const first = await connect();
  await first.login('ann', 'secret');
  const ids = await first.listing('UIDL');
  assert.ok((await first.multi('RETR 1'))?.equals(small));
  assert.ok((await first.multi('RETR 2'))?.equals(large));
  assert.equal(String(await first.multi('TOP 2 1')), `Subject: large\r\n\r\n${line}`);
  assert.deepEqual(await first.listing('LIST'), [
    `1 ${small.length}`,
    `2 ${large.length}`,
    `3 ${small.length}`,
  ]);
  await first.expectOk('DELE 1');
  first.destroy();
  assert.deepEqual(await flagsOf(mailbox), [
    [1, 0],
    [2, 0],
    [3, 0],
  ]);
  const second = await connect();
  await second.login('ann', 'secret');
  assert.deepEqual(await second.listing('UIDL'), ids);
  await second.multi('RETR 2');
  await second.multi('RETR 3');
  await second.expectOk('DELE 3');
  await mailbox.expunge({ folderId: INBOX_ID, uids: [[1 as Uid, 1 as Uid]], onlyDeleted: false });
  assert.equal((await second.command('RETR 1')).ok, false);
  assert.equal((await second.quit()).ok, true);
  assert.deepEqual(await flagsOf(mailbox), [[2, Flag.Seen]]);
  const third = await connect();
  await third.login('ann', 'secret');
  assert.deepEqual(await third.listing('UIDL'), [`1 ${ids[1]!.slice(2)}`]);
  await third.quit();
});

const skip = existsSync(CORPORA) ? false : 'the sample mails in ../shared/corpora are not there';

test('real mails come back byte for byte', { skip }, async (t) => {
  const { file, connect } = await house(t);
  const mails = readdirSync(CORPORA, { recursive: true, encoding: 'utf8' })
    .map((name) => join(CORPORA, name))
    .filter((path) => /\.(eml|msg|mail|txt)$/.test(path) && statSync(path).isFile())
    .filter((_, index) => index % 5 === 0)
    .slice(0, 200)
    .map((path) => readFileSync(path));
  assert.ok(mails.length > 20, `${mails.length} mails found`);
  for (const bytes of mails) await file(bytes);
  const client = await connect();
  await client.login('ann', 'secret');
  client.write(mails.map((_, index) => `RETR ${index + 1}\r\n`).join(''));
  for (const [index, mail] of mails.entries()) {
    assert.deepEqual(await client.reply(), { ok: true, text: `${mail.length} octets` });
    const ended = mail.subarray(-2).toString('latin1') === '\r\n' || mail.length === 0;
    const expected = ended ? mail : Buffer.concat([mail, Buffer.from('\r\n')]);
    assert.ok((await client.body()).equals(expected), `mail ${index}`);
  }
  await client.quit();
});

test('100,000 messages: listings, ids that stay, half of them removed, in bounded memory', {
  timeout: 300_000,
}, async (t) => {
  const count = 100_000;
  const { mailbox, store, connect } = await house(t);
  await using incoming = store.incoming();
  const bytes = Buffer.from('Subject: one of many\r\n\r\nThe same text.\r\n');
  await incoming.write(bytes);
  const content = await incoming.finish();
  const message = { content, flags: 0, keywords: [], internalMs: 0 };
  for (let n = 0; n < count; n += 5000)
    await mailbox.append(
      INBOX_ID,
      Array.from({ length: 5000 }, () => message),
    );
  const client = await connect();
  const text = await client.login('ann', 'secret');
  assert.equal(text, `Maildrop has ${count} messages (${count * bytes.length} octets)`);
  const ids = await client.listing('UIDL');
  assert.equal(ids.length, count);
  assert.equal((await client.listing('LIST')).at(-1), `${count} ${bytes.length}`);
  assert.ok((await client.multi(`RETR ${count}`))?.equals(bytes));
  // A drop keeps 13 bytes for each message; twenty of them would show anything that grows with the texts.
  const before = process.memoryUsage();
  const idle: Pop3Client[] = [];
  for (let n = 0; n < 20; n++) {
    const other = await connect();
    await other.login('ann', 'secret');
    idle.push(other);
  }
  const held = process.memoryUsage().arrayBuffers - before.arrayBuffers;
  assert.ok(held < 20 * count * 20, `${held} bytes for 20 drops`);
  for (const other of idle) other.destroy();
  const odd = Array.from({ length: count / 2 }, (_, i) => `DELE ${2 * i + 1}\r\n`).join('');
  client.write(odd);
  for (let n = 0; n < count / 2; n++) assert.equal((await client.reply()).ok, true);
  assert.deepEqual(await client.command('QUIT'), {
    ok: true,
    text: `Bye (${count / 2} messages left)`,
  });
  const after = await connect();
  await after.login('ann', 'secret');
  const kept = (await after.listing('UIDL')).map((line) => line.split(' ')[1]);
  assert.deepEqual(
    kept,
    ids.filter((_, index) => index % 2 === 1).map((line) => line.split(' ')[1]),
  );
});
