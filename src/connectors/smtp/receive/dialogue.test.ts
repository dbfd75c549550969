import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PosthornError } from '#kernel';
import { codes, World } from './harness.test.ts';

const MESSAGE = 'Subject: hi\r\n\r\nbody\r\n';
const START = 'EHLO client.example\r\nMAIL FROM:<x@far.example>\r\n';

/** The replies to some lines after EHLO, MAIL and RCPT. */
async function afterRcpt(world: World, lines: string): Promise<string[]> {
  return codes(await world.play(`${START}RCPT TO:<bob@example.test>\r\n${lines}`)).slice(4);
}

test('a message goes through with its envelope', async () => {
  await using world = await World.open();
  await using client = await world.hello();
  const replies = await client.pipeline(
    'MAIL FROM:<x@far.example> SIZE=20 BODY=8BITMIME RET=HDRS ENVID=e+2B1',
    'RCPT TO:<bob@example.test> NOTIFY=FAILURE ORCPT=rfc822;b+40c',
    'RCPT TO:<Postmaster>',
  );
  assert.deepEqual(
    replies.map(({ code, enhanced }) => `${code} ${enhanced}`),
    ['250 2.1.0', '250 2.1.5', '250 2.1.5'],
  );
  const done = await client.data(`${MESSAGE}.dot\r\n..two\r\n`);
  const { envelope, content } = world.transfer.accepted[0]!;
  assert.equal(content, `${MESSAGE}.dot\r\n..two\r\n`);
  assert.deepEqual(done.lines, [`2.0.0 Ok: accepted as ${envelope.submissionId}`]);
  const { submissionId: _id, receivedAtMs: _at, ...rest } = envelope;
  const notify = { never: false, success: false, failure: true, delay: false };
  const bob = { local: 'bob', domain: 'example.test' };
  const master = { local: 'Postmaster', domain: 'mx.example.test' };
  assert.deepEqual(rest, {
    from: { local: 'x', domain: 'far.example' },
    recipients: [
      { address: bob, mailboxId: 2, notify, originalRecipient: 'rfc822;b@c' },
      { address: master, mailboxId: 9, notify: undefined, originalRecipient: undefined },
    ],
    smtpUtf8: false,
    body: '8BITMIME',
    dsnReturn: 'HDRS',
    dsnEnvelopeId: 'e+1',
    origin: {
      protocol: 'ESMTP',
      helo: 'client.example',
      clientAddress: '127.0.0.1',
      tls: undefined,
      authenticatedAs: undefined,
    },
  });
});

test('EHLO offers what there is, HELO nothing', async () => {
  await using world = await World.open({ limits: { sizeBytesMax: 1000 } });
  await using client = await world.connect();
  assert.equal((await client.reply()).code, 220);
  assert.deepEqual((await client.command('EHLO [127.0.0.1]')).lines, [
    'mx.example.test',
    'PIPELINING',
    'SIZE 1000',
    '8BITMIME',
    'SMTPUTF8',
    'CHUNKING',
    'BINARYMIME',
    'ENHANCEDSTATUSCODES',
    'DSN',
    'LIMITS RCPTMAX=1000 MAILMAX=100000',
    'HELP',
  ]);
  assert.deepEqual((await client.command('HELO x')).lines, ['mx.example.test']);
  await client.sendMail('', ['bob@example.test'], MESSAGE);
  assert.equal(world.transfer.accepted[0]?.envelope.origin.protocol, 'SMTP');
  assert.equal(world.transfer.accepted[0]?.envelope.from, undefined);
});

test('commands out of order and with wrong arguments have their codes, and do no harm', async () => {
  await using world = await World.open();
  const lines: readonly (readonly [string, string])[] = [
    ['MAIL FROM:<a@b.example>', '503 5.5.1'],
    ['EHLO', '501 5.5.4'],
    ['EHLO a b', '501 5.5.4'],
    ['EHLO client.example', '250'],
    ['RCPT TO:<bob@example.test>', '503 5.5.1'],
    ['DATA', '503 5.5.1'],
    ['BDAT 0 LAST', '503 5.5.1'],
    ['MAIL', '501 5.5.4'],
    ['MAIL FROM:a@b.example', '501 5.1.7'],
    ['MAIL FROM:<ü@b.example>', '553 5.6.7'],
    ['MAIL FROM:<a@b.example> FOO=1', '555 5.5.4'],
    ['MAIL FROM:<a@b.example> SIZE=x', '501 5.5.4'],
    ['MAIL FROM:<a@b.example> SIZE=99999999999', '552 5.3.4'],
    ['MAIL FROM:<a@b.example>', '250 2.1.0'],
    ['MAIL FROM:<a@b.example>', '503 5.5.1'],
    ['DATA', '503 5.5.1'],
    ['RCPT TO:<nobody@example.test>', '550 5.1.1'],
    ['RCPT TO:<a@elsewhere.example>', '550 5.7.1'],
    ['RCPT TO:<bob>', '501 5.1.3'],
    ['RCPT TO:<jürgen@example.test>', '553 5.6.7'],
    ['RCPT TO:<bob@example.test> FOO', '555 5.5.4'],
    ['DATA', '554 5.5.1'],
    ['RCPT TO:<bob@example.test>', '250 2.1.5'],
    ['DATA now', '501 5.5.4'],
    ['RSET x', '501 5.5.4'],
    ['RSET', '250 2.0.0'],
    ['DATA', '503 5.5.1'],
    ['STARTTLS', '502 5.5.1'],
    ['AUTH PLAIN', '503 5.5.1'],
    ['EXPN staff', '502 5.5.1'],
    ['VRFY', '501 5.5.4'],
    ['VRFY bob', '252 2.1.5'],
    ['HELP', '214 2.0.0'],
    ['noop what ever', '250 2.0.0'],
    ['ETRN x', '502 5.5.1'],
    ['FOO', '500 5.5.1'],
    ['', '500 5.5.2'],
    ['\x01', '500 5.5.2'],
    [`NOOP ${'x'.repeat(2040)}`, '250 2.0.0'],
    [`NOOP ${'x'.repeat(2042)}`, '500 5.5.2'],
    [`NOOP ${'x'.repeat(20_000)}`, '500 5.5.2'],
    ['QUIT x', '501 5.5.4'],
    ['QUIT', '221 2.0.0'],
  ];
  const sent = lines.map(([line]) => `${line}\r\n`).join('');
  const got = codes(await world.play([Buffer.from(sent)])).slice(1);
  assert.deepEqual(
    got.map((code, index) => `${lines[index]?.[0].slice(0, 40)} -> ${code}`),
    lines.map(([line, code]) => `${line.slice(0, 40)} -> ${code}`),
  );
  assert.equal(world.transfer.begun, 0);
});

test('a line that ends with LF alone is refused, and the next is heard', async () => {
  await using world = await World.open();
  assert.deepEqual(codes(await world.play('NOOP\nNOOP\r\nQUIT\r\n')), [
    '220',
    '500 5.5.2',
    '250 2.0.0',
    '221 2.0.0',
  ]);
});

test('a browser is sent away at once', async () => {
  await using world = await World.open();
  const got = await world.play('POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@b.example>\r\n');
  assert.deepEqual(codes(got), ['220', '421 4.7.0']);
});

test('after too many errors the session ends', async () => {
  await using world = await World.open({ limits: { errorsMax: 3 } });
  const got = codes(await world.play('FOO\r\nFOO\r\nNOOP\r\nFOO\r\nNOOP\r\n'));
  assert.deepEqual(got.slice(1), ['500 5.5.1', '500 5.5.1', '250 2.0.0', '500 5.5.1', '421 4.7.0']);
});

test('recipients: the limit, and one that is named twice', async () => {
  await using world = await World.open({ limits: { recipientsMax: 4 } });
  const names = ['ann', 'alias', 'ANN', 'bob', 'postmaster'];
  const rcpts = names.map((name) => `RCPT TO:<${name}@example.test>\r\n`).join('');
  const got = codes(await world.play(`${START}${rcpts}DATA\r\n${MESSAGE}.\r\nQUIT\r\n`));
  assert.deepEqual(got.slice(3), [
    ...Array<string>(4).fill('250 2.1.5'),
    '452 4.5.3',
    '354',
    '250 2.0.0',
    '221 2.0.0',
  ]);
  const ids = world.transfer.accepted[0]?.envelope.recipients.map(({ mailboxId }) => mailboxId);
  assert.deepEqual(ids, [1, 2]);
});

test('the messages of a session have a limit', async () => {
  await using world = await World.open({ limits: { messagesMax: 1 } });
  const got = codes(await world.play(`${START}RSET\r\nMAIL FROM:<>\r\nNOOP\r\n`));
  assert.deepEqual(got.slice(2), ['250 2.1.0', '250 2.0.0', '421 4.7.0']);
});

test('a message over the limit is refused while it comes, and the session goes on', async () => {
  await using world = await World.open({ limits: { sizeBytesMax: 100 } });
  const big = 'x'.repeat(98);
  const got = await afterRcpt(world, `DATA\r\n${big}y\r\n.\r\n${START}NOOP\r\n`);
  assert.deepEqual(got, ['354', '552 5.3.4', '250', '250 2.1.0', '250 2.0.0']);
  assert.deepEqual(await afterRcpt(world, `DATA\r\n${big}\r\n.\r\n`), ['354', '250 2.0.0']);
  assert.equal(world.transfer.accepted.length, 1);
  assert.equal(world.transfer.disposed, 1);
});

test('a flood is cut off', async () => {
  await using world = await World.open({ limits: { sizeBytesMax: 1000 } });
  const got = await afterRcpt(world, `DATA\r\n${'x\r\n'.repeat(1_000_000)}.\r\nNOOP\r\n`);
  assert.deepEqual(got, ['354', '552 5.3.4']);
  assert.deepEqual(await afterRcpt(world, 'BDAT 99999999999\r\n'), ['552 5.3.4']);
  assert.equal(world.transfer.accepted.length, 0);
  await world.quiet();
  assert.equal(world.transfer.disposed, world.transfer.begun);
});

test('a message that goes in circles is refused', async () => {
  await using world = await World.open();
  const hop = 'received: from a\r\n\tby b\r\n';
  const send = (hops: number): Promise<string[]> =>
    afterRcpt(world, `DATA\r\n${hop.repeat(hops)}X-Received: x\r\n\r\n${hop}.\r\n`);
  assert.deepEqual(await send(101), ['354', '554 5.4.6']);
  assert.deepEqual(await send(100), ['354', '250 2.0.0']);
});

test('failures of transfer and directory have their codes, and the session goes on', async () => {
  await using world = await World.open();
  const { transfer, directory } = world;
  const data = `DATA\r\n${MESSAGE}.\r\nNOOP\r\n`;
  transfer.refuse = 'disk-full';
  assert.deepEqual(await afterRcpt(world, data), ['354', '452 4.3.1', '250 2.0.0']);
  transfer.refuse = 'deadline';
  assert.deepEqual(await afterRcpt(world, data), ['354', '451 4.4.7', '250 2.0.0']);
  transfer.refuse = 'shutting-down';
  assert.deepEqual(await afterRcpt(world, data), ['354', '421 4.3.2']);
  transfer.failCommit = new PosthornError('too-busy');
  assert.deepEqual(await afterRcpt(world, data), ['354', '451 4.3.2', '250 2.0.0']);
  transfer.failCommit = new Error('a bug');
  assert.deepEqual(await afterRcpt(world, data), ['354', '451 4.3.0', '250 2.0.0']);
  transfer.failWrite = new PosthornError('disk-full');
  assert.deepEqual(await afterRcpt(world, data), ['354', '452 4.3.1', '250 2.0.0']);
  transfer.failWrite = new TypeError('a bug');
  assert.deepEqual(await afterRcpt(world, data), ['354', '451 4.3.0', '250 2.0.0']);
  const bdat = `BDAT 5 LAST\r\nab\r\ncNOOP\r\n`;
  assert.deepEqual(await afterRcpt(world, bdat), ['451 4.3.0', '250 2.0.0']);
  await world.quiet();
  assert.equal(transfer.disposed, transfer.begun);
  transfer.failBegin = new PosthornError('unavailable');
  assert.deepEqual(await afterRcpt(world, 'DATA\r\nNOOP\r\n'), ['451 4.3.2', '250 2.0.0']);
  assert.deepEqual(await afterRcpt(world, bdat), ['451 4.3.2', '250 2.0.0']);
  transfer.failBegin = new PosthornError('shutting-down');
  assert.deepEqual(await afterRcpt(world, bdat), ['421 4.3.2']);
  directory.failResolve = new PosthornError('deadline');
  assert.deepEqual(
    codes(await world.play(`${START}RCPT TO:<bob@example.test>\r\n`)).at(-1),
    '451 4.4.7',
  );
  directory.failResolve = new Error('a bug');
  assert.deepEqual(
    codes(await world.play(`${START}RCPT TO:<bob@example.test>\r\n`)).at(-1),
    '451 4.3.0',
  );
  assert.equal(transfer.accepted.length, 0);
});

test('SMTPUTF8: addresses beyond ASCII, and the word in the trace', async () => {
  await using world = await World.open();
  await using client = await world.hello();
  await client.command('MAIL FROM:<märy@exämple.org> SMTPUTF8');
  assert.equal((await client.command('RCPT TO:<jürgen@example.test>')).code, 250);
  assert.equal((await client.data('Subject: ü\r\n\r\n')).code, 250);
  const { envelope } = world.transfer.accepted[0]!;
  assert.deepEqual(envelope.from, { local: 'märy', domain: 'exämple.org' });
  assert.equal(envelope.smtpUtf8, true);
  assert.equal(envelope.origin.protocol, 'UTF8SMTP');
  assert.deepEqual(envelope.recipients[0]?.address, { local: 'jürgen', domain: 'example.test' });
});
