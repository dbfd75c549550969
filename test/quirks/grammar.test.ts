/** What no client in particular is known for, and servers have always taken; sources in docs/clients.md. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill, stand } from '../../src/protocols/imap4/stand.test.ts';
import { replay } from './replay.ts';

const LIMIT = { timeout: 60_000 };

test('more spaces than one, and spaces at the end', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 1);
  const lines = await replay(
    port,
    `C: a1 login  "{user}"  "{password}"  
    S: a1 OK …
    C: a2 SELECT  INBOX 
    S: a2 OK …
    C: a3 FETCH 1:*  (FLAGS  UID )
    S: * 1 FETCH (FLAGS (\\Recent) UID 1)
    S: a3 OK …
    C: a4  uid fetch 1 ( BODY.PEEK[HEADER.FIELDS ( From  Subject )] )
    S: * 1 FETCH (UID 1 BODY[HEADER.FIELDS (From Subject)] {…}
    S: a4 OK …
    C: a5 list ""  %  
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: a5 OK …
    C: a6 append  Drafts  ( \\Seen ) {12+}
    C: Subject: 1
    C:
    S: a6 OK …`,
  );
  assert.ok(!lines.some((line) => line.includes(' BAD ')));
});

test('line ends too many, after a literal and elsewhere', LIMIT, async (t) => {
  const { port } = await stand(t);
  const lines = await replay(
    port,
    `C: a1 LOGIN {user} "{password}"
    C:
    S: a1 OK …
    C: a2 APPEND Drafts {12}
    S: + …
    C: Subject: 1
    C:
    C:
    C:
    S: a2 OK …
    C: a3 NOOP
    S: a3 OK …`,
  );
  assert.ok(!lines.some((line) => line.includes(' BAD ')));
});

test('an empty password is a wrong one', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `C: a1 LOGIN "{user}" ""
    S: a1 NO [AUTHENTICATIONFAILED] …
    C: a2 LOGIN {user} "{password}"
    S: a2 OK …`,
  );
});

test('an initial response, and none', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(port, 'C: a1 AUTHENTICATE PLAIN {plain}  \nS: a1 OK …');
  await replay(port, 'C: a1 authenticate plain\nS: + …\nC: {plain}\nS: a1 OK …');
  await replay(port, 'C: a1 AUTHENTICATE PLAIN =\nS: a1 NO …');
});

test('what cannot be guessed is BAD, says why, and the session goes on', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `C: a1 LOGIN {user} "{password}"
    S: a1 OK …
    C: a2 XLIST "" "*"
    S: a2 BAD … "XLIST"
    C: a3 SELECT INBOX
    S: a3 OK …
    C: a4 UID SEARCH\tALL
    S: a4 BAD …
    C: a5 FETCH 1 (FLAGS,UID)
    S: a5 BAD …
    C: a6 NOOP
    S: a6 OK …`,
  );
});
