import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { PosthornError } from '#kernel';
import type { SmtpClient } from '../../../../test/clients/smtp.ts';
import { codes, World } from './harness.test.ts';

const MESSAGE = 'Subject: hi\r\n\r\nbody\r\n';
const b64 = (text: string): string => Buffer.from(text).toString('base64');
const PLAIN = `AUTH PLAIN ${b64('\0ann@example.test\0secret')}`;

/** Sends lines one after the other and gives the codes of the replies. */
async function talk(client: SmtpClient, ...lines: readonly string[]): Promise<string[]> {
  const got: string[] = [];
  for (const line of lines) {
    const { code, enhanced } = await client.command(line);
    got.push(enhanced === undefined ? String(code) : `${code} ${enhanced}`);
  }
  return got;
}

test('submission needs authentication, and a sender of one’s own', async () => {
  await using world = await World.open({ role: 'submission' });
  await using client = await world.hello();
  assert.deepEqual(
    await talk(
      client,
      'MAIL FROM:<ann@example.test>',
      PLAIN,
      PLAIN,
      'MAIL FROM:<bob@example.test>',
      'MAIL FROM:<x@far.example>',
      'MAIL FROM:<nobody@example.test>',
      'MAIL FROM:<>',
      'RSET',
      'MAIL FROM:<alias@example.test> AUTH=<>',
      'AUTH PLAIN',
      'RCPT TO:<friend@far.example>',
      'RCPT TO:<bob@example.test>',
    ),
    [
      '530 5.7.0',
      '235 2.7.0',
      '503 5.5.1',
      '553 5.7.1',
      '553 5.7.1',
      '553 5.7.1',
      '250 2.1.0',
      '250 2.0.0',
      '250 2.1.0',
      '503 5.5.1',
      '550 5.7.1',
      '250 2.1.5',
    ],
  );
  assert.match(client.received, /550 5\.7\.1 This server has no route to other domains yet/);
  assert.equal((await client.data(MESSAGE)).code, 250);
  const { origin } = world.transfer.accepted[0]!.envelope;
  assert.equal(origin.authenticatedAs, 1);
  assert.equal(origin.protocol, 'ESMTPA');
});

test('the mechanisms, with and without an initial response', async () => {
  await using world = await World.open({ role: 'submission' });
  const secret = b64('secret');
  const dialogues: readonly (readonly string[])[] = [
    [PLAIN],
    ['AUTH PLAIN', b64('\0ann@example.test\0secret')],
    ['AUTH LOGIN', b64('ann@example.test'), secret],
    [`AUTH LOGIN ${b64('ann@example.test')}`, secret],
    // The data that comes with success is one more challenge, answered with an empty line.
    [`auth scram-sha-256 ${b64('n,,n=ann')}`, secret, ''],
  ];
  for (const lines of dialogues) {
    await using client = await world.hello();
    const got = await talk(client, ...lines);
    assert.deepEqual(got, [...lines.slice(1).map(() => '334'), '235 2.7.0'], lines.join(' '));
    const ehlo = await client.command('EHLO again.example');
    assert.equal(
      ehlo.lines.some((line) => line.startsWith('AUTH')),
      false,
    );
  }
});

test('AUTH that goes wrong', async () => {
  await using world = await World.open({ role: 'submission' });
  await using client = await world.connect();
  await client.reply();
  assert.deepEqual(await talk(client, PLAIN, 'EHLO a'), ['503 5.5.1', '250']);
  assert.match(client.received, /250[ -]AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n/);
  assert.deepEqual(await talk(client, 'AUTH', 'AUTH DIGEST-MD5', 'AUTH PLAIN !', 'AUTH PLAIN YQ'), [
    '501 5.5.4',
    '504 5.5.4',
    '501 5.5.4',
    '501 5.5.2',
  ]);
  assert.deepEqual(await talk(client, 'AUTH LOGIN', '*', 'NOOP'), [
    '334',
    '501 5.7.0',
    '250 2.0.0',
  ]);
  assert.deepEqual(await talk(client, 'AUTH LOGIN', 'no base 64', 'NOOP'), [
    '334',
    '501 5.5.2',
    '250 2.0.0',
  ]);
  assert.deepEqual(await talk(client, 'AUTH LOGIN', 'A'.repeat(12_290), 'NOOP'), [
    '334',
    '500 5.5.6',
    '250 2.0.0',
  ]);
  assert.deepEqual(await talk(client, 'AUTH LOGIN', b64('x'.repeat(8000)), '*'), [
    '334',
    '334',
    '501 5.7.0',
  ]);
});

test('an authentication that cannot be decided now is not a wrong password', async () => {
  await using world = await World.open({ role: 'submission', limits: { authFailuresMax: 1 } });
  await using client = await world.hello();
  for (const failure of [new PosthornError('too-busy'), new Error('a bug')]) {
    world.directory.failSasl = failure;
    assert.deepEqual(await talk(client, PLAIN), ['454 4.7.0']);
  }
  world.directory.failSasl = undefined;
  assert.deepEqual(await talk(client, PLAIN), ['235 2.7.0']);
});

test('three wrong passwords end the session', async () => {
  await using world = await World.open({ role: 'submission' });
  await using client = await world.hello();
  const wrong = `AUTH PLAIN ${b64('\0ann@example.test\0guess')}`;
  assert.deepEqual(await talk(client, wrong, wrong, 'AUTH PLAIN ='), [
    '535 5.7.8',
    '535 5.7.8',
    '535 5.7.8',
  ]);
  assert.equal((await client.reply()).code, 421);
  await client.untilClosed();
});

test('AUTH within a pipelined group takes its lines in turn', async () => {
  await using world = await World.open({ role: 'submission' });
  const got = await world.play(
    `EHLO a\r\nAUTH LOGIN\r\n${b64('ann@example.test')}\r\n${b64('secret')}\r\n` +
      'MAIL FROM:<ann@example.test>\r\nQUIT\r\n',
  );
  assert.deepEqual(codes(got), ['220', '250', '334', '334', '235 2.7.0', '250 2.1.0', '221 2.0.0']);
});

test('without TLS and not on loopback no password is taken', async () => {
  await using world = await World.open({
    role: 'submission',
    startTls: true,
    clientAddress: '192.0.2.7',
  });
  await using client = await world.hello();
  assert.doesNotMatch(client.received, /AUTH/);
  assert.match(client.received, /250-STARTTLS\r\n/);
  assert.deepEqual(await talk(client, 'MAIL FROM:<>', PLAIN), ['530 5.7.0', '538 5.7.11']);
  assert.match(client.received, /530 5\.7\.0 Must issue a STARTTLS command first/);
  assert.equal((await client.startTls()).code, 220);
  const ehlo = await client.command('EHLO a');
  assert.ok(ehlo.lines.includes('AUTH SCRAM-SHA-256 PLAIN LOGIN'));
  assert.equal(ehlo.lines.includes('STARTTLS'), false);
  assert.deepEqual(await talk(client, PLAIN), ['235 2.7.0']);
  await client.sendMail('ann@example.test', ['bob@example.test'], MESSAGE);
  const { origin } = world.transfer.accepted[0]!.envelope;
  assert.equal(origin.protocol, 'ESMTPSA');
  assert.equal(origin.clientAddress, '192.0.2.7');
  assert.equal(origin.tls?.version, 'TLSv1.3');
});

test('STARTTLS: what came before is forgotten, what came along is dropped', async () => {
  await using world = await World.open({ startTls: true });
  await using client = await world.hello();
  assert.deepEqual(await talk(client, 'STARTTLS x', 'MAIL FROM:<>'), ['501 5.5.4', '250 2.1.0']);
  client.send(
    'STARTTLS\r\nRCPT TO:<bob@example.test>\r\nEHLO injected\r\nMAIL FROM:<evil@far.example>\r\n',
  );
  assert.equal((await client.reply()).code, 220);
  await client.upgrade();
  assert.deepEqual(await talk(client, 'RCPT TO:<bob@example.test>', 'MAIL FROM:<>', 'STARTTLS'), [
    '503 5.5.1',
    '503 5.5.1',
    '503 5.5.1',
  ]);
  await client.command('EHLO a');
  assert.equal((await client.sendMail('', ['bob@example.test'], MESSAGE)).code, 250);
  assert.equal(world.transfer.accepted[0]?.envelope.origin.protocol, 'ESMTPS');
});

test('a handshake that fails ends the session and nothing else', async () => {
  await using world = await World.open({ startTls: true });
  const socket = connect(world.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('EHLO a\r\nSTARTTLS\r\n');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
    if (received.includes('Ready to start TLS')) socket.write('this is no TLS at all\r\n');
  });
  await new Promise((resolve) => socket.on('close', resolve));
  await world.quiet();
  assert.equal((await (await world.hello()).command('QUIT')).code, 221);
});

test('TLS from the first byte', async () => {
  await using world = await World.open({
    role: 'submission',
    implicitTls: true,
    clientAddress: '192.0.2.7',
  });
  await using client = await world.hello({ tls: true });
  assert.deepEqual(await talk(client, PLAIN, 'STARTTLS'), ['235 2.7.0', '503 5.5.1']);
  assert.equal(
    (await client.sendMail('ann@example.test', ['bob@example.test'], MESSAGE)).code,
    250,
  );
});
