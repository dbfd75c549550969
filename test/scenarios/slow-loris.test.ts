/**
 * Clients that hold connections open and do as good as nothing: each is a wait with a name and the deadline that the RFCs ask for,
 * drops of input do not put it off, nobody else is held up, and nothing stays when they go.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ListenerName } from '../../src/main/config.ts';
import { ImapClient } from '../clients/imap.ts';
import { Pop3Client } from '../clients/pop3.ts';
import { addMailboxes, PASSWORD, type ServerStatus, TestDirectory, TestServer } from '../server.ts';
import { MuteClient } from './mute-client.ts';

const MINUTE_MS = 60_000;
const PROTOCOLS = ['smtp', 'submission', 'imap', 'pop3'] as const;
/** The beginning of a ClientHello. */
const HALF_HELLO = Buffer.from('1603010200010001fc0303', 'hex');
const LOGIN = `a LOGIN m0@example.test "${PASSWORD}"\r\n`;

type Wait = ServerStatus['waits'][number];

interface Loris {
  readonly name: string;
  readonly listener: ListenerName;
  /** What it says at once … */
  readonly says: string | Buffer;
  /** … and what it goes on to say, drop by drop. */
  readonly drops: string;
  /** What the server then waits for, and how long it may. */
  readonly wait: string;
  readonly owner: RegExp;
  readonly minutes: readonly [least: number, most: number];
}

const LORISES: readonly Loris[] = [
  // RFC 9051 §5.4: 30 minutes hold for those who have logged in.
  {
    name: 'IMAP, silent before the login',
    listener: 'imap',
    says: '',
    drops: 'x',
    wait: 'the login',
    owner: /^imap/,
    minutes: [1, 5],
  },
  {
    name: 'IMAP, half a literal before the login',
    listener: 'imap',
    says: 'a LOGIN {100+}\r\nm',
    drops: 'mmm',
    wait: 'the login',
    owner: /^imap/,
    minutes: [1, 5],
  },
  {
    name: 'IMAP, NOOP and NOOP before the login',
    listener: 'imap',
    says: '',
    drops: 'a NOOP\r\n',
    wait: 'the login',
    owner: /^imap/,
    minutes: [1, 5],
  },
  {
    name: 'IMAP, idle after the login',
    listener: 'imap',
    says: `${LOGIN}b SELECT INBOX\r\nc IDLE\r\n`,
    drops: '',
    wait: 'input from the peer',
    owner: /^imap/,
    minutes: [30, 60],
  },
  {
    name: 'IMAP, half an APPEND',
    listener: 'imap',
    says: `${LOGIN}b APPEND INBOX {1000+}\r\nSubject: x`,
    drops: '',
    wait: 'input from the peer',
    owner: /^imap/,
    minutes: [1, 30],
  },
  {
    name: 'IMAP, half a handshake by STARTTLS',
    listener: 'imap',
    says: 'a STARTTLS\r\n',
    drops: '',
    wait: 'the TLS handshake',
    owner: /^imap \d/,
    minutes: [0.1, 1],
  },
  ...(['imaps', 'pop3s', 'submissions'] as const).map((listener) => ({
    name: `${listener}, half a handshake`,
    listener,
    says: HALF_HELLO,
    drops: '\0',
    wait: 'the TLS handshake',
    owner: new RegExp(`^${listener} `),
    minutes: [0.1, 1] as const,
  })),
  // RFC 1939 §3: a timer for inactivity has 10 minutes at least.
  {
    name: 'POP3, silent before the login',
    listener: 'pop3',
    says: '',
    drops: 'CAPA\r\n',
    wait: 'the login',
    owner: /^pop3/,
    minutes: [10, 10],
  },
  {
    name: 'POP3, silent after the login',
    listener: 'pop3',
    says: `USER m0@example.test\r\nPASS ${PASSWORD}\r\n`,
    drops: '',
    wait: 'input from the peer',
    owner: /^pop3/,
    minutes: [10, 10],
  },
  // RFC 5321 §4.5.3.2.7: 5 minutes for the next command; the whole line has them, not each byte.
  ...(['smtp', 'submission'] as const).map((listener) => ({
    name: `${listener}, half a command`,
    listener,
    says: 'EHLO cli',
    drops: 'e',
    wait: 'input from the peer',
    owner: new RegExp(`^${listener}`),
    minutes: [4.9, 5.1] as const,
  })),
  // RFC 5321 §4.5.3.2.5: 3 minutes for a block of data.
  {
    name: 'SMTP, half a message',
    listener: 'smtp',
    says: 'EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<m0@example.test>\r\nDATA\r\nSubject: x\r\n',
    drops: '',
    wait: 'input from the peer',
    owner: /^smtp/,
    minutes: [3, 10],
  },
];

/** By then the server has begun to wait, however slow the machine. */
const GIVE_UP_MS = 20_000;

describe('clients that are slow', { timeout: 120_000 }, () => {
  const dir = new TestDirectory();
  let server: TestServer;
  let giveUpMs = 0;

  before(async () => {
    await addMailboxes(dir.data, 1);
    const listen = [...PROTOCOLS, 'imaps', 'pop3s', 'submissions'] as const;
    server = await TestServer.start({ data: dir.data, listen });
  });
  after(async () => {
    await server.stop();
    dir[Symbol.dispose]();
  });

  /** What the server waits for with this client, once it does: before its login was done it may have waited for the same, for less long. */
  async function waitOf({ wait, owner, minutes: [least, most] }: Loris): Promise<Wait> {
    for (let last = 'no such wait'; ; ) {
      const { waits } = await server.status();
      const found = waits.find((each) => each.name === wait && owner.test(each.owner));
      const minutes = found && (found.deadlineMs - found.sinceMs) / MINUTE_MS;
      if (minutes !== undefined && minutes >= least && minutes <= most) return found!;
      if (minutes !== undefined) last = `${minutes} minutes`;
      assert.ok(performance.now() < giveUpMs, last);
    }
  }

  async function settled(): Promise<void> {
    await server.untilNone(...PROTOCOLS);
    for (;;) {
      const { waits, watches, newcomers } = await server.status();
      const theirs = waits.filter(({ owner }) => /^(?:imap|pop3|smtp|submission)/.test(owner));
      if (theirs.length + watches + newcomers === 0) return;
    }
  }

  for (const loris of LORISES)
    test(loris.name, async (t) => {
      giveUpMs = performance.now() + GIVE_UP_MS;
      const client = await MuteClient.connect(server.port(loris.listener));
      t.after(() => client.destroy());
      client.send(loris.says);
      const first = await waitOf(loris);
      for (const drop of loris.drops) {
        await client.sent(Buffer.from(drop));
        const later = await waitOf(loris);
        // A wait for one byte may begin anew, its end may not move (but by what it takes to count it).
        assert.ok(later.deadlineMs - first.deadlineMs < 1000, 'the deadline stays');
      }
      client.destroy();
      await settled();
    });

  test('hundreds of them on all ports hold nobody up', async () => {
    const all: MuteClient[] = [];
    for (let round = 0; round < 15; round++)
      for (const loris of LORISES) {
        const client = await MuteClient.connect(server.port(loris.listener));
        client.send(loris.says);
        all.push(client);
      }
    const smtp = await server.smtp();
    const sent = await smtp.sendMail('a@sender.example', ['m0@example.test'], 'Subject: x\r\n\r\n');
    assert.equal(sent.code, 250);
    smtp.destroy();
    const imap = await ImapClient.connect({ port: server.port('imaps'), tls: true });
    assert.equal((await imap.login('m0@example.test', PASSWORD)).status, 'OK');
    await imap.ok('SELECT INBOX');
    assert.ok((await imap.fetch('1:*', 'BODY.PEEK[]')).length > 0);
    await imap.logout();
    const pop3 = await Pop3Client.connect({ port: server.port('pop3s'), tls: true });
    await pop3.login('m0@example.test', PASSWORD);
    await pop3.quit();
    for (const client of all) client.destroy();
    await settled();
  });
});
