/** What K-9 Mail, which is Thunderbird for Android now, and FairEmail send; sources in docs/clients.md. */
import { test } from 'node:test';
import { fill, stand } from '../../src/protocols/imap4/stand.test.ts';
import { replay } from './replay.ts';

const LIMIT = { timeout: 60_000 };

const LOGIN = `
  C: 1 AUTHENTICATE PLAIN
  S: + …
  C: {plain}
  S: 1 OK [CAPABILITY …] …
`;

test('K-9 looks for the newest message in an empty folder', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 3);
  await replay(
    port,
    `${LOGIN}
    C: 2 EXAMINE "Drafts"
    S: * 0 EXISTS
    S: 2 OK [READ-ONLY] …
    C: 3 UID SEARCH *:*
    S: * SEARCH
    S: 3 OK …
    C: 4 EXAMINE "INBOX"
    S: * OK [CLOSED] …
    S: * 3 EXISTS
    S: 4 OK …
    C: 5 UID SEARCH *:*
    S: * SEARCH 3
    S: 5 OK …`,
  );
});

test('K-9 searches windows of message numbers, with a date and without', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  const client = await open('SELECT INBOX');
  await fill(client, 4);
  await client.ok('STORE 2 +FLAGS (\\Deleted)');
  await client.ok('STORE 3 +FLAGS (\\Flagged)');
  await replay(
    port,
    `${LOGIN}
    C: 2 EXAMINE "INBOX"
    S: 2 OK …
    C: 3 UID SEARCH 1:4 SINCE 01-Jan-2020 NOT DELETED
    S: * SEARCH 1 3 4
    S: 3 OK …
    C: 4 SEARCH 1:* FLAGGED NOT DELETED
    S: * SEARCH 3
    S: 4 OK …
    C: 5 UID SEARCH OR OR OR OR SUBJECT "message 4" FROM "nobody" TO "nobody" CC "nobody" BCC "nobody"
    S: * SEARCH 4
    S: 5 OK …
    C: 6 UID FETCH 1,3,4 (UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (date subject from content-type to cc reply-to message-id references in-reply-to list-unsubscribe sender X-K9mail-Identity)])
    S: * 1 FETCH (UID 1 …
    S: * 4 FETCH (UID 4 …
    S: 6 OK …`,
  );
});

test('K-9 appends with an empty list of flags', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `${LOGIN}
    C: 2 ENABLE UTF8=ACCEPT
    S: 2 OK …
    C: 3 SELECT "Drafts"
    S: 3 OK …
    C: 4 APPEND "Drafts" () {44}
    S: + …
    C: Subject: one
    C: Message-ID: <1@example.test>
    C:
    S: 4 OK [APPENDUID … 1] …
    C: 5 UID SEARCH HEADER MESSAGE-ID "<1@example.test>"
    S: * SEARCH 1
    S: 5 OK …`,
  );
});

test('K-9 lists folders with special uses', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `${LOGIN}
    C: 2 LIST "" "*" RETURN (SPECIAL-USE)
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * LIST (\\Trash \\HasNoChildren) "/" Trash
    S: 2 OK …`,
  );
});

test('FairEmail searches with a charset and literals', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 2);
  await replay(
    port,
    `C: A1 LOGIN {user} "{password}"
    S: A1 OK …
    C: A2 SELECT INBOX
    S: A2 OK …
    C: A3 UID SEARCH CHARSET UTF-8 OR SUBJECT {9}
    S: + …
    C: message 1 SUBJECT {3}
    S: + …
    C: \xc3\x84x ALL
    S: * SEARCH 1
    S: A3 OK …`,
  );
});
