import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { waits } from '#kernel';
import { Pop3Client } from '../../../test/clients/pop3.ts';
import { login, selfSigned, stand } from './stand.test.ts';

test('states and nonsense: the right refusals, a usable connection, an end to patience', async (t) => {
  const { connect } = await stand(t, { limits: { mistakesMax: 8 } });
  const client = await connect();
  for (const line of ['STAT', 'RETR 1', 'NOOP', 'PASS x', 'APOP ann x', 'STLS', 'x'.repeat(300)])
    assert.equal((await client.command(line)).ok, false, line);
  await client.expectOk('USER ann');
  assert.equal((await client.command('')).ok, false);
  await client.closed();
  const other = await connect();
  await login(other);
  for (const line of ['USER ann', 'PASS x', 'AUTH PLAIN', 'UTF8', 'STLS'])
    assert.equal((await other.command(line)).ok, false, line);
  await other.expectOk('NOOP');
  other.write(Buffer.alloc(70_000, 0x61));
  assert.deepEqual(await other.reply(), { ok: false, text: 'Line without end' });
  await other.closed();
});

test('a browser is sent away at once', async (t) => {
  const { connect } = await stand(t);
  const client = await connect();
  client.write('POST / HTTP/1.1\r\nHost: x\r\n\r\nCAPA\r\n');
  assert.equal((await client.reply()).ok, false);
  await client.closed();
});

test('CAPA tells what there is in each state', async (t) => {
  const { connect } = await stand(t, { secure: true });
  const client = await connect();
  const common = [
    'RESP-CODES',
    'AUTH-RESP-CODE',
    'PIPELINING',
    'UTF8 USER',
    'LANG',
    'EXPIRE NEVER',
  ];
  const first = ['TOP', 'UIDL', 'SASL SCRAM-SHA-256 PLAIN LOGIN', 'USER'];
  assert.deepEqual(await client.listing('CAPA'), [...first, 'STLS', ...common]);
  await login(client);
  assert.deepEqual(await client.listing('capa'), [...first, ...common, 'IMPLEMENTATION Posthorn']);
  assert.deepEqual(await client.listing('LANG'), ['en English']);
  for (const line of ['LANG *', 'LANG en-GB', 'LANG i-default'])
    assert.match(await client.expectOk(line), /^en /);
  assert.equal((await client.command('LANG de')).ok, false);
});

test('AUTH: listed, with and without initial response, cancelled, malformed, wrong', async (t) => {
  const { connect } = await stand(t, { limits: { loginFailuresMax: 2 } });
  const good = Buffer.from('\0ann\0secret').toString('base64');
  for (const start of [`AUTH PLAIN ${good}`, 'AUTH plain']) {
    const client = await connect();
    client.write(`${start}\r\n`);
    if (start === 'AUTH plain') {
      assert.equal(await client.line(), '+ ');
      client.write(`${good}\r\n`);
    }
    assert.equal(await client.line(), `+ ${Buffer.from('v=proof').toString('base64')}`);
    client.write('\r\n');
    assert.equal((await client.reply()).ok, true);
    await client.expectOk('STAT');
    await client.quit();
  }
  const client = await connect();
  assert.deepEqual(await client.listing('AUTH'), ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']);
  for (const answer of ['*', '???', 'x'.repeat(12_300)]) {
    client.write(`AUTH PLAIN\r\n`);
    assert.equal(await client.line(), '+ ');
    assert.equal((await client.command(answer)).ok, false);
  }
  assert.equal((await client.command('AUTH PLAIN ????')).ok, false);
  assert.equal((await client.command('AUTH CRAM-MD5')).ok, false);
  for (const line of ['AUTH PLAIN =', 'AUTH PLAIN AAAA'])
    assert.deepEqual(await client.command(line), {
      ok: false,
      text: '[AUTH] Authentication failed',
    });
  await client.closed();
});

test('an exchange that breaks off: the client is gone, or its line has no end', async (t) => {
  const { connect, server } = await stand(t);
  const gone = await connect();
  gone.write('AUTH PLAIN\r\n');
  assert.equal(await gone.line(), '+ ');
  assert.equal(await gone.finish(), '');
  const endless = await connect();
  endless.write('AUTH PLAIN\r\n');
  assert.equal(await endless.line(), '+ ');
  endless.write(Buffer.alloc(90_000, 0x61));
  assert.deepEqual(await endless.reply(), { ok: false, text: 'Line without end' });
  await endless.closed();
  // The last word of an exchange that went well must be answered too.
  const proof = await connect();
  proof.write(`AUTH PLAIN ${Buffer.from('\0ann\0secret').toString('base64')}\r\n`);
  assert.match(await proof.line(), /^\+ /);
  assert.deepEqual(await proof.command('*'), { ok: false, text: 'Authentication cancelled' });
  assert.equal((await proof.command('STAT')).ok, false, 'it is not logged in');
  await proof.quit();
  while (server.sessions > 0) await new Promise(setImmediate);
});

test('before the login AUTH alone may have a long line, behind it nothing', async (t) => {
  const { connect } = await stand(t);
  const client = await connect();
  const long = Buffer.alloc(600, 'x').toString('base64');
  assert.deepEqual(await client.command(`NOOP ${long}`), { ok: false, text: 'Line too long' });
  const refused = await client.command(`auth PLAIN ${long}`);
  assert.deepEqual(refused, { ok: false, text: '[AUTH] Authentication failed' });
  const over = await client.command(`AUTH PLAIN ${'x'.repeat(12_288)}`);
  assert.deepEqual(over, { ok: false, text: 'Line too long' });
  await login(client);
  const late = await client.command(`AUTH PLAIN ${long}`);
  assert.deepEqual(late, { ok: false, text: 'Line too long' });
});

test('a mailbox that was removed meanwhile is told, and the client may try another', async (t) => {
  const { mailbox, connect } = await stand(t);
  mailbox.gone = true;
  const client = await connect();
  await client.expectOk('USER ann');
  const refused = await client.command('PASS sec ret\u00c3\u00b6 ');
  assert.deepEqual(refused, { ok: false, text: '[SYS/PERM] The mailbox is gone' });
  mailbox.gone = false;
  await login(client);
});

test('who does not log in in time is told and given up, whatever he says', async (t) => {
  const { connect, server } = await stand(t, { limits: { loginTimeoutMs: 1 } });
  const client = await connect();
  await client.expectOk('NOOP').catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 5));
  waits.expireOverdue();
  assert.deepEqual(await client.reply(), { ok: false, text: '[SYS/TEMP] Too slow to log in' });
  await client.closed();
  while (server.sessions > 0) await new Promise(setImmediate);
});

test('so many sessions of a mailbox; one that ends makes room', async (t) => {
  const { connect, server } = await stand(t, { limits: { sessionsPerMailboxMax: 1 } });
  const first = await connect();
  await login(first);
  const second = await connect();
  await second.expectOk('USER ann');
  const refused = await second.command('PASS sec ret\u00c3\u00b6 ');
  assert.deepEqual(refused, { ok: false, text: '[SYS/TEMP] Too many sessions of this mailbox' });
  await first.quit();
  while (server.sessions > 1) await new Promise(setImmediate);
  await login(second);
  await second.quit();
});

test('UTF8 is taken before the login (RFC 6856 §2.1)', async (t) => {
  const { connect } = await stand(t);
  const client = await connect();
  await client.expectOk('UTF8');
  assert.equal((await client.command('UTF8 x')).ok, false);
  await login(client);
  assert.equal((await client.command('UTF8')).ok, false);
});

test('failed logins are answered alike and end the session at the third; trouble is not failure', async (t) => {
  const { connect, server } = await stand(t);
  const client = await connect();
  await client.expectOk('USER busy');
  assert.match((await client.command('PASS x')).text, /^\[SYS\/TEMP\] /);
  for (const user of ['ann', 'nobody', 'ann']) {
    await client.expectOk(`USER ${user}`);
    const reply = await client.command('PASS wrong');
    assert.deepEqual(reply, { ok: false, text: '[AUTH] Authentication failed' });
  }
  await client.closed();
  assert.equal(server.sessions, 0);
});

test('from elsewhere without TLS no password is taken; STLS makes it possible', async (t) => {
  const { connect } = await stand(t, { secure: true, remote: true });
  const client = await connect();
  assert.ok((await client.listing('CAPA')).includes('SASL SCRAM-SHA-256'));
  assert.ok(!(await client.listing('CAPA')).includes('USER'));
  for (const line of ['USER ann', 'PASS x', 'AUTH PLAIN AAAA', 'AUTH LOGIN'])
    assert.match((await client.command(line)).text, /^\[AUTH\] .*TLS/, line);
  await client.startTls();
  assert.equal(client.tls, true);
  assert.ok(!(await client.listing('CAPA')).includes('STLS'));
  assert.equal((await client.command('STLS')).ok, false);
  await login(client);
  await client.quit();
});

test('what is sent behind STLS in the clear is never obeyed', async (t) => {
  const { connect } = await stand(t, { secure: true });
  const client = await connect();
  await client.expectOk('USER ann');
  client.write('STLS\r\nNOOP\r\nCAPA\r\n');
  assert.equal((await client.reply()).text, 'Begin TLS negotiation');
  client.write('NOOP\r\n');
  await client.closed();
});

test('TLS from the first byte', async (t) => {
  const { server, mailbox } = await stand(t);
  mailbox.add('a\r\n');
  const credentials = await selfSigned();
  const listener = createServer((socket) => {
    const secure = new TLSSocket(socket, { isServer: true, ...credentials });
    secure.once('secure', () => server.accept(secure));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => listener.close());
  const { port } = listener.address() as { port: number };
  const client = await Pop3Client.connect({ port, tls: true });
  await login(client);
  assert.equal(String(await client.multi('RETR 1')), 'a\r\n');
  await client.quit();
});
