/** What Thunderbird sends; sources in docs/clients.md. It writes most commands in lower case. */
import { test } from 'node:test';
import { fill, stand } from '../../src/protocols/imap4/stand.test.ts';
import { Player, replay } from './replay.ts';

const LIMIT = { timeout: 60_000 };

const LOGIN = `
  C: 1 authenticate PLAIN
  S: + …
  C: {plain}
  S: 1 OK …
  C: 2 ID ("name" "Thunderbird" "version" "153.0")
  S: 2 OK …
`;

test('Thunderbird lists subscribed folders with their special uses', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `${LOGIN}
    C: 3 namespace
    S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
    S: 3 OK …
    C: 4 list (subscribed) "" "*" return (special-use)
    S: * LIST (\\Sent … \\Subscribed) "/" Sent
    S: 4 OK …
    C: 5 list "" "INBOX"
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: 5 OK …`,
  );
});

test('Thunderbird sends UTF-8 names and an unencoded "&" after UTF8=ACCEPT', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `${LOGIN}
    C: 3 ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: 3 OK …
    C: 4 create "Gr\xc3\xb6\xc3\x9fe & Ma\xc3\x9f"
    S: 4 OK …
    C: 5 subscribe "Gr\xc3\xb6\xc3\x9fe & Ma\xc3\x9f"
    S: 5 OK …
    C: 6 list "" "Gr\xc3\xb6\xc3\x9fe & Ma\xc3\x9f"
    S: * LIST (\\HasNoChildren) "/" "Gr\xc3\xb6\xc3\x9fe & Ma\xc3\x9f"
    S: 6 OK …`,
  );
});

test('Thunderbird appends by UTF8 with a literal8, and without a flag', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `${LOGIN}
    C: 3 ENABLE UTF8=ACCEPT
    S: 3 OK …
    C: 4 append "Sent" (\\Seen) "20-Nov-2026 12:00:00 +0100" UTF8 (~{14+}
    C: Subject: s\xc3\xb6
    C: )
    S: 4 OK [APPENDUID … 1] …
    C: 5 append "Drafts" ( $label1) UTF8 (~{14}
    S: + …
    C: Subject: s\xc3\xb6
    C: )
    S: 5 OK [APPENDUID … 1] …
    C: 6 select "Drafts"
    S: 6 OK …
    C: 7 UID fetch 1:* (FLAGS)
    S: * 1 FETCH (UID 1 FLAGS (\\Recent $label1))
    S: 7 OK …`,
  );
});

test('Thunderbird keeps tags and junk as keywords of its own', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 1);
  await replay(
    port,
    `${LOGIN}
    C: 3 select "INBOX" (CONDSTORE)
    S: * OK [PERMANENTFLAGS (… \\*)] …
    S: 3 OK …
    C: 4 uid store 1 +Flags (NonJunk $label1)
    S: * 1 FETCH (UID 1 FLAGS (\\Recent $label1 NonJunk) MODSEQ (…))
    S: 4 OK …
    C: 5 uid store 1 -Flags (NonJunk $label1)
    S: 5 OK …
    C: 6 uid store 1 +Flags (Junk $MDNSent)
    S: * 1 FETCH (UID 1 FLAGS (\\Recent …Junk…) MODSEQ (…))
    S: 6 OK …
    C: 7 UID fetch 1:* (FLAGS) (CHANGEDSINCE 1)
    S: * 1 FETCH (UID 1 FLAGS (…) MODSEQ (…))
    S: 7 OK …`,
  );
});

test('Thunderbird reads a message in chunks, which makes it seen', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 1);
  await replay(
    port,
    `${LOGIN}
    C: 3 select "INBOX"
    S: 3 OK …
    C: 4 UID fetch 1 (UID RFC822.SIZE BODY[]<0.40>)
    S: * 1 FETCH (UID 1 FLAGS (\\Seen \\Recent) RFC822.SIZE … BODY[]<0> {40}
    S: 4 OK …
    C: 5 UID fetch 1 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To Received)])
    S: * 1 FETCH (UID 1 FLAGS (\\Seen \\Recent) RFC822.SIZE … BODY[HEADER.FIELDS (From To … Received)] {…}
    S: 5 OK …
    C: 6 UID fetch 1 (UID BODY.PEEK[HEADER.FIELDS (Content-Type Content-Transfer-Encoding)] BODY.PEEK[TEXT]<0.200>)
    S: * 1 FETCH (UID 1 BODY[HEADER.FIELDS (Content-Type Content-Transfer-Encoding)] {2}
    S: 6 OK …`,
  );
});

test('Thunderbird asks STATUS for RECENT', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  await fill(await open(), 2);
  await replay(
    port,
    `${LOGIN}
    C: 3 STATUS "INBOX" (UIDNEXT MESSAGES UNSEEN RECENT)
    S: * STATUS INBOX (UIDNEXT 3 MESSAGES 2 UNSEEN 2 RECENT 2)
    S: 3 OK …`,
  );
});

test('Thunderbird may end a name with a delimiter', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `${LOGIN}
    C: 3 create "Projects/"
    S: 3 OK …
    C: 4 list "" "Projects"
    S: * LIST (\\HasNoChildren) "/" Projects
    S: 4 OK …
    C: 5 select "Projects/"
    S: 5 NO …
    C: 6 select "Projects"
    S: 6 OK …`,
  );
});

test('Thunderbird greys out what LSUB tells as a level only', LIMIT, async (t) => {
  const { port } = await stand(t);
  await replay(
    port,
    `${LOGIN}
    C: 3 create "Lists/one"
    C: 4 subscribe "Lists/one"
    C: 5 unsubscribe "Lists"
    C: 6 lsub "" "%"
    S: * LSUB (\\Noselect) "/" Lists
    S: 6 OK …`,
  );
});

test('Thunderbird overlooks an EXISTS that comes behind what it fetches', LIMIT, async (t) => {
  const { port, open } = await stand(t);
  const other = await open();
  await fill(other, 1);
  using player = await Player.open(port);
  await player.play(`${LOGIN}
    C: 3 select "INBOX"
    S: 3 OK …`);
  await fill(other, 1);
  await player.play(`C: 4 UID fetch 2:* (FLAGS)
    S: * 2 EXISTS
    S: * 2 FETCH (UID 2 FLAGS (\\Recent))
    N: * 1 FETCH …
    S: 4 OK …`);
});
