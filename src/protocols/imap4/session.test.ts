import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { Mailbox } from '#store';
import { fill, mail, PASSWORD, stand, USER } from './stand.test.ts';

test('the greeting names what can be done before the login (RFC 9051 §7.1.5)', async (t) => {
  const { connect } = await stand(t);
  const client = await connect();
  assert.equal(client.greeting.condition, 'OK');
  assert.match(client.greeting.codeText!, /^CAPABILITY IMAP4rev2 IMAP4rev1 .*AUTH=SCRAM-SHA-256/);
  assert.doesNotMatch(client.greeting.codeText!, /STARTTLS|LOGINDISABLED/);
});

test('commands are refused in the wrong state (RFC 9051 §3)', async (t) => {
  const { connect, open } = await stand(t);
  const before = await connect();
  for (const command of [
    'SELECT INBOX',
    'LIST "" "*"',
    'FETCH 1 FLAGS',
    'IDLE',
    'ENABLE CONDSTORE',
  ])
    assert.equal((await before.command(command)).status, 'BAD', command);
  const after = await open();
  for (const command of [
    'LOGIN a b',
    'AUTHENTICATE PLAIN',
    'STARTTLS',
    'FETCH 1 FLAGS',
    'CLOSE',
    'CHECK',
  ])
    assert.equal((await after.command(command)).status, 'BAD', command);
});

test('without encryption, from elsewhere, no password is taken (RFC 9051 §11.1)', async (t) => {
  const { connect } = await stand(t, { remote: true });
  const client = await connect();
  assert.match(client.greeting.codeText!, /LOGINDISABLED/);
  assert.doesNotMatch(client.greeting.codeText!, /AUTH=PLAIN/);
  const login = await client.login(USER, PASSWORD);
  assert.deepEqual([login.status, login.code], ['NO', 'PRIVACYREQUIRED']);
  const plain = await client.command('AUTHENTICATE PLAIN');
  assert.deepEqual([plain.status, plain.code], ['NO', 'PRIVACYREQUIRED']);
});

test('STARTTLS encrypts (RFC 9051 §6.2.1)', async (t) => {
  const { connect } = await stand(t, { tls: true, remote: true });
  const client = await connect();
  assert.match(client.greeting.codeText!, /STARTTLS/);
  await client.startTls();
  const { untagged } = await client.ok('CAPABILITY');
  assert.match(JSON.stringify(untagged), /AUTH=PLAIN/);
  assert.doesNotMatch(JSON.stringify(untagged), /STARTTLS|LOGINDISABLED/);
  assert.equal((await client.login(USER, PASSWORD)).status, 'OK');
  assert.equal((await client.command('STARTTLS')).status, 'BAD');
});

test('commands put in behind STARTTLS in the clear are never done (RFC 9051 §11.1)', async (t) => {
  const { port } = await stand(t, { tls: true });
  const plain = connectTcp({ port, host: '127.0.0.1' });
  const [greeting] = (await once(plain, 'data')) as [Buffer];
  assert.match(greeting.toString(), /^\* OK/);
  plain.write('a STARTTLS\r\nb CAPABILITY\r\n');
  const [answer] = (await once(plain, 'data')) as [Buffer];
  assert.match(answer.toString(), /^a OK [^\r]*\r\n$/);
  plain.removeAllListeners();
  const secure = connectTls({ socket: plain, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  secure.write('c NOOP\r\n');
  const [first] = (await once(secure, 'data')) as [Buffer];
  assert.match(first.toString(), /^c OK/);
  secure.destroy();
});

test('SCRAM-SHA-256, with the server proof as a last challenge (RFC 9051 §6.2.2, RFC 7677)', async (t) => {
  const { connect } = await stand(t, { remote: true });
  const client = await connect();
  const b64 = (text: string): string => Buffer.from(text).toString('base64');
  const challenge = async (): Promise<string> => {
    const response = await client.response();
    assert.ok(response.kind === 'continue', JSON.stringify(response));
    return Buffer.from(response.text, 'base64').toString();
  };
  const hmac = (key: Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  const first = `n=${USER},r=clientnonce`;
  client.send(`a AUTHENTICATE SCRAM-SHA-256 ${b64(`n,,${first}`)}\r\n`);
  const server = await challenge();
  const [, nonce, salt, rounds] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(server)!;
  const salted = pbkdf2Sync(PASSWORD, Buffer.from(salt!, 'base64'), Number(rounds), 32, 'sha256');
  const key = hmac(salted, 'Client Key');
  const signed = `${first},${server},c=${b64('n,,')},r=${nonce}`;
  const signature = hmac(createHash('sha256').update(key).digest(), signed);
  const proof = Buffer.from(key.map((byte, index) => byte ^ signature[index]!)).toString('base64');
  client.send(`${b64(`c=${b64('n,,')},r=${nonce},p=${proof}`)}\r\n`);
  const expected = hmac(hmac(salted, 'Server Key'), signed).toString('base64');
  assert.equal(await challenge(), `v=${expected}`);
  client.send('\r\n');
  assert.equal((await client.completion('a')).status, 'OK');
});

test('AUTHENTICATE: initial response, continuation, cancel, nonsense (RFC 9051 §6.2.2)', async (t) => {
  const { connect } = await stand(t);
  const plain = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64');
  const first = await connect();
  assert.equal((await first.command(`AUTHENTICATE PLAIN ${plain}`)).status, 'OK');
  const second = await connect();
  second.send('a AUTHENTICATE PLAIN\r\n');
  assert.deepEqual(await second.response(), { kind: 'continue', text: '' });
  second.send(`${plain}\r\n`);
  assert.equal((await second.completion('a')).status, 'OK');
  const third = await connect();
  third.send('a AUTHENTICATE PLAIN\r\n');
  await third.response();
  third.send('*\r\n');
  assert.equal((await third.completion('a')).status, 'BAD');
  third.send('b AUTHENTICATE PLAIN\r\n');
  await third.response();
  third.send('!!!\r\n');
  assert.equal((await third.completion('b')).status, 'BAD');
  assert.equal((await third.command('AUTHENTICATE X-UNKNOWN')).status, 'NO');
});

test('AUTHENTICATE LOGIN asks for the name, then for the password', async (t) => {
  const { connect } = await stand(t);
  const client = await connect();
  const answer = async (text: string, line: string): Promise<void> => {
    const asked = await client.response();
    assert.ok(asked.kind === 'continue');
    assert.equal(Buffer.from(asked.text, 'base64').toString(), text);
    client.send(`${Buffer.from(line).toString('base64')}\r\n`);
  };
  const login = async (tag: string, password: string): Promise<string> => {
    client.send(`${tag} AUTHENTICATE LOGIN\r\n`);
    await answer('Username:', USER);
    await answer('Password:', password);
    return (await client.completion(tag)).status;
  };
  assert.equal(await login('a', 'wrong'), 'NO');
  assert.equal(await login('b', PASSWORD), 'OK');
});

test('after three failed logins the session ends', async (t) => {
  const { connect } = await stand(t);
  const client = await connect();
  for (let tries = 0; tries < 3; tries++) {
    const { status, code } = await client.login(USER, 'wrong');
    assert.deepEqual([status, code], ['NO', 'AUTHENTICATIONFAILED']);
  }
  await client.closed();
});

test('a browser is sent away at once', async (t) => {
  const { connect } = await stand(t);
  const client = await connect();
  client.send('POST /x HTTP/1.1\r\nHost: x\r\n\r\na NOOP\r\n');
  await assert.rejects(client.completion('a'), /BYE This is a mail server/);
});

test('after ten bad commands in a row the session ends', async (t) => {
  const { open } = await stand(t);
  const client = await open();
  for (let tries = 0; tries < 9; tries++)
    assert.equal((await client.command('NONSENSE')).status, 'BAD');
  await client.ok('NOOP');
  for (let tries = 0; tries < 10; tries++)
    assert.equal((await client.command('NONSENSE')).status, 'BAD');
  await client.closed();
});

test('limits of sessions: BYE for the server, NO [LIMIT] for a mailbox', async (t) => {
  const { connect, open, server } = await stand(t, {
    limits: { sessionsMax: 3, sessionsPerMailboxMax: 1 },
  });
  const first = await open();
  const second = await connect();
  const refused = await second.login(USER, PASSWORD);
  assert.deepEqual([refused.status, refused.code], ['NO', 'LIMIT']);
  await connect();
  assert.equal(server.sessions, 3);
  const fourth = await connect();
  assert.deepEqual([fourth.greeting.condition, fourth.greeting.code], ['BYE', 'LIMIT']);
  await first.logout();
  await first.closed();
  while (server.sessions === 3) await second.ok('NOOP');
  assert.equal((await second.login(USER, PASSWORD)).status, 'OK');
});

test('commands sent at once are answered in order (RFC 9051 §5.5)', async (t) => {
  const { open } = await stand(t);
  const client = await open('SELECT INBOX');
  await fill(client, 2);
  client.send(
    'p1 FETCH 1 FLAGS\r\np2 STORE 1 +FLAGS (\\Deleted)\r\np3 EXPUNGE\r\np4 FETCH 1 UID\r\np5 NOOP\r\n',
  );
  for (const tag of ['p1', 'p2', 'p3', 'p4', 'p5'])
    assert.equal((await client.completion(tag)).status, 'OK');
});

test('stop: those who wait hear BYE, half an APPEND leaves nothing', async (t) => {
  const { open, connect, server, store, mailboxId } = await stand(t);
  const idle = await open('SELECT INBOX');
  await idle.idle();
  const half = await open();
  half.send(`a APPEND INBOX {1000}\r\n`);
  await half.response();
  half.send('only half of it');
  const fresh = await connect();
  await server.stop(5000);
  for (const client of [idle, fresh]) {
    const bye = await client.response();
    assert.ok(bye.kind === 'untagged' && bye.data.type === 'STATUS-RESPONSE');
    assert.equal(bye.data.condition, 'BYE');
  }
  await half.closed();
  const folder = await store.openMailbox(mailboxId, 'test').folderByName('INBOX');
  assert.equal(folder?.messages, 0);
  assert.equal(server.sessions, 0);
});

test('stop: a session that is about to wait in IDLE hears BYE too', async (t) => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let holding = false;
  const holdingChanges = (real: Mailbox): Mailbox => {
    const changes = real.changes.bind(real);
    real.changes = async (...range) => {
      if (holding) begun.resolve();
      if (holding) await goOn.promise;
      return await changes(...range);
    };
    return real;
  };
  const { open, server } = await stand(t, { mailbox: holdingChanges });
  const client = await open('SELECT INBOX');
  holding = true;
  const idling = client.idle();
  await begun.promise;
  const stopped = server.stop(5000);
  goOn.resolve();
  const bye = await (await idling).next();
  assert.ok(bye.type === 'STATUS-RESPONSE');
  assert.deepEqual([bye.condition, bye.code], ['BYE', 'UNAVAILABLE']);
  await Promise.all([client.closed(), stopped]);
});

test('who is silent too long hears BYE, also within a message (RFC 9051 §5.4)', async (t) => {
  const { open, connect, port } = await stand(t, {
    limits: { loginTimeoutMs: 1500, idleTimeoutMs: 1500, literalTimeoutMs: 1500 },
  });
  const silent = await connect();
  const idle = await open();
  const half = await open();
  half.send('a APPEND INBOX {100}\r\n');
  await half.response();
  half.send('half');
  const trickle = connectTcp({ port, host: '127.0.0.1' });
  trickle.on('error', () => {});
  const drip = setInterval(() => trickle.write('x'), 50);
  const end = once(trickle, 'end');
  for (const client of [silent, idle, half]) {
    const bye = await client.response();
    assert.ok(bye.kind === 'untagged' && bye.data.type === 'STATUS-RESPONSE');
    assert.equal(bye.data.condition, 'BYE');
    await client.closed();
  }
  trickle.resume();
  await end;
  clearInterval(drip);
  trickle.destroy();
});

test('a mailbox that is removed ends its sessions', async (t) => {
  const { open, directory } = await stand(t);
  const client = await open('SELECT INBOX');
  await directory.removeMailbox(USER);
  const bye = await client.response();
  assert.ok(bye.kind === 'untagged' && bye.data.type === 'STATUS-RESPONSE');
  assert.equal(bye.data.condition, 'BYE');
  await client.closed();
});

test('a folder deleted by another session ends the session that has it selected', async (t) => {
  const { open } = await stand(t);
  const one = await open('CREATE gone', 'SELECT gone');
  const other = await open('DELETE gone');
  one.send('a NOOP\r\n');
  const bye = await one.response();
  assert.ok(bye.kind === 'untagged' && bye.data.type === 'STATUS-RESPONSE');
  assert.deepEqual([bye.data.condition, bye.data.code], ['BYE', 'NONEXISTENT']);
  await one.closed();
  await other.ok('CREATE gone');
  await other.ok('SELECT gone');
  const { untagged } = await other.ok('DELETE gone');
  assert.match(JSON.stringify(untagged), /CLOSED/);
  assert.equal((await other.command('FETCH 1 FLAGS')).status, 'BAD');
});

test('a folder renamed by another session stays selected', async (t) => {
  const { open } = await stand(t);
  const one = await open('CREATE before', 'SELECT before');
  const other = await open('RENAME before after');
  await other.append('after', mail('new'));
  const exists = await one.waitFor((data) => data.type === 'EXISTS', 'EXISTS');
  assert.deepEqual(exists, { type: 'EXISTS', count: 1 });
});

test('a session that was split at every byte answers the same', async (t) => {
  const { port } = await stand(t);
  const script = Buffer.from(
    [
      `a1 LOGIN ${USER} {${PASSWORD.length}+}`,
      PASSWORD,
      'a2 SELECT INBOX',
      'a3 APPEND Trash (\\Seen) {12+}',
      'Subject: x\r\n',
      'a4 STATUS INBOX (MESSAGES)',
      'a5 IDLE',
      'DONE',
      'a6 UID FETCH 1:* (FLAGS)',
      'a7 NONSENSE {3+}',
      'abc',
      'a8 LOGOUT',
      '',
    ].join('\r\n'),
  );
  const run = (cuts: readonly number[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
      const pieces: Buffer[] = [];
      let from = 0;
      const next = (): void => {
        const to = cuts.find((cut) => cut > from) ?? script.length;
        if (from < script.length) socket.write(script.subarray(from, to), () => setImmediate(next));
        from = to;
      };
      socket.on('connect', next);
      socket.on('data', (piece) => pieces.push(piece as Buffer));
      socket.on('error', reject);
      socket.on('close', () => resolve(Buffer.concat(pieces).toString('latin1')));
    });
  const constant = (text: string): string => text.replace(/APPENDUID \d+ \d+/, 'APPENDUID');
  const whole = constant(await run([]));
  assert.match(whole, /a8 OK/);
  for (let cut = 1; cut < script.length; cut++) {
    assert.equal(constant(await run([cut])), whole, `cut at ${cut}`);
  }
  assert.equal(constant(await run(Array.from(script.keys()))), whole, 'byte by byte');
});

test('a SELECT that fails leaves the selected folder, whatever is wrong with the name (RFC 9051 §6.3.2)', async (t) => {
  const { open } = await stand(t);
  for (const name of ['none', '"&"', '"gr\xfcn"']) {
    const client = await open('SELECT INBOX');
    const selected = await client.command(`EXAMINE ${name}`);
    assert.equal(selected.status, 'NO', name);
    assert.match(JSON.stringify(selected.untagged), /CLOSED/, name);
    assert.equal((await client.command('FETCH 1 FLAGS')).status, 'BAD', name);
  }
  const other = await open('SELECT INBOX');
  assert.equal((await other.command('CREATE "&"')).status, 'NO');
  await other.ok('CHECK');
});
