import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missing, run, runOk, sayVersion } from './program.ts';
import { ALICE, BOB, HOST, type Listener, PASSWORD, startServer } from './server.ts';

const skip = missing('swaks');
/** swaks does TLS by a library of its own. */
const noTls =
  skip === false && !/^=== TLS supported/m.test((await run('swaks', ['--support'])).out)
    ? 'swaks is installed without Net::SSLeay'
    : false;

test('swaks sends in every way it knows', { skip }, async (t) => {
  sayVersion(t, 'swaks');
  const server = await startServer(t);
  const to = (listener: Listener): readonly string[] => [
    ...['--server', HOST, '--port', `${server.port[listener]}`],
    ...['--from', ALICE, '--to', BOB, '--helo', 'client.example.test'],
  ];
  const login = ['--auth-user', ALICE, '--auth-password', PASSWORD];
  const last = async (): Promise<string> => {
    const listed = await server.list(BOB);
    return listed.at(-1)?.text ?? '';
  };
  const count = async (): Promise<number> => (await server.list(BOB)).length;

  await t.test('to port 25, without login', async () => {
    await runOk('swaks', [...to('smtp'), '--header', 'Subject: from outside']);
    assert.match(await last(), /^Return-Path: <alice@example\.test>\r\n/);
    assert.match(await last(), /\r\nSubject: from outside\r\n/);
  });

  for (const mechanism of ['PLAIN', 'LOGIN'])
    for (const [how, listener, options] of [
      ['in the clear', 'submission', []],
      ['after STARTTLS', 'submission', ['--tls']],
      ['over TLS', 'submissions', ['--tls-on-connect']],
    ] as const)
      await t.test(`AUTH ${mechanism} ${how}`, { skip: options.length > 0 && noTls }, async () => {
        const subject = `${mechanism} ${how}`;
        const auth = ['--auth', mechanism, ...login];
        const { out } = await runOk('swaks', [
          ...to(listener),
          ...options,
          ...auth,
          ...['--header', `Subject: ${subject}`],
        ]);
        assert.match(out, /235 2\.7\.0/);
        assert.ok((await last()).includes(`\r\nSubject: ${subject}\r\n`));
      });

  await t.test('a mechanism that is not offered, a wrong password, no login', async () => {
    const before = await count();
    const digest = await run('swaks', [...to('submission'), '--auth', 'CRAM-MD5', ...login]);
    assert.equal(digest.code, 28);
    const wrong = [...to('submission'), '--auth', 'PLAIN', '--auth-user', ALICE];
    const refused = await run('swaks', [...wrong, '--auth-password', 'wrong']);
    assert.equal(refused.code, 28);
    assert.match(refused.out, /535 5\.7\.8/);
    const anonymous = await run('swaks', [...to('submission')]);
    assert.equal(anonymous.code, 23);
    assert.match(anonymous.out, /530 5\.7\.0/);
    assert.equal(await count(), before);
  });

  await t.test('8-bit text, and UTF-8 in the header', async () => {
    const data = 'Subject: Grüße\nFrom: alice@example.test\n\nÄpfel, 日本語\n.\n..\n.dot\n';
    const path = join(server.work, 'utf8.eml');
    writeFileSync(path, data);
    await runOk('swaks', [...to('submission'), '--auth', ...login, '--data', `@${path}`]);
    const text = Buffer.from(await last(), 'latin1').toString('utf8');
    assert.ok(text.endsWith(`\r\n\r\nÄpfel, 日本語\r\n.\r\n..\r\n.dot\r\n\r\n`), text);
    assert.match(text, /\r\nSubject: Grüße\r\n/);
  });

  await t.test('an attachment of any bytes', async () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_byte, i) => (i * 7919) >> 3));
    const path = join(server.work, 'any.bin');
    writeFileSync(path, bytes);
    const attach = ['--attach-type', 'application/octet-stream', '--attach', `@${path}`];
    await runOk('swaks', [...to('submission'), '--auth', ...login, ...attach]);
    const text = await last();
    const encoded = /octet-stream[^\r]*\r\n(?:[^\r]+\r\n)*\r\n([A-Za-z0-9+/=\r\n]+)\r\n--/.exec(
      text,
    )?.[1];
    assert.ok(Buffer.from(encoded ?? '', 'base64').equals(bytes));
  });

  await t.test('--pipeline: several commands in one packet', async () => {
    const subject = ['--header', 'Subject: piped'];
    const all = [...to('submission'), '--auth', ...login, '--pipeline', ...subject];
    await runOk('swaks', all);
    assert.match(await last(), /\r\nSubject: piped\r\n/);
  });

  await t.test('recipients that do not exist, elsewhere, and one that does', async () => {
    const before = await count();
    const nobody = ['--to', 'nobody@example.test'];
    const unknown = await run('swaks', [...to('smtp'), ...nobody]);
    assert.equal(unknown.code, 24);
    assert.match(unknown.out, /<\*\* 550 5\.1\.1/);
    const elsewhere = await run('swaks', [...to('smtp'), '--to', 'a@elsewhere.test']);
    assert.equal(elsewhere.code, 24);
    assert.match(elsewhere.out, /<\*\* 550 5\.7\.1/);
    assert.equal(await count(), before);

    for (const pipeline of [[], ['--pipeline']]) {
      const mixed = [...to('smtp'), '--to', `nobody@example.test,${BOB}`, ...pipeline];
      const some = await run('swaks', mixed);
      assert.equal(some.code, 0);
      assert.match(some.out, /<\*\* 550 5\.1\.1/);
    }
    assert.equal(await count(), before + 2);
  });

  await server.check();
});
