/** SIGTERM while many sessions are open and mail arrives. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { ImapClient } from '../clients/imap.ts';
import { Pop3Client } from '../clients/pop3.ts';
import type { SmtpClient } from '../clients/smtp.ts';
import { addMailboxes, checkIsClean, TestDirectory, TestServer } from '../server.ts';
import { readByImap } from './inbox.ts';
import { Ledger, MailLoad } from './load.ts';

const SESSIONS = 200;
const AT_ONCE = 25;
const MAILBOXES = 5;
const LOAD_CONNECTIONS = 6;
const LOAD_FIRST = 100;

/** An open session; `farewell` resolves when the server has ended it as its protocol wants. */
interface OpenSession {
  farewell(): Promise<void>;
}

/** Sessions in all the states in which a stop may find them. */
const STATES: readonly ((server: TestServer, address: string) => Promise<OpenSession>)[] = [
  async (server, address) => {
    const client = await server.imap(address);
    await client.ok('SELECT INBOX');
    await client.idle();
    return imapSession(client);
  },
  async (server, address) => {
    const client = await server.imap(address);
    await client.ok('SELECT INBOX');
    return imapSession(client);
  },
  async (server) => imapSession(await ImapClient.connect({ port: server.port('imap') })),
  async (server) => smtpSession(await server.smtp()),
  async (server, address) => {
    const client = await server.smtp();
    await client.pipeline('MAIL FROM:<open@sender.example>', `RCPT TO:<${address}>`);
    return smtpSession(client);
  },
  async (server, address) => pop3Session(await server.pop3(address)),
  async (server) => pop3Session(await Pop3Client.connect({ port: server.port('pop3') })),
];

function imapSession(client: ImapClient): OpenSession {
  return {
    farewell: async () => {
      for (;;) {
        const response = await client.response('BYE');
        if (response.kind !== 'untagged' || response.data.type !== 'STATUS-RESPONSE') continue;
        assert.equal(response.data.condition, 'BYE');
        return await client.closed();
      }
    },
  };
}

function smtpSession(client: SmtpClient): OpenSession {
  return {
    farewell: async () => {
      // RFC 5321 §3.8
      assert.equal((await client.reply()).code, 421);
      await client.untilClosed();
    },
  };
}

/** RFC 1939 has no word for it: the connection ends. */
function pop3Session(client: Pop3Client): OpenSession {
  return { farewell: () => client.closed() };
}

async function openSessions(
  server: TestServer,
  addresses: readonly string[],
): Promise<readonly OpenSession[]> {
  const open = (i: number): Promise<OpenSession> =>
    STATES[i % STATES.length]!(server, addresses[i % addresses.length]!);
  const sessions: OpenSession[] = [];
  while (sessions.length < SESSIONS)
    sessions.push(
      ...(await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => open(sessions.length + i)))),
    );
  return sessions;
}

/** An APPEND of which more has come than the server keeps in memory. */
async function halfAppend(server: TestServer, address: string): Promise<OpenSession> {
  const client = await server.imap(address);
  client.send('half APPEND INBOX {2000000}\r\n');
  assert.equal((await client.response()).kind, 'continue');
  client.send(Buffer.alloc(600_000, 'Subject: half\r\n'));
  while (partialFiles(server.data).length === 0) await server.status();
  return imapSession(client);
}

/** Files of messages that are not complete. */
function partialFiles(data: string): readonly string[] {
  const names = readdirSync(data, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.part'));
}

test('SIGTERM with many sessions: exit 0, nothing acknowledged is lost', async (t) => {
  using dir = new TestDirectory();
  const addresses = await addMailboxes(dir.data, MAILBOXES);
  await using server = await TestServer.start({ data: dir.data });
  // A mailbox of its own for the APPEND: nothing may appear in it.
  const [appendTo, ...others] = addresses;
  const sessions = [...(await openSessions(server, others)), await halfAppend(server, appendTo!)];
  const load = new MailLoad(server, {
    name: 's',
    addresses: others,
    connections: LOAD_CONNECTIONS,
  });
  await load.untilAcknowledged(LOAD_FIRST);
  const atStop = load.acknowledged.size;
  const open = Object.entries((await server.status()).sessions);
  const stopped = server.stop();
  await Promise.all(sessions.map((session) => session.farewell()));
  const stopMs = await stopped;
  await load.untilBroken();
  t.diagnostic(
    `${open.map(([name, count]) => `${count} ${name}`).join(', ')} sessions, mail arriving ` +
      `(${atStop} acknowledged before SIGTERM, ${load.acknowledged.size} in all): stopped in ${Math.round(stopMs)} ms`,
  );

  assert.deepEqual(partialFiles(dir.data), []);
  const ledger = new Ledger();
  ledger.add(load);
  await using again = await TestServer.start({ data: dir.data });
  for (const [mailbox, address] of others.entries()) {
    await using client = await again.imap(address);
    ledger.find(mailbox, await readByImap(client));
  }
  ledger.assertComplete();
  assert.ok(ledger.acknowledged >= LOAD_FIRST);
  await using client = await again.imap(appendTo!);
  assert.deepEqual(await readByImap(client), [], 'the half APPEND left nothing');
  assert.equal(await checkIsClean(dir.data), ledger.found);
  await again.stop();
});
