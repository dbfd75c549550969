import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PosthornError } from '#kernel';
import type { Mailbox } from '#store';
import type { ImapClient, ImapCompletion } from '../../../test/clients/imap.ts';
import { fill, mail, stand } from './stand.test.ts';

/** A hang is a failure. */
const LIMIT = { timeout: 60_000 };

function replace(client: ImapClient, which: string, message: Buffer): Promise<ImapCompletion> {
  return client.command(`${which} `, message);
}

/** What was told, in order, without the numbers. */
function told({ untagged }: ImapCompletion): readonly string[] {
  return untagged.map((data) => ('code' in data ? data.code! : data.type));
}

async function subjects(client: ImapClient): Promise<readonly string[]> {
  const fetched = await client.fetch('1:*', '(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
  return fetched.map(({ items }) => {
    const header = String(items.get('BODY[HEADER.FIELDS (SUBJECT)]'));
    return `${items.get('UID')} ${header.trim().replace('Subject: ', '')}`;
  });
}

test('REPLACE: the new one is told before the old one goes (RFC 8508)', LIMIT, async (t) => {
  const { open } = await stand(t);
  const client = await open('ENABLE CONDSTORE', 'SELECT INBOX');
  await fill(client, 3);
  const replaced = await replace(client, 'REPLACE 2 INBOX (\\Seen \\Draft)', mail('draft'));
  assert.equal(replaced.status, 'OK');
  assert.equal(replaced.code, 'HIGHESTMODSEQ');
  assert.deepEqual(told(replaced), ['APPENDUID', 'EXISTS', 'RECENT', 'EXPUNGE', 'RECENT']);
  assert.deepEqual(await subjects(client), ['1 message 1', '3 message 3', '4 draft']);
  const [flags] = await client.fetch('3', 'FLAGS');
  assert.deepEqual(flags!.items.get('FLAGS'), ['\\Seen', '\\Draft', '\\Recent']);
  const again = await replace(client, 'UID REPLACE 4 INBOX', mail('draft two'));
  assert.equal(again.status, 'OK');
  const last = await replace(client, 'REPLACE * INBOX', mail('draft three'));
  assert.equal(last.status, 'OK');
  assert.deepEqual(await subjects(client), ['1 message 1', '3 message 3', '6 draft three']);
  const other = await replace(client, 'UID REPLACE 6 Sent', mail('sent'));
  assert.deepEqual(told(other), ['APPENDUID', 'EXPUNGE', 'RECENT']);
  assert.deepEqual(await subjects(client), ['1 message 1', '3 message 3']);
  await client.ok('SELECT Sent');
  assert.deepEqual(await subjects(client), ['1 sent']);
});

test('REPLACE is refused before the message is sent, and then nothing goes', LIMIT, async (t) => {
  const { open } = await stand(t, { limits: { appendBytesMax: 1000 } });
  const client = await open('SELECT INBOX');
  await fill(client, 2);
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    ['REPLACE 3 INBOX {10}', 'BAD', undefined],
    ['UID REPLACE 9 INBOX {10}', 'NO', 'NONEXISTENT'],
    ['REPLACE 1 Missing {10}', 'NO', 'TRYCREATE'],
    ['REPLACE 1 INBOX {1001}', 'NO', 'TOOBIG'],
    ['REPLACE 1 INBOX {0}', 'NO', undefined],
    ['REPLACE 1:2 INBOX {10}', 'BAD', undefined],
    ['REPLACE 1 INBOX "text"', 'BAD', undefined],
  ];
  for (const [line, status, code] of cases) {
    client.send(`a ${line}\r\n`);
    const refused = await client.completion('a');
    assert.deepEqual([refused.status, refused.code], [status, code], line);
  }
  const two = await client.command('REPLACE 1 INBOX ', mail('x'), ' ', mail('y'));
  assert.equal(two.status, 'BAD');
  client.send(`b REPLACE 1 Missing {5+}\r\nxxxxx\r\nc NOOP\r\n`);
  assert.equal((await client.completion('b')).code, 'TRYCREATE');
  assert.equal((await client.completion('c')).status, 'OK');
  await client.ok('EXAMINE INBOX');
  assert.equal((await replace(client, 'REPLACE 1 INBOX', mail('x'))).code, 'READ-ONLY');
  assert.deepEqual(await subjects(client), ['1 message 1', '2 message 2']);
  await client.ok('UNSELECT');
  assert.equal((await replace(client, 'REPLACE 1 INBOX', mail('x'))).status, 'BAD');
});

test(
  'REPLACE of a message that somebody else removed meanwhile keeps the new one',
  LIMIT,
  async (t) => {
    const { open } = await stand(t);
    const client = await open('SELECT INBOX');
    await fill(client, 2);
    const other = await open('SELECT INBOX');
    const message = mail('new');
    client.send(`a REPLACE 1 INBOX {${message.length}}\r\n`);
    await client.response();
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    await other.ok('EXPUNGE');
    client.send(message);
    client.send('\r\n');
    assert.equal((await client.completion('a')).status, 'OK');
    assert.deepEqual(await subjects(client), ['2 message 2', '3 new']);
    const gone = await replace(client, 'UID REPLACE 1 INBOX', mail('newer'));
    assert.deepEqual([gone.status, gone.code], ['NO', 'NONEXISTENT']);
  },
);

/** A mailbox in which nothing can be removed. */
function keeping(real: Mailbox): Mailbox {
  return new Proxy(real, {
    get(target, name) {
      if (name === 'expunge') return () => Promise.reject(new PosthornError('disk-full'));
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

test(
  'when the old one cannot be removed both are there, and the answer is NO',
  LIMIT,
  async (t) => {
    const { open } = await stand(t, { mailbox: keeping });
    const client = await open('SELECT INBOX');
    await fill(client, 2);
    const half = await replace(client, 'REPLACE 1 INBOX', mail('new'));
    assert.deepEqual([half.status, half.code], ['NO', 'UNAVAILABLE']);
    assert.deepEqual(told(half), ['APPENDUID', 'EXISTS', 'RECENT']);
    assert.deepEqual(await subjects(client), ['1 message 1', '2 message 2', '3 new']);
  },
);

test('a client that vanishes within REPLACE changes nothing', LIMIT, async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  await fill(client, 1);
  client.send('a REPLACE 1 INBOX {500000}\r\n');
  await client.response();
  client.send(Buffer.alloc(400_000, 'x'));
  client.close();
  const other = await open('SELECT INBOX');
  assert.deepEqual(await subjects(other), ['1 message 1']);
});

test('REPLACE and UIDONLY: UID REPLACE only, with VANISHED', LIMIT, async (t) => {
  const { open } = await stand(t);
  const client = await open('ENABLE UIDONLY', 'SELECT INBOX');
  await client.append('INBOX', mail('one'));
  client.send('a REPLACE 1 INBOX {10}\r\n');
  assert.equal((await client.completion('a')).code, 'UIDREQUIRED');
  const replaced = await replace(client, 'UID REPLACE 1 INBOX', mail('two'));
  assert.deepEqual(told(replaced), ['APPENDUID', 'EXISTS', 'RECENT', 'VANISHED', 'RECENT']);
});
