/** What POP3 clients send: Outlook, and fetchers such as Gmail's was; sources in docs/clients.md. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stand } from '../../src/protocols/pop3/stand.test.ts';
import { replay } from './replay.ts';

const LIMIT = { timeout: 60_000 };
const LOGIN = `
  C: USER ann
  S: +OK …
  C: PASS sec ret\xc3\xb6 
  S: +OK …
`;

test('Outlook asks for mechanisms by AUTH and a blank', LIMIT, async (t) => {
  const { port } = await stand(t);
  const list = `S: +OK …
    S: SCRAM-SHA-256
    S: PLAIN
    S: LOGIN
    S: .`;
  await replay(port, `C: AUTH \n${list}\nC: AUTH\n${list}`);
});

test('Outlook leaves mail on the server and tells it by UIDL', LIMIT, async (t) => {
  const { port, mailbox } = await stand(t);
  for (const number of [1, 2, 3]) mailbox.add(`Subject: ${number}\r\n\r\nx\r\n`);
  const first = await replay(
    port,
    `C: CAPA
    S: +OK …
    S: UIDL
    S: .
    ${LOGIN}
    C: STAT
    S: +OK 3 …
    C: UIDL
    S: 3 …
    S: .
    C: LIST
    S: .
    C: RETR 1
    S: .
    C: DELE 3
    S: +OK …
    C: QUIT
    S: +OK …`,
  );
  mailbox.add('Subject: 4\r\n\r\nx\r\n');
  const second = await replay(
    port,
    `${LOGIN}
    C: STAT
    S: +OK 3 …
    C: UIDL
    S: 3 …
    S: .`,
  );
  const ids = (lines: readonly string[]) =>
    lines.flatMap((line) => /^\d (\S+)$/.exec(line)?.[1] ?? []);
  const [one, two, gone] = ids(first);
  const [stillOne, stillTwo, fresh] = ids(second);
  assert.deepEqual([stillOne, stillTwo], [one, two]);
  assert.ok(fresh !== gone, 'an id is never given twice');
});

test('Outlook hangs on NUL, which goes out as it came in', LIMIT, async (t) => {
  const { port, mailbox } = await stand(t);
  mailbox.add('Subject: 1\r\n\r\na\0b\r\n');
  await replay(port, `${LOGIN}\nC: RETR 1\nS: +OK 19 octets\nS: a\0b\nS: .`);
});

test('Outlook Express waits for the end of a header that has none', LIMIT, async (t) => {
  const { port, mailbox } = await stand(t);
  mailbox.add('Subject: 1');
  await replay(
    port,
    `${LOGIN}
    C: TOP 1 0
    S: Subject: 1
    S: .
    C: RETR 1
    S: Subject: 1
    S: .`,
  );
});

test('fetchers look before they fetch, and leave what they do not delete', LIMIT, async (t) => {
  const { port, mailbox } = await stand(t);
  mailbox.add('Subject: 1\r\n\r\n.one\r\n');
  mailbox.add('Subject: 2\r\n\r\ntwo\r\n');
  await replay(
    port,
    `C: capa
    S: +OK …
    S: TOP
    S: UIDL
    S: .
    ${LOGIN}
    C: stat
    S: +OK 2 …
    C: uidl
    S: 2 …
    S: .
    C: list
    S: 1 …
    S: 2 …
    S: .
    C: list 2
    S: +OK 2 …
    C: top 2 0
    S: Subject: 2
    N: two
    S: .
    C: retr 1
    S: ..one
    S: .
    C: quit
    S: +OK …`,
  );
  assert.equal(mailbox.messages.size, 2, 'nothing is deleted that was not asked for');
});
