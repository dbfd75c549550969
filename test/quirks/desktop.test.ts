/** What Evolution, KMail and eM Client send; sources in docs/clients.md. */
import { test } from 'node:test';
import { fill, stand } from '../../src/protocols/imap4/stand.test.ts';
import { replay } from './replay.ts';

const LIMIT = { timeout: 60_000 };

test('Evolution enables QRESYNC and asks for changes, gone ones too', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  const client = await open('SELECT INBOX');
  await fill(client, 3);
  await replay(
    port,
    `C: A00001 AUTHENTICATE PLAIN {plain}
    S: A00001 OK …
    C: A00002 ID ("name" "evolution-data-server" "version" "3.56.0")
    C: A00003 NAMESPACE
    C: A00004 ENABLE CONDSTORE QRESYNC
    S: * ENABLED CONDSTORE QRESYNC
    S: A00004 OK …
    C: A00005 LIST "" "*" RETURN (CHILDREN SUBSCRIBED STATUS (MESSAGES UNSEEN UIDVALIDITY UIDNEXT HIGHESTMODSEQ) SPECIAL-USE)
    S: * LIST (\\HasNoChildren \\Subscribed) "/" INBOX
    S: * STATUS INBOX (MESSAGES 3 UNSEEN 3 UIDVALIDITY <validity> UIDNEXT 4 HIGHESTMODSEQ <modseq>)
    S: A00005 OK …
    C: A00006 SELECT INBOX (QRESYNC (<validity> <modseq> 1:3))
    S: A00006 OK …
    C: A00007 UID STORE 1 +FLAGS.SILENT (\\Deleted)
    C: A00008 UID EXPUNGE 1
    S: * VANISHED 1
    S: A00008 OK …
    C: A00009 UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE <modseq> VANISHED)
    S: * VANISHED (EARLIER) 1
    S: A00009 OK …
    C: A00010 UID FETCH 2 (RFC822.SIZE RFC822.HEADER BODYSTRUCTURE PREVIEW FLAGS)
    S: * 1 FETCH (UID 2 FLAGS (…) RFC822.SIZE … BODYSTRUCTURE (…) PREVIEW "This is message 2." RFC822.HEADER {…}
    S: A00010 OK …`,
  );
});

test('Evolution tries a password in Latin-1 when UTF-8 was refused', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `C: A00001 LOGIN {user} "gr\xc3\xb6\xc3\x9fe"
    S: A00001 NO [AUTHENTICATIONFAILED] …
    C: A00002 LOGIN {user} "gr\xf6\xdfe"
    S: A00002 BAD … not valid UTF-8
    C: A00003 LOGIN {user} "{password}"
    S: A00003 OK …`,
  );
});

test('KMail fetches changes with sizes, dates and some fields', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 2);
  await replay(
    port,
    `C: A000001 LOGIN "{user}" "{password}"
    S: A000001 OK …
    C: A000002 SELECT "INBOX" (CONDSTORE)
    S: * OK [HIGHESTMODSEQ <modseq>] …
    S: A000002 OK …
    C: A000003 UID FETCH 1:* (RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (TO FROM MESSAGE-ID REFERENCES IN-REPLY-TO SUBJECT DATE)] FLAGS UID) (CHANGEDSINCE 1)
    S: * 1 FETCH (UID 1 FLAGS (…) MODSEQ (…) RFC822.SIZE … INTERNALDATE … BODY[HEADER.FIELDS (TO FROM MESSAGE-ID REFERENCES IN-REPLY-TO SUBJECT DATE)] {…}
    S: A000003 OK …
    C: A000004 UID FETCH 1:* (FLAGS UID) (CHANGEDSINCE <modseq>)
    N: * … FETCH …
    S: A000004 OK …
    C: A000005 APPEND "Sent" (\\Seen) "20-Nov-2026 11:00:00 +0000" {14}
    S: + …
    C: Subject: one
    C:
    S: A000005 OK [APPENDUID … 1] …`,
  );
});

test('eM Client selects with CONDSTORE and QRESYNC together', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `C: a8 AUTHENTICATE PLAIN {plain}
    S: a8 OK …
    C: a9 ENABLE QRESYNC CONDSTORE
    S: * ENABLED QRESYNC CONDSTORE
    S: a9 OK …
    C: a10 SELECT INBOX (CONDSTORE QRESYNC (1 1))
    S: a10 OK …
    C: a11 NOOP
    S: a11 OK …`,
  );
});

test('Wino Mail compresses before it has logged in', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `C: A00000000 COMPRESS DEFLATE
    S: A00000000 BAD …
    C: A00000001 AUTHENTICATE PLAIN {plain}
    S: A00000001 OK [CAPABILITY … COMPRESS=DEFLATE…] …`,
  );
});
