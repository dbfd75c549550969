/** A message that one thread has accepted rings at the clients that wait on another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapClient, ImapIdle } from '../clients/imap.ts';
import { addMailboxes, TestDirectory, TestServer } from '../server.ts';
import { belowTrace } from './inbox.ts';

const SESSIONS = Number(process.env['SCENARIO_IDLE'] ?? 500);
const MAILBOXES = 10;
/** The kernel spreads connections over the threads as it likes; so many on one of two would be no chance. */
const TRIES = 64;
const CONNECTIONS_AT_ONCE = 25;

const config = { fronts: 2 };

/** The threads that hold sessions of a protocol, with how many. */
async function threadsOf(
  server: TestServer,
  protocol: string,
): Promise<ReadonlyMap<string, number>> {
  const owners = new Map<string, Set<string>>();
  for (const { owner, thread } of (await server.status()).waits) {
    if (!owner.startsWith(`${protocol} `)) continue;
    owners.set(thread, (owners.get(thread) ?? new Set()).add(owner));
  }
  return new Map([...owners].map(([thread, sessions]) => [thread, sessions.size]));
}

interface Waiting {
  readonly client: ImapClient;
  readonly idle: ImapIdle;
}

async function waitInInbox(server: TestServer, address: string): Promise<Waiting> {
  const client = await server.imap(address);
  await client.ok('SELECT INBOX');
  return { client, idle: await client.idle() };
}

/** Waits for the n-th message, ends IDLE and reads it. */
async function hear({ client, idle }: Waiting, n: number): Promise<Buffer> {
  await idle.waitFor((data) => data.type === 'EXISTS' && data.count === n, `* ${n} EXISTS`);
  await idle.done();
  const [fetched] = await client.fetch(`${n}`, 'BODY.PEEK[]');
  const body = fetched?.items.get('BODY[]');
  assert.ok(Buffer.isBuffer(body), 'FETCH gives the message');
  return belowTrace(n, body).bytes;
}

test('a client in IDLE on another thread than the sender hears of a message and reads it', async () => {
  using dir = new TestDirectory();
  const [address] = await addMailboxes(dir.data, 1);
  await using server = await TestServer.start({ data: dir.data, config });
  await using sender = await server.smtp();
  const [thread] = (await threadsOf(server, 'smtp')).keys();
  assert.ok(thread !== undefined, 'the sender is somewhere');
  for (let tries = 0; ; tries++) {
    assert.ok(tries < TRIES, `all of ${TRIES} sessions came to ${thread}`);
    const waiting = await waitInInbox(server, address!);
    await using client = waiting.client;
    // A session that reads the store waits for nothing else in that moment.
    let threads = await threadsOf(server, 'imap');
    while (threads.size === 0) threads = await threadsOf(server, 'imap');
    if (threads.has(thread)) {
      client.close();
      await server.untilNone('imap');
      continue;
    }
    assert.equal(threads.size, 1, 'the client is on the other thread');
    const message = 'Subject: ring\r\n\r\nIt rings.\r\n';
    const { code } = await sender.sendMail('bell@sender.example', [address!], message);
    assert.equal(code, 250);
    assert.equal((await hear(waiting, 1)).toString(), message);
    break;
  }
  await server.stop();
});

test(`${SESSIONS} clients in IDLE hear of a message each and read it`, async (t) => {
  using dir = new TestDirectory();
  const addresses = await addMailboxes(dir.data, MAILBOXES);
  await using server = await TestServer.start({ data: dir.data, config });
  const waiting: Waiting[] = [];
  while (waiting.length < SESSIONS) {
    const count = Math.min(CONNECTIONS_AT_ONCE, SESSIONS - waiting.length);
    const more = Array.from({ length: count }, (_, i) =>
      waitInInbox(server, addresses[(waiting.length + i) % MAILBOXES]!),
    );
    waiting.push(...(await Promise.all(more)));
  }
  const threads = await threadsOf(server, 'imap');
  assert.equal((await server.status()).sessions['imap'], SESSIONS);
  assert.equal(threads.size, 2, 'both threads hold sessions');

  await using sender = await server.smtp();
  const messageTo = (mailbox: number): string => `Subject: ring ${mailbox}\r\n\r\nIt rings.\r\n`;
  const startedMs = performance.now();
  for (const [mailbox, address] of addresses.entries()) {
    const reply = await sender.sendMail('bell@sender.example', [address], messageTo(mailbox));
    assert.equal(reply.code, 250);
  }
  const heard = await Promise.all(waiting.map((each) => hear(each, 1)));
  const tookMs = performance.now() - startedMs;
  for (const [index, bytes] of heard.entries())
    assert.equal(bytes.toString(), messageTo(index % MAILBOXES));
  t.diagnostic(
    `${SESSIONS} sessions on ${[...threads].map(([name, count]) => `${name}: ${count}`).join(', ')}; ` +
      `${MAILBOXES} messages sent, heard of and read by all in ${Math.round(tookMs)} ms`,
  );
  for (const { client } of waiting) client.close();
  await server.stop();
});
