/** IMAP over the whole stack: codec, session, store, SQLite. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fill, mail, PASSWORD, stand, USER } from '../src/protocols/imap4/stand.test.ts';
import type { Value } from '../src/wire/imap/index.ts';
import type { ImapClient } from './clients/imap.ts';

const SAMPLES = resolve(import.meta.dirname, '../../shared/corpora');
const skip = existsSync(SAMPLES) ? false : 'the sample mails (../shared/corpora) are not there';

/** Some real mails, spread over all that there are. */
function samples(count: number): Buffer[] {
  const files = readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(eml|msg)$/.test(name))
    .sort()
    .map((name) => join(SAMPLES, name));
  const step = Math.max(1, Math.floor(files.length / count));
  return files
    .filter((_file, index) => index % step === 0)
    .map((file) => readFileSync(file))
    .filter((bytes) => bytes.length > 0);
}

/** The numbers of the leaves of a body structure. */
function leaves(structure: Value | undefined, prefix = ''): string[] {
  const parts = structure as readonly Value[];
  if (!Array.isArray(parts[0])) return [prefix === '' ? '1' : prefix];
  const children = parts.slice(
    0,
    parts.findIndex((part) => !Array.isArray(part)),
  );
  return children.flatMap((child, index) =>
    leaves(child, prefix === '' ? `${index + 1}` : `${prefix}.${index + 1}`),
  );
}

test('real mails come back byte for byte, whole and in parts', { skip }, async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  const messages = samples(150);
  assert.ok(messages.length > 100);
  for (const message of messages)
    assert.equal((await client.append('INBOX', message)).status, 'OK');
  const fetched = await client.fetch(
    '1:*',
    '(BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY PREVIEW)',
  );
  assert.equal(fetched.length, messages.length);
  for (const [index, { seq, items }] of fetched.entries()) {
    const message = messages[index]!;
    assert.ok(message.equals(items.get('BODY[]') as Buffer), `message ${seq} is the same`);
    assert.equal(items.get('RFC822.SIZE'), message.length);
    const halves = [items.get('BODY[HEADER]'), items.get('BODY[TEXT]')] as Buffer[];
    assert.ok(message.equals(Buffer.concat(halves)), `header and text of message ${seq}`);
    assert.equal((items.get('ENVELOPE') as readonly Value[]).length, 10);
  }
  await checkParts(
    client,
    fetched.map(({ items }) => leaves(items.get('BODYSTRUCTURE'))),
  );
});

/** Every part that a structure names exists, and where it can be decoded is as large as is said. */
async function checkParts(client: ImapClient, parts: readonly string[][]): Promise<void> {
  for (const [index, numbers] of parts.entries()) {
    for (const number of numbers.slice(0, 10)) {
      const set = `${index + 1}`;
      const [whole] = await client.fetch(set, `BODY.PEEK[${number}]`);
      assert.notEqual(whole!.items.get(`BODY[${number}]`), null, `BODY[${number}] of ${set}`);
      const command = `FETCH ${set} (BINARY.PEEK[${number}] BINARY.SIZE[${number}])`;
      const decoded = await client.command(command);
      if (decoded.status === 'NO') {
        assert.equal(decoded.code, 'UNKNOWN-CTE');
        continue;
      }
      const data = decoded.untagged.find(({ type }) => type === 'FETCH');
      assert.ok(data?.type === 'FETCH');
      const bytes = Buffer.from(data.items.get(`BINARY[${number}]`) as Buffer | string);
      assert.equal(bytes.length, data.items.get(`BINARY.SIZE[${number}]`), command);
    }
  }
}

test('500 clients in IDLE hear of a message, and of its flags, and of its end', async (t) => {
  const { open, store, mailboxId } = await stand(t);
  const clients: ImapClient[] = [];
  for (let number = 0; number < 500; number++) clients.push(await open('SELECT INBOX'));
  const idles = await Promise.all(clients.map((client) => client.idle()));
  const actor = await open();
  await fill(actor, 1);
  await Promise.all(
    idles.map((idle) =>
      idle.waitFor((data) => data.type === 'EXISTS' && data.count === 1, 'EXISTS'),
    ),
  );
  await actor.ok('SELECT INBOX');
  await actor.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await Promise.all(idles.map((idle) => idle.waitFor(({ type }) => type === 'FETCH', 'FETCH')));
  await actor.ok('EXPUNGE');
  await Promise.all(idles.map((idle) => idle.waitFor(({ type }) => type === 'EXPUNGE', 'EXPUNGE')));
  for (const idle of idles) assert.equal((await idle.done()).status, 'OK');
  assert.equal((await store.openMailbox(mailboxId, 'test').folderByName('INBOX'))?.messages, 0);
});

test('IDLE: what came before is told at once, and only DONE ends it (RFC 9051 §6.3.13)', async (t) => {
  const { open } = await stand(t);
  const one = await open('SELECT INBOX');
  const other = await open();
  await other.append('INBOX', mail('before'));
  const idle = await one.idle();
  await idle.waitFor((data) => data.type === 'EXISTS' && data.count === 1, 'EXISTS');
  assert.equal((await idle.done()).status, 'OK');
  await one.idle();
  one.send('a NOOP\r\n');
  assert.equal((await one.completion('t4')).status, 'BAD');
  await one.ok('NOOP');
  const unselected = await open();
  const waiting = await unselected.idle();
  assert.deepEqual((await waiting.done()).untagged, []);
});

test('a client that takes nothing does not hold up the others', async (t) => {
  const { open, store, mailboxId, port } = await stand(t);
  const mailbox = store.openMailbox(mailboxId, 'test');
  const folder = (await mailbox.folderByName('INBOX'))!;
  await using incoming = store.incoming();
  await incoming.write(mail('large', 'x'.repeat(60_000)));
  const content = await incoming.finish();
  const message = { content, flags: 0, keywords: [], internalMs: 0 };
  await mailbox.append(
    folder.folderId,
    Array.from({ length: 500 }, () => message),
  );
  const slow = connectTcp({ port, host: '127.0.0.1' });
  let received = '';
  slow.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  const hear = async (what: string): Promise<void> => {
    while (!received.includes(what)) await once(slow, 'data');
  };
  slow.write(`a LOGIN ${USER} "${PASSWORD}"\r\nb SELECT INBOX\r\n`);
  await hear('b OK');
  slow.pause();
  slow.write('c FETCH 1:* BODY.PEEK[]\r\n');
  const quick = await open('SELECT INBOX');
  for (let n = 0; n < 20; n++) assert.equal((await quick.fetch(`${n + 1}`, 'UID')).length, 1);
  assert.ok(!received.includes('c OK'));
  slow.resume();
  await hear('\r\nc OK');
  assert.equal(received.match(/FETCH \(BODY\[\] \{60\d\d\d\}/g)?.length, 500);
  slow.destroy();
});
