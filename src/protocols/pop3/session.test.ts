import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { waits } from '#kernel';
import { Flag } from '#model';
import { login, stand } from './stand.test.ts';

test('a session: log in, look, fetch, delete, quit', async (t) => {
  const { mailbox, connect } = await stand(t);
  mailbox.add('Subject: 1\r\n\r\none\r\n');
  mailbox.add('Subject: 2\r\n\r\n.\r\n..two\r\nline\r\n', 5);
  mailbox.add('Subject: 3\r\n\r\nthree\r\n', 4_000_000_000);
  const client = await connect();
  assert.equal(client.greeting, 'mail.example.test POP3 server ready');
  assert.equal(await login(client), 'Maildrop has 3 messages (70 octets)');
  assert.equal(await client.expectOk('STAT'), '3 70');
  assert.deepEqual(await client.listing('LIST'), ['1 19', '2 30', '3 21']);
  assert.equal(await client.expectOk('LIST 2'), '2 30');
  assert.deepEqual(await client.listing('UIDL'), ['1 1234.1', '2 1234.5', '3 1234.4000000000']);
  assert.equal(await client.expectOk('UIDL 3'), '3 1234.4000000000');
  assert.equal(String(await client.multi('RETR 2')), 'Subject: 2\r\n\r\n.\r\n..two\r\nline\r\n');
  assert.equal(String(await client.multi('TOP 2 1')), 'Subject: 2\r\n\r\n.\r\n');
  assert.equal(String(await client.multi('TOP 1 0')), 'Subject: 1\r\n\r\n');
  await client.expectOk('DELE 1');
  assert.equal(await client.expectOk('STAT'), '2 51');
  for (const line of ['DELE 1', 'RETR 1', 'TOP 1 0', 'LIST 1', 'UIDL 1', 'RETR 4', 'DELE 4'])
    assert.deepEqual(await client.command(line), { ok: false, text: 'No such message' }, line);
  assert.deepEqual(await client.listing('LIST'), ['2 30', '3 21']);
  assert.equal(await client.expectOk('RSET'), 'Maildrop has 3 messages (70 octets)');
  await client.expectOk('DELE 3');
  await client.expectOk('NOOP');
  assert.equal(mailbox.messages.size, 3, 'nothing is removed before QUIT');
  assert.equal((await client.quit()).ok, true);
  assert.deepEqual([...mailbox.messages.keys()], [1, 5]);
  assert.deepEqual([mailbox.flags.get(1), mailbox.flags.get(5)], [0, Flag.Seen]);
});

const SCRIPT =
  'CAPA\r\nUSER ann\r\nPASS sec ret\u00c3\u00b6 \r\nSTAT\r\nUIDL\r\nRETR 1\r\nDELE 1\r\nTOP 2 0\r\nNOPE\r\nQUIT\r\n';

test('a pipelined session is the same cut at every byte, and a client that vanishes there deletes nothing', async (t) => {
  const { mailbox, connect } = await stand(t);
  const fill = (): void => {
    mailbox.messages.clear();
    mailbox.add('A: 1\r\n\r\n.one\r\n', 1);
    mailbox.add('A: 2\r\n\r\n.two\r\n', 2);
  };
  fill();
  const whole = await connect();
  whole.write(SCRIPT);
  const expected = await whole.finish();
  assert.match(expected, /\+OK 2 28\r\n.*\.\.one.*-ERR Unknown command\r\n\+OK Bye \(1/s);
  for (let at = 1; at < SCRIPT.length; at++) {
    fill();
    const client = await connect();
    client.write(SCRIPT.slice(0, at));
    await new Promise(setImmediate);
    client.write(SCRIPT.slice(at));
    assert.equal(await client.finish(), expected, `cut at ${at}`);
    assert.deepEqual([...mailbox.messages.keys()], [2]);
    fill();
    mailbox.expunges = 0;
    const vanishing = await connect();
    vanishing.write(SCRIPT.slice(0, at));
    const got = await vanishing.finish();
    // Without its line end QUIT is not said; with a lone CR it is not either.
    assert.ok(expected.startsWith(got) && got.length < expected.length, `vanished at ${at}`);
    assert.equal(mailbox.expunges, 0);
    assert.equal(mailbox.messages.size, 2);
  }
});

test('a connection cut in the middle deletes and flags nothing', async (t) => {
  const { mailbox, connect, server } = await stand(t);
  mailbox.add('x\r\n');
  const client = await connect();
  await login(client);
  await client.multi('RETR 1');
  await client.expectOk('DELE 1');
  client.destroy();
  while (server.sessions > 0) await new Promise(setImmediate);
  assert.deepEqual([mailbox.messages.size, mailbox.flags.get(1)], [1, 0]);
});

test('what others remove meanwhile answers -ERR, the numbers stay', async (t) => {
  const { mailbox, connect } = await stand(t);
  for (const text of ['one\r\n', 'two\r\n', 'three\r\n']) mailbox.add(text);
  const client = await connect();
  await login(client);
  mailbox.messages.delete(2);
  mailbox.add('four\r\n');
  assert.equal((await client.command('RETR 2')).ok, false);
  assert.equal((await client.command('TOP 2 1')).ok, false);
  assert.equal(String(await client.multi('RETR 3')), 'three\r\n');
  assert.equal((await client.command('RETR 4')).ok, false, 'new mail is not in the snapshot');
  await client.expectOk('DELE 2');
  await client.expectOk('DELE 3');
  assert.equal((await client.quit()).ok, true);
  assert.deepEqual([...mailbox.messages.keys()], [1, 4]);
});

test('messages of every shape come back byte for byte', async (t) => {
  const { mailbox, connect } = await stand(t);
  const shapes = [
    Buffer.from('.\r\n.\r\n..\r\n'),
    Buffer.from('\r\n'),
    `${Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i)).toString('latin1')}\r\n`,
    `${'.\r\n'.repeat(50_000)}`,
    `${'no line end at all, '.repeat(20_000)}\r\n`,
    Buffer.concat([Buffer.alloc(1_000_000, 'binary \xff\xfe\r\n.', 'latin1'), Buffer.from('\r\n')]),
  ].map((shape) => (typeof shape === 'string' ? Buffer.from(shape, 'latin1') : shape));
  for (const blobs of [false, true]) {
    mailbox.messages.clear();
    mailbox.blobs = blobs;
    for (const [i, shape] of shapes.entries()) mailbox.add(shape, i + 1);
    const client = await connect();
    await login(client);
    for (const [i, shape] of shapes.entries()) {
      const got = await client.multi(`RETR ${i + 1}`);
      assert.ok(got?.equals(shape), `shape ${i}, blobs ${blobs}`);
    }
    assert.equal(String(await client.multi('TOP 1 1')).length, 10, 'no header end: all of it');
    await client.quit();
  }
});

test('TOP reads little of a large message; an unfinished last line gets its CRLF', async (t) => {
  const { mailbox, connect } = await stand(t);
  mailbox.add(`Subject: x\r\n\r\n${'line\r\n'.repeat(1_000_000)}end`);
  mailbox.add('');
  const client = await connect();
  await login(client);
  const top = await client.multi('TOP 1 2');
  assert.equal(String(top), 'Subject: x\r\n\r\nline\r\nline\r\n');
  assert.equal(mailbox.bytesRead, 16 * 1024);
  assert.equal(String(await client.multi('TOP 1 0')), 'Subject: x\r\n\r\n');
  assert.equal(mailbox.bytesRead, 16 * 1024, 'of the body nothing was read');
  const whole = await client.multi('RETR 1');
  assert.ok(String(whole).endsWith('line\r\nend\r\n'));
  assert.equal(String(await client.multi('RETR 2')), '');
});

test('content that ends early cuts the connection instead of lying', async (t) => {
  const { mailbox, connect } = await stand(t);
  mailbox.add(Buffer.alloc(1_000_000, 'x\r\n'));
  const client = await connect();
  await login(client);
  let reads = 0;
  mailbox.onRead = () => {
    if (++reads === 3) mailbox.messages.clear();
  };
  await assert.rejects(client.multi('RETR 1'), /closed the connection/);
});

test('flags that cannot be set are no reason to tell that messages stay', async (t) => {
  const { mailbox, connect } = await stand(t);
  for (const text of ['one\r\n', 'two\r\n']) mailbox.add(text);
  mailbox.failFlags = true;
  const client = await connect();
  await login(client);
  await client.multi('RETR 1');
  await client.expectOk('DELE 2');
  assert.deepEqual(await client.quit(), { ok: true, text: 'Bye (1 messages left)' });
  assert.deepEqual([...mailbox.messages.keys()], [1]);
});

test('two sessions of one mailbox: neither locks the other out, what both remove goes once', async (t) => {
  const { mailbox, connect } = await stand(t);
  for (const text of ['one\r\n', 'two\r\n', 'three\r\n']) mailbox.add(text);
  const [first, second] = [await connect(), await connect()];
  await login(first);
  await login(second);
  for (const client of [first, second]) await client.expectOk('DELE 2');
  await second.expectOk('DELE 3');
  assert.equal((await first.quit()).ok, true);
  assert.equal((await second.command('RETR 1')).ok, true, 'its numbers are as they were');
  await second.body();
  assert.equal((await second.quit()).ok, true);
  assert.deepEqual([...mailbox.messages.keys()], [1]);
  for (let n = 0; n < 3; n++) {
    const vanishing = await connect();
    await login(vanishing);
    vanishing.destroy();
  }
  const after = await connect();
  assert.equal(await login(after), 'Maildrop has 1 messages (5 octets)');
});

test('a message that comes while the drop is read belongs to the next one', async (t) => {
  const { mailbox, connect } = await stand(t);
  for (const text of ['one\r\n', 'two\r\n']) mailbox.add(text);
  mailbox.onOpen = () => void mailbox.add('three\r\n');
  const client = await connect();
  assert.equal(await login(client), 'Maildrop has 2 messages (10 octets)');
  assert.deepEqual(await client.listing('UIDL'), ['1 1234.1', '2 1234.2']);
});

test('a removal that fails is told, and nothing else is done', async (t) => {
  const { mailbox, connect } = await stand(t);
  mailbox.add('x\r\n');
  mailbox.failExpunge = true;
  const client = await connect();
  await login(client);
  await client.expectOk('DELE 1');
  const reply = await client.quit();
  assert.deepEqual(reply, { ok: false, text: '[SYS/TEMP] Some deleted messages were not removed' });
  assert.equal(mailbox.messages.size, 1);
});

test('large drops: many pages, listings longer than any buffer', async (t) => {
  const { mailbox, connect } = await stand(t);
  const count = 2500;
  for (let i = 0; i < count; i++) mailbox.add('x\r\n', 3 * i + 1);
  const client = await connect();
  assert.equal(await login(client), `Maildrop has ${count} messages (${3 * count} octets)`);
  const uids = await client.listing('UIDL');
  assert.deepEqual([uids.length, uids.at(-1)], [count, `${count} 1234.${3 * count - 2}`]);
  client.write(Array.from({ length: count }, (_, i) => `DELE ${i + 1}\r\n`).join(''));
  for (let i = 0; i < count; i++) assert.equal((await client.reply()).ok, true);
  assert.equal(await client.expectOk('STAT'), '0 0');
  assert.deepEqual(await client.listing('LIST'), []);
  await client.quit();
  assert.equal(mailbox.messages.size, 0);
});

test('sessions are bounded, silent ones end without changing anything', async (t) => {
  const { mailbox, connect, server } = await stand(t, {
    limits: { sessionsMax: 1, idleTimeoutMs: 300 },
  });
  mailbox.add('x\r\n');
  const client = await connect();
  await login(client);
  client.write('DELE 1\r\n');
  assert.equal((await client.reply()).ok, true);
  await assert.rejects(connect(), /\[SYS\/TEMP\] Too many sessions/);
  await client.closed();
  assert.equal(server.sessions, 0);
  assert.equal(mailbox.messages.size, 1);
});

test('stop ends idle sessions at once, lets a command finish, and takes no more', async (t) => {
  const { mailbox, connect, server } = await stand(t);
  mailbox.add(Buffer.concat([Buffer.alloc(1_200_000, 'x'), Buffer.from('\r\n')]));
  const idle = await connect();
  await login(idle);
  await idle.expectOk('DELE 1');
  const busy = await connect();
  await login(busy);
  let stopped: Promise<void> | undefined;
  mailbox.onRead = () => {
    stopped ??= server.stop(5000);
  };
  busy.write('RETR 1\r\nDELE 1\r\nQUIT\r\n');
  assert.equal((await busy.reply()).ok, true);
  assert.equal((await busy.body()).length, 1_200_002);
  await Promise.all([busy.closed(), idle.closed(), stopped]);
  assert.equal(server.sessions, 0);
  assert.equal(mailbox.messages.size, 1, 'what came behind was not obeyed');
  await assert.rejects(connect(), /shutting down/);
});

test('a client that asks and takes no answer is not read from any more', {
  timeout: 20_000,
}, async (t) => {
  const { port } = await stand(t);
  const socket = connect({ host: '127.0.0.1', port });
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.pause();
  // Some 30 MB of answers: more than the system's buffers take.
  socket.write('CAPA\r\n'.repeat(200_000));
  const held = (): boolean =>
    waits
      .list()
      .some(({ name, owner }) => name.includes('take output') && owner.startsWith('pop3'));
  while (!held() && !t.signal.aborted) await new Promise(setImmediate);
});
