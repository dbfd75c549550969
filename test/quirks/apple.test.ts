/** What Apple Mail sends on iOS and macOS; sources in docs/clients.md. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, mail, stand } from '../../src/protocols/imap4/stand.test.ts';
import { replay } from './replay.ts';

const LIMIT = { timeout: 60_000 };

const LOGIN = `
  C: A1 AUTHENTICATE PLAIN {plain}
  S: A1 OK [CAPABILITY …] …
  C: A2 ID ("name" "iPhone Mail" "version" "22C161" "os" "iOS" "os-version" "18.2.1 (22C161)")
  S: * ID ("name" "Posthorn")
  S: A2 OK …
`;

test('iOS sends commands right behind DONE, in the same packet', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 2);
  await replay(
    port,
    `${LOGIN}
    C: A3 SELECT INBOX
    S: A3 OK …
    C: A4 IDLE
    S: + …
    C: DONE
    C: A5 UID SEARCH 1:* NOT DELETED
    C: A6 IDLE
    C: DONE
    C: A7 NOOP
    S: A4 OK …
    S: * SEARCH 1 2
    S: A5 OK …
    S: + …
    S: A6 OK …
    S: A7 OK …`,
  );
});

test('iOS logs in on several connections at once', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 1);
  const script = `${LOGIN}
    C: A3 LIST "" "*"
    C: A4 SELECT INBOX
    C: A5 UID FETCH 1:* (FLAGS UID)
    S: * LIST (\\Sent \\HasNoChildren) "/" Sent
    S: A3 OK …
    S: A4 OK …
    S: * 1 FETCH (UID 1 FLAGS (…))
    S: A5 OK …`;
  await Promise.all(Array.from({ length: 8 }, () => replay(port, script)));
});

test('Apple Mail finds the fields it asked for by the text of its question', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await (await open()).append('INBOX', mail('one'));
  const fields =
    '(date subject from to cc message-id in-reply-to references x-priority x-uniform-type-identifier x-universally-unique-identifier)';
  await replay(
    port,
    `${LOGIN}
    C: A3 SELECT INBOX
    S: A3 OK …
    C: A4 UID FETCH 1:* (INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS ${fields}])
    S: * 1 FETCH (UID 1 FLAGS (…) INTERNALDATE … RFC822.SIZE … BODY[HEADER.FIELDS ${fields}] {…}
    S: From: bob@example.test
    S: Subject: one
    S: A4 OK …`,
  );
});

test('iOS fetches the beginning of a part, however long the part is', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await (await open()).append('INBOX', mail('one', 'short\r\n'));
  await replay(
    port,
    `${LOGIN}
    C: A3 SELECT INBOX
    S: A3 OK …
    C: EX32 UID FETCH 1 (UID BODY.PEEK[1]<0.393216>)
    S: * 1 FETCH (UID 1 BODY[1]<0> {7}
    S: short
    S: EX32 OK …
    C: EX33 UID FETCH 1 (UID BODY.PEEK[1]<393216.393216>)
    S: * 1 FETCH (UID 1 BODY[1]<393216> {0}
    S: EX33 OK …`,
  );
});

test('iOS asks for what changed since 0', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 2);
  await replay(
    port,
    `${LOGIN}
    C: A3 SELECT INBOX (CONDSTORE)
    S: A3 OK …
    C: A4 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 0)
    S: * 1 FETCH (UID 1 FLAGS (…) MODSEQ (…))
    S: * 2 FETCH (UID 2 FLAGS (…) MODSEQ (…))
    S: A4 OK …`,
  );
});

test('iOS 18 searches a set with commas', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 5);
  await replay(
    port,
    `${LOGIN}
    C: A3 SELECT INBOX
    S: A3 OK …
    C: A4 UID SEARCH UID 1,3:4 NOT DELETED
    S: * SEARCH 1 3 4
    S: A4 OK …`,
  );
});

test('Apple Mail relies on completions in the order of its commands', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 3);
  const lines = await replay(
    port,
    `${LOGIN}
    C: A3 SELECT INBOX
    C: A4 UID FETCH 1:* (UID BODY.PEEK[])
    C: A5 STATUS Sent (MESSAGES)
    C: A6 UID STORE 1:3 +FLAGS.SILENT (\\Seen)
    C: A7 NOOP
    S: A3 OK …
    S: A7 OK …`,
  );
  const tags = lines.flatMap((line) => /^(A\d) OK/.exec(line)?.[1] ?? []);
  assert.deepEqual(tags, ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7']);
});
