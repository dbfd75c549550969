/** What Outlook sends, classic and new; sources in docs/clients.md. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imapSettingsOf } from '../../src/main/imap-settings.ts';
import { fill, mail, stand } from '../../src/protocols/imap4/stand.test.ts';
import { replay } from './replay.ts';

const LIMIT = { timeout: 60_000 };

/** Up to the FETCH that the service sends after it has enabled UIDONLY. */
const OFFICE_365 = `
  C: WIR00001 ID ("name" "Microsoft Office 365" "version" "15.20.9160.4" "vendor" "Microsoft Corporation" "support-url" "https://support.microsoft.com/")
  S: WIR00001 OK …
  C: WIR00002 AUTHENTICATE PLAIN {plain}
  S: WIR00002 OK …
  C: WIR00003 CAPABILITY
`;

test('Office 365 enables UIDONLY and counts messages all the same', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 2);
  const lines = await replay(
    port,
    `${OFFICE_365}
    S: * CAPABILITY … UIDONLY …
    S: WIR00003 OK …
    C: WIR00004 ENABLE UIDONLY
    S: * ENABLED UIDONLY
    S: WIR00004 OK …
    C: WIR00005 SELECT INBOX
    S: WIR00005 OK …
    C: WIR00006 FETCH 1:* (UID)
    S: WIR00006 BAD [UIDREQUIRED] …`,
  );
  assert.ok(!lines.some((line) => line.includes(' FETCH (')), 'it has got no message');
});

test(
  'Office 365 gets its mail, because UIDONLY is switched off for it by default',
  LIMIT,
  async (t) => {
    const { port, open } = await stand(t, { switchOffs: imapSettingsOf().switchOffs });
    await fill(await open(), 2);
    await replay(
      port,
      `${OFFICE_365}
    N: * CAPABILITY … UIDONLY …
    S: WIR00003 OK …
    C: WIR00004 ENABLE UIDONLY
    S: WIR00004 OK …
    C: WIR00005 SELECT INBOX
    S: WIR00005 OK …
    C: WIR00006 FETCH 1:* (UID)
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 2)
    S: WIR00006 OK …`,
    );
  },
);

test('Outlook fetches RFC822.peek, which is older than IMAP4rev1', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  const client = await open();
  const message = mail('one');
  await client.append('INBOX', message);
  await replay(
    port,
    `C: 1 LOGIN "{user}" "{password}"
    S: 1 OK …
    C: 2 SELECT "INBOX"
    S: 2 OK …
    C: 7 UID fetch 1 (UID RFC822.SIZE RFC822.peek)
    S: * 1 FETCH (UID 1 RFC822.SIZE ${message.length} RFC822 {${message.length}}
    S: Subject: one
    S: 7 OK …
    C: 8 UID FETCH 1 (FLAGS)
    S: * 1 FETCH (UID 1 FLAGS (\\Recent))
    S: 8 OK …`,
  );
});

test('Outlook needs EXISTS and UIDVALIDITY from SELECT', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `C: 1 LOGIN {user} "{password}"
    S: 1 OK …
    C: 2 SELECT INBOX
    S: * FLAGS (…)
    S: * 0 EXISTS
    S: * OK [UIDVALIDITY <validity>] …
    S: * OK [UIDNEXT 1] …
    S: 2 OK [READ-WRITE] …`,
  );
});

test('Outlook takes UIDs that do not ascend for an error', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  const client = await open('SELECT INBOX');
  await fill(client, 4);
  await client.ok('STORE 2 +FLAGS (\\Deleted)');
  await client.ok('EXPUNGE');
  await replay(
    port,
    `C: 1 LOGIN {user} "{password}"
    S: 1 OK …
    C: 2 SELECT INBOX
    S: 2 OK …
    C: 3 FETCH 1:* (UID)
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 3)
    S: * 3 FETCH (UID 4)
    S: 3 OK …
    C: 4 UID FETCH 4,1,3 (UID FLAGS)
    S: * 1 FETCH (UID 1 …)
    S: * 2 FETCH (UID 3 …)
    S: * 3 FETCH (UID 4 …)
    S: 4 OK …`,
  );
});

test('old Outlooks break on a MODSEQ that nobody asked for', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 1);
  await replay(
    port,
    `C: 1 LOGIN {user} "{password}"
    S: 1 OK …
    C: 2 SELECT INBOX
    S: 2 OK …
    C: 3 UID STORE 1 +FLAGS (\\Seen)
    N: …MODSEQ…
    S: * 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))
    S: 3 OK STORE completed
    C: 4 FETCH 1 (FLAGS UID)
    S: * 1 FETCH (FLAGS (\\Seen \\Recent) UID 1)
    S: 4 OK …`,
  );
});

test('Outlook finds special folders by LSUB', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `C: 1 LOGIN {user} "{password}"
    S: 1 OK …
    C: 2 LSUB "" "*"
    S: * LSUB () "/" INBOX
    S: 2 OK …
    C: 3 SUBSCRIBE Sent
    C: 4 CREATE a/b
    C: 5 SUBSCRIBE a/b
    C: 6 LSUB "" "*"
    S: 5 OK …
    S: * LSUB (\\Sent) "/" Sent
    S: * LSUB () "/" a/b
    S: 6 OK …
    C: 7 LSUB "" "%"
    S: * LSUB (\\Noselect) "/" a
    S: 7 OK …`,
  );
});

test('Outlook cannot read a BYE without a text', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `C: 1 LOGIN {user} "{password}"
    S: 1 OK …
    C: 2 LOGOUT
    S: * BYE Logging out
    S: 2 OK …`,
  );
});
