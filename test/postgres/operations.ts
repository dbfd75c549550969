import assert from 'node:assert/strict';
import type { MailboxId, SubmissionId } from '#model';
import { ImapClient, type ImapIdle } from '../clients/imap.ts';
import { Pop3Client } from '../clients/pop3.ts';
import { SmtpClient } from '../clients/smtp.ts';
import { type CountedHouse, DOMAIN, PASSWORD } from './counted-house.ts';

/** A message of 4 KB, as many are. */
export const MAIL = Buffer.from(
  `From: bob@example.net\r\nTo: anna@example.test\r\nSubject: Figures\r\nMessage-ID: <1@example.net>\r\n\r\n${'Some words on a line of a letter, and then some more.\r\n'.repeat(73)}`,
);
const AT_ONCE = 50;
const RANGE = `1:${AT_ONCE}`;

/** One whose statement is larger than what a socket takes at once. */
const LARGER = Buffer.concat([MAIL, Buffer.alloc(200_000, 'Many words on a line.\r\n')]);

/** What an operation does after it was counted. */
type After = (() => Promise<unknown>) | undefined;

/** Something whose cost is counted: first what it needs, then itself. */
export interface Operation {
  readonly name: string;
  /** Rows that one statement reads at most, where it takes several to go through a folder. */
  readonly page?: number;
  // biome-ignore lint/suspicious/noConfusingVoidType: most have nothing to do after
  prepare(counted: Counted): Promise<() => Promise<After | void>>;
}

/** A mailbox of a house with so many messages in its INBOX, and a session that has it selected. */
export class Counted {
  readonly house: CountedHouse;
  readonly address: string;
  readonly otherAddress: string;
  readonly mailboxId: MailboxId;
  readonly session: ImapClient;

  private constructor(parts: {
    readonly house: CountedHouse;
    readonly address: string;
    readonly otherAddress: string;
    readonly mailboxId: MailboxId;
    readonly session: ImapClient;
  }) {
    this.house = parts.house;
    this.address = parts.address;
    this.otherAddress = parts.otherAddress;
    this.mailboxId = parts.mailboxId;
    this.session = parts.session;
  }

  static async prepare(house: CountedHouse, messages: number): Promise<Counted> {
    const address = `anna${messages}@${DOMAIN}`;
    const otherAddress = `bert${messages}@${DOMAIN}`;
    const mailboxId = await house.addMailbox(address, messages, MAIL);
    await house.addMailbox(otherAddress, messages, MAIL);
    // The node hears of these changes of the directory and forgets what it knew: not while something is counted.
    for (let looks = 0; looks < 2; looks++) await house.wire.answered("key = 'directory_version'");
    const session = await ImapClient.connect({ port: house.ports.imap });
    await session.login(address, PASSWORD);
    return new Counted({ house, address, otherAddress, mailboxId, session });
  }

  /** Another session that is logged in. */
  async login(): Promise<ImapClient> {
    const client = await ImapClient.connect({ port: this.house.ports.imap });
    await client.login(this.address, PASSWORD);
    return client;
  }

  /** So many messages more, from the other node. */
  async add(count: number): Promise<void> {
    await this.house.fill(this.mailboxId, count, MAIL);
  }

  async deliver(to: readonly string[], message = MAIL): Promise<void> {
    await using client = await SmtpClient.hello({ port: this.house.ports.smtp });
    const { code } = await client.sendMail('bob@example.net', to, message);
    assert.equal(code, 250);
  }
}

/** An operation of one command, after others that are not counted. */
function command(name: string, text: string, ...before: readonly string[]): Operation {
  return {
    name,
    async prepare({ session }) {
      for (const each of before) await session.ok(each);
      return async () => {
        await session.ok(text);
      };
    },
  };
}

/** Submissions that are committed in the same turn of the event loop. */
function together(count: number, what: string, message: Buffer): Operation {
  return {
    name: `transfer: ${what} at once for one mailbox`,
    async prepare({ house, mailboxId, address }) {
      const submissions = Array.from({ length: count }, (_, number) =>
        house.transfer.begin(envelope(number, mailboxId, address)),
      );
      for (const submission of submissions) await submission.write(message);
      return async () => {
        const outcomes = await Promise.all(submissions.map((submission) => submission.commit()));
        assert.ok(outcomes.every(({ kind }) => kind === 'accepted'));
      };
    },
  };
}

const DELIVERIES: readonly Operation[] = [
  {
    name: 'SMTP: a message for one recipient',
    prepare: async (counted) => () => counted.deliver([counted.address]),
  },
  {
    name: 'SMTP: a message of 200 KB for one recipient',
    prepare: async (counted) => () => counted.deliver([counted.address], LARGER),
  },
  {
    name: 'SMTP: a message for two recipients',
    async prepare(counted) {
      return async () => {
        const forgotten = counted.house.wire.answered('DELETE FROM part');
        await counted.deliver([counted.address, counted.otherAddress]);
        await forgotten;
      };
    },
  },
  together(AT_ONCE, `${AT_ONCE} messages`, MAIL),
  // As much as goes into one transaction, and more than a system takes from a socket at once.
  together(30, '30 messages of 200 KB', LARGER),
];

const SESSIONS: readonly Operation[] = [
  {
    name: 'IMAP: LOGIN',
    async prepare({ house, address }) {
      const client = await ImapClient.connect({ port: house.ports.imap });
      return async () => {
        assert.equal((await client.login(address, PASSWORD)).status, 'OK');
        return () => client.logout();
      };
    },
  },
  command('IMAP: LIST "" "*"', 'LIST "" "*"'),
  command(
    'IMAP: STATUS (MESSAGES UNSEEN UIDNEXT)',
    'STATUS INBOX (MESSAGES UNSEEN UIDNEXT)',
    'SELECT INBOX',
    'UNSELECT',
  ),
  {
    name: 'IMAP: SELECT, nothing new',
    async prepare({ session }) {
      await session.ok('SELECT INBOX');
      return async () => {
        await session.ok('SELECT INBOX');
      };
    },
  },
  {
    name: 'IMAP: SELECT, with \\Recent to claim',
    async prepare(counted) {
      await counted.add(1);
      return async () => {
        await counted.session.ok('SELECT INBOX');
      };
    },
  },
  command('IMAP: NOOP, nothing new', 'NOOP', 'NOOP'),
  {
    name: 'IMAP: APPEND',
    async prepare({ session }) {
      await session.ok('NOOP');
      return async () => {
        await session.append('INBOX', MAIL);
      };
    },
  },
  {
    name: 'IMAP: a message for a session in IDLE, from another node',
    async prepare(counted) {
      const client = await counted.login();
      await client.ok('SELECT INBOX');
      // What was told of earlier deliveries has been heard by then.
      await counted.house.wire.answered("key = 'directory_version'");
      await client.ok('NOOP');
      // It begins with a look of its own, after it said that it is idling.
      const begun = counted.house.wire.answered('FROM change AS c');
      const idle: ImapIdle = await client.idle();
      await begun;
      return async () => {
        await counted.add(1);
        await idle.waitFor(({ type }) => type === 'RECENT', 'RECENT');
        return async () => {
          await idle.done();
          await client.logout();
        };
      };
    },
  },
];

const FETCHES: readonly Operation[] = [
  command(`IMAP: FETCH of ${AT_ONCE} (FLAGS)`, `FETCH ${RANGE} (FLAGS)`, 'NOOP'),
  command(`IMAP: FETCH of ${AT_ONCE} (ENVELOPE)`, `FETCH ${RANGE} (ENVELOPE)`),
  command(`IMAP: FETCH of ${AT_ONCE} (BODY.PEEK[])`, `FETCH ${RANGE} (BODY.PEEK[])`),
  command(
    `IMAP: FETCH of ${AT_ONCE} (BODY[]), all unseen`,
    `FETCH ${RANGE} (BODY[])`,
    `STORE ${RANGE} -FLAGS.SILENT (\\Seen)`,
    'NOOP',
  ),
  command(
    'IMAP: STORE +FLAGS on one',
    'STORE 1 +FLAGS (\\Flagged)',
    'STORE 1 -FLAGS (\\Flagged)',
    'NOOP',
  ),
  command(
    `IMAP: STORE +FLAGS on ${AT_ONCE}`,
    `STORE ${RANGE} +FLAGS (\\Flagged)`,
    `STORE ${RANGE} -FLAGS (\\Flagged)`,
    'NOOP',
  ),
  command(
    `IMAP: STORE +FLAGS.SILENT on ${AT_ONCE}`,
    `STORE ${RANGE} +FLAGS.SILENT (\\Flagged)`,
    `STORE ${RANGE} -FLAGS (\\Flagged)`,
    'NOOP',
  ),
  { ...command('IMAP: SEARCH UNSEEN', 'SEARCH UNSEEN', 'NOOP'), page: 2048 },
  command('IMAP: EXPUNGE, nothing to do', 'EXPUNGE', 'NOOP'),
  expunge(1),
  expunge(AT_ONCE),
];

function expunge(count: number): Operation {
  return {
    name: `IMAP: EXPUNGE of ${count}`,
    async prepare(counted) {
      const { session } = counted;
      await counted.add(count);
      await session.ok('SELECT INBOX');
      const { untagged } = await session.ok('SEARCH ALL');
      const found = untagged.find((data) => data.type === 'SEARCH');
      assert.ok(found?.type === 'SEARCH');
      const last = found.numbers.length;
      await session.ok(`STORE ${last - count + 1}:${last} +FLAGS.SILENT (\\Deleted)`);
      await session.ok('NOOP');
      return async () => {
        const { untagged: told } = await session.ok('EXPUNGE');
        assert.equal(told.filter(({ type }) => type === 'EXPUNGE').length, count);
      };
    },
  };
}

const POP3: readonly Operation[] = [
  {
    name: 'POP3: USER, PASS',
    page: 1000,
    async prepare({ house, address }) {
      const client = await Pop3Client.connect({ port: house.ports.pop3 });
      return async () => {
        await client.login(address, PASSWORD);
        return () => client.expectOk('QUIT');
      };
    },
  },
  {
    name: 'POP3: UIDL, RETR of one, QUIT',
    async prepare({ house, address }) {
      const client = await Pop3Client.connect({ port: house.ports.pop3 });
      await client.login(address, PASSWORD);
      return async () => {
        assert.ok((await client.listing('UIDL')).length > 0);
        assert.ok(((await client.multi('RETR 1'))?.length ?? 0) >= MAIL.length);
        await client.expectOk('QUIT');
      };
    },
  },
];

/** All that are counted, in the order in which they are done. */
export const OPERATIONS: readonly Operation[] = [...DELIVERIES, ...SESSIONS, ...FETCHES, ...POP3];

function envelope(
  number: number,
  mailboxId: MailboxId,
  address: string,
): Parameters<CountedHouse['transfer']['begin']>[0] {
  const [local, domain] = address.split('@') as [string, string];
  return {
    submissionId: `0ABCDEFGHJKMNP${String(number).padStart(2, '0')}` as SubmissionId,
    from: { local: 'bob', domain: 'example.net' },
    recipients: [
      { address: { local, domain }, mailboxId, notify: undefined, originalRecipient: undefined },
    ],
    smtpUtf8: false,
    body: '8BITMIME',
    dsnReturn: undefined,
    dsnEnvelopeId: undefined,
    origin: {
      protocol: 'ESMTP',
      helo: 'example.net',
      clientAddress: '192.0.2.1',
      tls: undefined,
      authenticatedAs: undefined,
    },
    receivedAtMs: 0,
  };
}
