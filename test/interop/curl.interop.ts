import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missing, type Outcome, run, runOk, sayVersion } from './program.ts';
import {
  ALICE,
  BOB,
  HOST,
  type Listener,
  PASSWORD,
  startServer,
  type TestServer,
} from './server.ts';

const skip = missing('curl');

/** How curl comes in: scheme, listener, options. */
type Way = readonly [scheme: string, listener: Listener, ...options: string[]];

function ways(protocol: 'smtp' | 'imap' | 'pop3'): readonly Way[] {
  const plain = protocol === 'smtp' ? 'submission' : protocol;
  const secure = protocol === 'smtp' ? 'submissions' : (`${protocol}s` as const);
  return [
    [protocol, plain],
    [protocol, plain, '--ssl-reqd'],
    [`${protocol}s`, secure],
  ];
}

const nameOf = ([scheme, , ...options]: Way): string => [scheme, ...options].join(' ');

/** Arguments for a URL of one way in, as Alice. */
function at(server: TestServer, [scheme, listener, ...options]: Way, path: string): string[] {
  const url = `${scheme}://${HOST}:${server.port[listener]}${path}`;
  const quiet = ['--silent', '--show-error', '--insecure', '--globoff', '--max-time', '20'];
  return [...quiet, ...options, '--user', `${ALICE}:${PASSWORD}`, '--url', url];
}

const eml = (subject: string): string =>
  `From: ${ALICE}\r\nTo: ${BOB}\r\nSubject: ${subject}\r\n\r\n.\r\n.dots at the start\r\nÄ\r\n`;

test('curl sends by SMTP', { skip }, async (t) => {
  sayVersion(t, 'curl');
  const server = await startServer(t);
  const path = join(server.work, 'message.eml');
  const send = async (way: Way, subject: string, ...more: readonly string[]): Promise<Outcome> => {
    writeFileSync(path, eml(subject));
    const envelope = ['--mail-from', ALICE, '--mail-rcpt', BOB, '--upload-file', path];
    return await run('curl', [...at(server, way, '/client.example.test'), ...envelope, ...more]);
  };
  for (const way of ways('smtp'))
    for (const mechanism of ['PLAIN', 'LOGIN', 'SCRAM-SHA-256'])
      for (const initial of [[], ['--sasl-ir']])
        await t.test([nameOf(way), mechanism, ...initial].join(' '), async (t) => {
          const subject = `${nameOf(way)} ${mechanism} ${initial.length}`;
          const options = ['--login-options', `AUTH=${mechanism}`, ...initial];
          const { code, err } = await send(way, subject, ...options);
          // curl says 67 (login denied) for a mechanism it was built without.
          if (code === 67 && mechanism.startsWith('SCRAM') && !(await knowsScram()))
            return t.skip('curl is built without SCRAM');
          assert.equal(code, 0, err);
          const { text } = (await server.list(BOB)).at(-1)!;
          assert.ok(text.endsWith(Buffer.from(eml(subject)).toString('latin1')), text);
        });

  await t.test('an unknown recipient is refused', async () => {
    const { code } = await send(ways('smtp')[0]!, 'x', '--mail-rcpt', 'nobody@example.test');
    assert.equal(code, 55);
    const some = await send(
      ways('smtp')[0]!,
      'to some',
      ...['--mail-rcpt', 'nobody@example.test', '--mail-rcpt-allowfails'],
    );
    assert.equal(some.code, 0);
    assert.equal((await server.list(BOB)).at(-1)?.subject, 'to some');
  });
  await t.test('VRFY and HELP', async () => {
    const url = at(server, ways('smtp')[0]!, '');
    const vrfy = await run('curl', [...url, '--mail-rcpt', BOB, '--verbose']);
    assert.match(vrfy.err, /< 25[02] /);
    const help = await run('curl', [...url, '--request', 'HELP']);
    assert.match(help.out, /^214/);
  });
  await server.check();
});

async function knowsScram(): Promise<boolean> {
  return /\bgsasl\b/i.test((await run('curl', ['--version'])).out);
}

for (const way of ways('imap'))
  test(`curl reads and changes by ${nameOf(way)}`, { skip }, async (t) => {
    const server = await startServer(t);
    for (const subject of ['one', 'two', 'three']) await server.put(ALICE, subject);
    const imap = async (path: string, ...more: readonly string[]): Promise<string> =>
      (await runOk('curl', [...at(server, way, path), ...more])).out;

    await t.test('lists folders', async () => {
      const folders = await imap('/');
      for (const name of await server.folders(ALICE))
        assert.ok(folders.includes(` "/" ${name}\r\n`), folders);
      assert.match(await imap('/', '--request', 'STATUS INBOX (MESSAGES)'), /\(MESSAGES 3\)/);
      assert.match(await imap('/', '--request', 'LSUB "" *'), /^$|LSUB/);
    });
    await t.test('fetches whole messages, sections and parts', async () => {
      const [first] = await server.list(ALICE);
      const whole = await imap(`/INBOX/;UID=${first!.uid}`);
      assert.equal(Buffer.from(whole).toString('latin1'), first!.text);
      assert.match(await imap('/INBOX/;MAILINDEX=2/;SECTION=HEADER.FIELDS%20(SUBJECT)'), /two/);
      assert.equal(await imap('/INBOX;MAILINDEX=3;SECTION=TEXT'), 'The text of three.\r\n');
      const partial = await imap('/INBOX;MAILINDEX=1;SECTION=TEXT;PARTIAL=4.4');
      assert.equal(partial, 'text');
      assert.match(await imap('/INBOX', '--request', 'FETCH 1:3 (FLAGS ENVELOPE)'), /three/);
    });
    await t.test('searches', async () => {
      assert.match(await imap('/INBOX?SUBJECT%20two'), /^\* SEARCH 2\r\n/);
      assert.match(await imap('/INBOX?TEXT%20nothing'), /^\* SEARCH\r\n/);
    });
    await t.test('appends', async () => {
      const path = join(server.work, 'append.eml');
      writeFileSync(path, eml('appended'));
      await imap('/Sent', '--upload-file', path);
      const [sent] = await server.list(ALICE, 'Sent');
      assert.equal(sent?.text, readFileSync(path, 'latin1'));
    });
    await t.test('flags, moves, deletes, makes and drops a folder', async () => {
      await imap('/INBOX', '--request', 'STORE 1 +FLAGS (\\Flagged work)');
      assert.deepEqual((await server.list(ALICE))[0]?.flags, ['\\Flagged', '\\Seen', 'work']);
      await imap('/', '--request', 'CREATE "Entw&APw-rfe"');
      assert.ok((await server.folders(ALICE)).includes('Entwürfe'));
      await imap('/INBOX', '--request', 'MOVE 2 "Entw&APw-rfe"');
      await imap('/INBOX', '--request', 'STORE 2 +FLAGS \\Deleted');
      await imap('/INBOX', '--request', 'EXPUNGE');
      const subjects = async (folder: string): Promise<readonly string[]> =>
        (await server.list(ALICE, folder)).map(({ subject }) => subject);
      assert.deepEqual(await subjects('INBOX'), ['one']);
      assert.deepEqual(await subjects('Entwürfe'), ['two']);
      await imap('/', '--request', 'DELETE "Entw&APw-rfe"');
      assert.ok(!(await server.folders(ALICE)).includes('Entwürfe'));
    });
    await t.test('asks for the quota', async () => {
      const answer = await imap('/', '--request', 'GETQUOTAROOT INBOX');
      assert.equal(answer, '* QUOTAROOT INBOX\r\n');
    });
    await t.test('is refused with a wrong password', async () => {
      const refused = await run('curl', [...at(server, way, '/'), '--user', `${ALICE}:wrong`]);
      assert.equal(refused.code, 67);
    });
    await server.check();
  });

for (const way of ways('pop3'))
  test(`curl reads and deletes by ${nameOf(way)}`, { skip }, async (t) => {
    const server = await startServer(t);
    const body = '.\r\n..\r\n.dots\r\nÄ';
    for (const subject of ['one', 'two', 'three']) await server.put(ALICE, subject, { body });
    const before = await server.list(ALICE);
    const pop3 = async (path: string, ...more: readonly string[]): Promise<string> =>
      (await runOk('curl', [...at(server, way, path), ...more])).out;

    await t.test('LIST, UIDL, TOP, CAPA', async () => {
      const sizes = before.map(({ text }, i) => `${i + 1} ${text.length}\r\n`).join('');
      assert.equal(await pop3('/'), sizes);
      assert.match(await pop3('/', '--request', 'UIDL'), /^(?:[123] \S+\r\n){3}$/);
      assert.match(await pop3('/', '--request', 'TOP 1 0'), /Subject: one\r\n[^\r]+/);
      assert.match(await pop3('/', '--request', 'CAPA'), /PIPELINING\r\n/);
    });
    await t.test('RETR', async () => {
      for (const [i, { text }] of before.entries())
        assert.equal(Buffer.from(await pop3(`/${i + 1}`)).toString('latin1'), text);
    });
    await t.test('logins', async () => {
      for (const mechanism of ['PLAIN', 'LOGIN']) {
        const options = ['--login-options', `AUTH=${mechanism}`];
        assert.match(await pop3('/', ...options), /^1 /);
        assert.match(await pop3('/', ...options, '--sasl-ir'), /^1 /);
      }
      const refused = await run('curl', [...at(server, way, '/'), '--user', `${ALICE}:wrong`]);
      assert.equal(refused.code, 67);
    });
    await t.test('DELE', async () => {
      await pop3('/2', '--request', 'DELE', '--head');
      const left = (await server.list(ALICE)).map(({ subject }) => subject);
      assert.deepEqual(left, ['one', 'three']);
    });
    await server.check();
  });
