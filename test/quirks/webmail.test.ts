/** What Roundcube and SnappyMail send; sources in docs/clients.md. */
import { test } from 'node:test';
import { fill, stand } from '../../src/protocols/imap4/stand.test.ts';
import { replay } from './replay.ts';

const LIMIT = { timeout: 60_000 };

test('Roundcube looks for the delimiter, sorts and threads on the server', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 3);
  await replay(
    port,
    `C: A0001 ID ("name" "Roundcube" "version" "1.7.0" "php" "8.4.1" "os" "Linux" "command" "/")
    S: A0001 OK …
    C: A0002 AUTHENTICATE PLAIN {plain}
    S: A0002 OK …
    C: A0003 NAMESPACE
    S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
    S: A0003 OK …
    C: A0004 LIST "" ""
    S: * LIST (\\Noselect) "/" ""
    S: A0004 OK …
    C: A0005 LIST (SUBSCRIBED) "" "*" RETURN (SUBSCRIBED)
    S: * LIST (… \\Subscribed) "/" INBOX
    S: A0005 OK …
    C: A0006 SELECT INBOX
    S: A0006 OK …
    C: A0007 UID SORT (ARRIVAL) US-ASCII ALL
    S: * SORT 1 2 3
    S: A0007 OK …
    C: A0008 UID SORT (DISPLAYFROM) US-ASCII UNDELETED
    S: * SORT …
    S: A0008 OK …
    C: A0009 UID THREAD REFERENCES US-ASCII ALL
    S: * THREAD (1)(2)(3)
    S: A0009 OK …
    C: A0010 UID SEARCH RETURN (ALL COUNT) UNSEEN
    S: * ESEARCH (TAG "A0010") UID COUNT 3 ALL 1:3
    S: A0010 OK …
    C: A0011 UID FETCH 1:3 (UID RFC822.SIZE FLAGS INTERNALDATE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT CONTENT-TYPE CC REPLY-TO LIST-POST DISPOSITION-NOTIFICATION-TO X-PRIORITY)])
    S: * 1 FETCH (UID 1 …
    S: A0011 OK …
    C: A0012 STATUS Sent (MESSAGES UNSEEN RECENT)
    S: * STATUS Sent (MESSAGES 0 UNSEEN 0 RECENT 0)
    S: A0012 OK …
    C: A0013 GETQUOTAROOT INBOX
    S: * QUOTAROOT INBOX…
    S: A0013 OK …`,
  );
});

test('Roundcube identifies itself by NIL when it has nothing to say', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `C: A0001 ID NIL
    S: * ID ("name" "Posthorn")
    S: A0001 OK …
    C: A0002 LOGIN {user} "{password}"
    S: A0002 OK …
    C: A0003 APPEND Drafts () {14+}
    C: Subject: one
    C:
    S: A0003 OK [APPENDUID … 1] …`,
  );
});

test(
  'SnappyMail lists with STATUS and ids, and unselects by a name that is none',
  LIMIT,
  async (t) => {
    const { port, open } = await stand(t);
    await fill(await open(), 1);
    const items = 'MESSAGES UNSEEN UIDNEXT UIDVALIDITY HIGHESTMODSEQ APPENDLIMIT SIZE MAILBOXID';
    await replay(
      port,
      `C: TAG1 AUTHENTICATE PLAIN {plain}
    S: TAG1 OK …
    C: TAG2 ENABLE UTF8=ACCEPT
    S: TAG2 OK …
    C: TAG22 GETMETADATA (DEPTH infinity) "*" ("/shared" "/private")
    S: TAG22 NO …
    C: TAG3 LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE STATUS (${items}))
    S: * LIST (\\HasNoChildren \\Subscribed) "/" INBOX
    S: * STATUS INBOX (MESSAGES 1 UNSEEN 1 UIDNEXT 2 UIDVALIDITY … HIGHESTMODSEQ … APPENDLIMIT … SIZE … MAILBOXID (…))
    S: TAG3 OK …
    C: TAG4 SELECT "INBOX"
    S: TAG4 OK …
    C: TAG5 SELECT ""
    S: * OK [CLOSED] …
    S: TAG5 NO …
    C: TAG6 FETCH 1 FLAGS
    S: TAG6 BAD …
    C: TAG7 SELECT "INBOX"
    N: * OK [CLOSED] …
    S: TAG7 OK …`,
    );
  },
);
