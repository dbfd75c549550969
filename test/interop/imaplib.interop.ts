import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, runOk, sayVersion } from './program.ts';
import { ALICE, BOB, PASSWORD, startServer, type TestServer } from './server.ts';

const skip = missing('python3');

/** Runs lines of Python with `imap`, logged in by imaplib; gives what they print, a JSON each. */
async function imaplib(server: TestServer, user: string, ...lines: string[]): Promise<unknown[]> {
  const program = [
    'import imaplib, json, sys',
    'def show(answer):',
    "  print(json.dumps(answer, default=lambda data: data.decode('latin1')))",
    'imap = imaplib.IMAP4(sys.argv[1], int(sys.argv[2]))',
    'imap.login(sys.argv[3], sys.argv[4])',
    ...lines,
    'imap.logout()',
  ].join('\n');
  const args = ['-c', program, '127.0.0.1', `${server.port.imap}`, user, PASSWORD];
  const { out } = await runOk('python3', args);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('imaplib: quotas', { skip }, async (t) => {
  sayVersion(t, 'python3');
  const server = await startServer(t, { administrators: [BOB] });
  await server.put(ALICE, 'one');
  const before = await imaplib(server, ALICE, "show(imap.getquotaroot('INBOX'))");
  assert.deepEqual(before, [['OK', [['INBOX'], [null]]]]);
  const set = `show(imap.setquota('${ALICE}', '(STORAGE 100 MESSAGE 3)'))`;
  const quota = `${ALICE} (STORAGE 1 100 MESSAGE 1 3)`;
  assert.deepEqual(await imaplib(server, BOB, set), [['OK', [quota]]]);
  const after = await imaplib(
    server,
    ALICE,
    "show(imap.getquotaroot('INBOX'))",
    `show(imap.getquota('${ALICE}'))`,
    `show(imap.setquota('${ALICE}', '()')[0])`,
    "show([imap.append('INBOX', '', None, b'Subject: x\\r\\n\\r\\nx')[0] for _ in range(2)])",
    "show(imap.append('INBOX', '', None, b'Subject: x\\r\\n\\r\\nx'))",
  );
  assert.deepEqual(after.slice(0, 4), [
    ['OK', [[`INBOX ${ALICE}`], [quota]]],
    ['OK', [quota]],
    'NO',
    ['OK', 'OK'],
  ]);
  assert.match(String(after[4]), /^NO,\[OVERQUOTA\]/);
  await server.check();
});

test('imaplib: annotations', { skip }, async (t) => {
  sayVersion(t, 'python3');
  const server = await startServer(t);
  const answers = await imaplib(
    server,
    ALICE,
    `show(imap.xatom('SETMETADATA', 'INBOX', '(/private/comment "x y" /shared/a NIL)')[0])`,
    "imap.xatom('GETMETADATA', 'INBOX', '(/private/comment /shared/a)')",
    "show(imap.response('METADATA'))",
    `imap.xatom('LIST', '""', 'Sent', 'RETURN (METADATA (/private/comment))')`,
    "show([imap.response('LIST'), imap.response('METADATA')])",
    `show(imap.xatom('SETMETADATA', '""', '(/shared/comment "x")'))`,
  );
  assert.deepEqual(answers.slice(0, 3), [
    'OK',
    ['METADATA', ['INBOX (/private/comment "x y" /shared/a NIL)']],
    [
      ['LIST', ['(\\Sent \\HasNoChildren) "/" Sent']],
      ['METADATA', ['Sent (/private/comment NIL)']],
    ],
  ]);
  assert.match(String(answers[3]), /^NO,\[NOPERM\]/);
  await server.check();
});
