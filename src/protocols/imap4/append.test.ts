import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, mail, stand } from './stand.test.ts';

test('APPEND tells the uid, and a session that has the folder selected of the message', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  const appended = await client.append(
    'inbox',
    mail('one'),
    '(\\Seen $Work) "17-Jul-1996 02:44:25 -0700"',
  );
  assert.equal(appended.code, 'APPENDUID');
  assert.match(appended.codeText!, /^APPENDUID \d+ 1$/);
  assert.ok(appended.untagged.some((data) => data.type === 'EXISTS' && data.count === 1));
  const [fetched] = await client.fetch('1', '(FLAGS INTERNALDATE BODY.PEEK[])');
  assert.deepEqual(fetched!.items.get('FLAGS'), ['\\Seen', '\\Recent', '$Work']);
  assert.equal(fetched!.items.get('INTERNALDATE'), '17-Jul-1996 09:44:25 +0000');
  assert.ok(mail('one').equals(fetched!.items.get('BODY[]') as Buffer));
});

test('APPEND is refused before the message is sent (RFC 9051 §6.3.12)', async (t) => {
  const { open } = await stand(t, { limits: { appendBytesMax: 1000 }, quotaBytes: 900 });
  const client = await open();
  const cases: readonly (readonly [string, string])[] = [
    ['APPEND Missing {10}', 'TRYCREATE'],
    ['APPEND INBOX {1001}', 'TOOBIG'],
    ['APPEND INBOX {901}', 'OVERQUOTA'],
    ['APPEND INBOX {99999999999999999999}', 'TOOBIG'],
  ];
  for (const [line, code] of cases) {
    client.send(`a ${line}\r\n`);
    const refused = await client.completion('a');
    assert.deepEqual([refused.status, refused.code], ['NO', code], line);
  }
  client.send(`b APPEND INBOX {2000+}\r\n${'x'.repeat(2000)}\r\nc NOOP\r\n`);
  assert.equal((await client.completion('b')).code, 'TOOBIG');
  assert.equal((await client.completion('c')).status, 'OK');
  client.send('d APPEND INBOX {0}\r\n');
  assert.equal((await client.completion('d')).status, 'NO');
  assert.equal((await client.command('APPEND INBOX "text"')).status, 'BAD');
  assert.equal((await client.command('APPEND INBOX (\\Bogus) {5}')).status, 'BAD');
});

test('MULTIAPPEND takes all messages or none (RFC 3502 §6.3.11)', async (t) => {
  const { open } = await stand(t, { limits: { appendBytesMax: 5000 } });
  const client = await open('SELECT INBOX');
  const three = await client.command(
    'APPEND INBOX (\\Seen) ',
    mail('1'),
    ' ',
    mail('2'),
    ' (\\Flagged) "01-Feb-2026 09:30:00 +0000" ',
    mail('3'),
  );
  assert.match(three.codeText!, /^APPENDUID \d+ 1:3$/);
  const flags = (await client.fetch('1:3', 'FLAGS')).map(({ items }) => items.get('FLAGS'));
  assert.deepEqual(flags, [['\\Seen', '\\Recent'], ['\\Recent'], ['\\Flagged', '\\Recent']]);
  const tooLarge = await client.command('APPEND INBOX ', mail('4'), ' ', Buffer.alloc(6000, 'x'));
  assert.equal(tooLarge.code, 'TOOBIG');
  const nonsense = await client.command('APPEND INBOX ', mail('5'), ' nonsense');
  assert.equal(nonsense.status, 'BAD');
  const { untagged } = await client.ok('STATUS INBOX (MESSAGES)');
  assert.deepEqual(
    untagged.find(({ type }) => type === 'STATUS'),
    {
      type: 'STATUS',
      mailbox: 'INBOX',
      items: new Map([['MESSAGES', 3]]),
    },
  );
});

test('literal8 and UTF8 messages; without a label nothing is changed (RFC 3516 §4.4, RFC 6855 §4)', async (t) => {
  const { open } = await stand(t);
  const client = await open('ENABLE UTF8=ACCEPT', 'SELECT INBOX');
  const message = Buffer.from('Subject: Gr\u00fc\u00dfe\r\n\r\n\0binary\r\n');
  client.send(`a APPEND INBOX ~{${message.length}+}\r\n`);
  client.send(message);
  client.send('\r\n');
  assert.equal((await client.completion('a')).status, 'OK');
  client.send(`b APPEND INBOX UTF8 (~{${message.length}+}\r\n`);
  client.send(message);
  client.send(')\r\n');
  assert.equal((await client.completion('b')).status, 'OK');
  for (const { items } of await client.fetch('1:2', 'BODY.PEEK[]'))
    assert.ok(message.equals(items.get('BODY[]') as Buffer), 'byte for byte');
  const other = await open();
  other.send('c APPEND INBOX UTF8 (~{10}\r\n');
  assert.equal((await other.completion('c')).status, 'BAD');
});

test('a binary part is in base64 afterwards, and BINARY gives what came (RFC 3516 §4.4, RFC 9051 §4.3.1)', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  for (const part of [
    Buffer.from('\0-\xe4\n\r\n\n', 'latin1'),
    Buffer.alloc(400_000, '\0\r\xff'),
  ]) {
    const head = 'Subject: x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: ';
    const message = Buffer.concat([Buffer.from(`${head}binary\r\n\r\n`), part]);
    client.send(`a APPEND INBOX ~{${message.length}+}\r\n`);
    client.send(message);
    client.send('\r\n');
    assert.equal((await client.completion('a')).code, 'APPENDUID');
    const items = '(RFC822.SIZE BODYSTRUCTURE BODY.PEEK[] BINARY.SIZE[1] BINARY.PEEK[1])';
    const [fetched] = await client.fetch('*', items);
    const whole = fetched!.items.get('BODY[]') as Buffer;
    const base64 = part.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n');
    assert.equal(whole.toString('latin1'), `${head}base64\r\n\r\n${base64}\r\n`);
    assert.equal(fetched!.items.get('RFC822.SIZE'), whole.length);
    assert.match(JSON.stringify(fetched!.items.get('BODYSTRUCTURE')), /base64/i);
    assert.equal(fetched!.items.get('BINARY.SIZE[1]'), part.length);
    assert.ok(part.equals(fetched!.items.get('BINARY[1]') as Buffer), 'the octets that came');
    const [middle] = await client.fetch('*', 'BINARY.PEEK[1]<2.3>');
    assert.ok(part.subarray(2, 5).equals(middle!.items.get('BINARY[1]<2>') as Buffer));
  }
});

test('a client that vanishes in the middle of a message leaves nothing', async (t) => {
  const { open, store, mailboxId } = await stand(t);
  const client = await open();
  client.send(`a APPEND INBOX {500000}\r\n`);
  await client.response();
  client.send(Buffer.alloc(400_000, 'x'));
  client.close();
  const other = await open('SELECT INBOX');
  await fill(other, 1);
  const folder = await store.openMailbox(mailboxId, 'test').folderByName('INBOX');
  assert.equal(folder!.messages, 1);
});

test('the mailbox name of APPEND may be a literal', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  const appended = await client.command('APPEND ', Buffer.from('Trash'), ' ', mail('x'));
  assert.equal(appended.code, 'APPENDUID');
});

test('of many messages few wait in memory, the others as blobs; all are stored', async (t) => {
  const limits = { appendHeldBytesMax: 2000, appendsHeldBytesMax: 5000 };
  const { open, server } = await stand(t, { limits });
  const messages = Array.from({ length: 30 }, (_, n) => mail(`${n}`, `${'x'.repeat(500)}\r\n`));
  const clients = await Promise.all(Array.from({ length: 8 }, () => open('SELECT INBOX')));
  let most = 0;
  for (const client of clients) client.send('a APPEND INBOX');
  for (const message of messages) {
    for (const client of clients)
      client.send(` {${message.length}+}\r\n${message.toString('latin1')}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    most = Math.max(most, server.heldBytes);
  }
  for (const client of clients) client.send('\r\n');
  for (const client of clients) assert.equal((await client.completion('a')).status, 'OK');
  assert.ok(most <= 5000 + 8 * 600, `${most} bytes were held`);
  assert.equal(server.heldBytes, 0);
  await clients[0]!.ok('NOOP');
  const fetched = await clients[0]!.fetch('1:*', 'BODY.PEEK[]');
  assert.equal(fetched.length, 240);
  const texts = new Set(fetched.map(({ items }) => String(items.get('BODY[]'))));
  assert.deepEqual([...texts].sort(), messages.map(String).sort());
});
