/** The server is killed while mail arrives. `SCENARIO_KILLS=50` for the long form. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ImapClient } from '../clients/imap.ts';
import { SmtpClient } from '../clients/smtp.ts';
import { addMailboxes, checkIsClean, TestDirectory, TestServer } from '../server.ts';
import { readByImap } from './inbox.ts';
import { Ledger, MailLoad } from './load.ts';

const KILLS = Number(process.env['SCENARIO_KILLS'] ?? 3);
const MAILBOXES = 4;
const CONNECTIONS = 8;

/** Acknowledged messages after which a round is killed: another number each time. */
const killAfter = (round: number): number => 60 + ((round * 127) % 400);

interface Round {
  readonly ledger: Ledger;
  readonly addresses: readonly string[];
  /** The first uid of each mailbox that has not been looked at. */
  readonly unseen: number[];
}

/** Looks at what has come since the last time; nothing of what was there before may be gone. */
async function lookAt(server: TestServer, { ledger, addresses, unseen }: Round): Promise<void> {
  let messages = 0;
  for (const [mailbox, address] of addresses.entries()) {
    await using client = await server.imap(address);
    const fresh = await readByImap(client, unseen[mailbox]);
    ledger.find(mailbox, fresh);
    unseen[mailbox] = (fresh.at(-1)?.number ?? unseen[mailbox]! - 1) + 1;
    messages += await messagesIn(client);
  }
  assert.equal(messages, ledger.found, 'nothing that was found before is gone');
  ledger.assertComplete();
}

async function messagesIn(client: ImapClient): Promise<number> {
  const { untagged } = await client.ok('STATUS INBOX (MESSAGES)');
  const status = untagged.find((data) => data.type === 'STATUS');
  return Number(status?.items.get('MESSAGES'));
}

/** Starts the server again; gives it with the time from the start of the process to its first greeting. */
async function restart(data: string): Promise<{ server: TestServer; acceptingMs: number }> {
  const startedMs = performance.now();
  const server = await TestServer.start({ data });
  await using client = await SmtpClient.connect({ port: server.port('smtp') });
  assert.equal((await client.reply()).code, 220);
  return { server, acceptingMs: performance.now() - startedMs };
}

test('kill -9 while mail arrives: what was acknowledged is there, once', async (t) => {
  using dir = new TestDirectory();
  const addresses = await addMailboxes(dir.data, MAILBOXES);
  const round: Round = { ledger: new Ledger(), addresses, unseen: addresses.map(() => 1) };
  const acceptingMs: number[] = [];
  for (let number = 0; number < KILLS; number++) {
    const started = await restart(dir.data);
    await using server = started.server;
    acceptingMs.push(started.acceptingMs);
    await lookAt(server, round);
    const load = new MailLoad(server, { name: `k${number}`, addresses, connections: CONNECTIONS });
    await load.untilAcknowledged(killAfter(number));
    await server.kill9();
    await load.untilBroken();
    assert.ok(load.acknowledged.size >= killAfter(number), 'the load was under way');
    round.ledger.add(load);
  }
  const last = await restart(dir.data);
  await using server = last.server;
  acceptingMs.push(last.acceptingMs);
  await lookAt(server, round);
  await lookAtAll(server, round);
  assert.equal(await checkIsClean(dir.data), round.ledger.found);
  await server.stop();
  report(t, round.ledger, acceptingMs);
});

/** Once more from the beginning: what was there after one crash is still the same after the last. */
async function lookAtAll(server: TestServer, { ledger, addresses }: Round): Promise<void> {
  ledger.recount();
  await lookAt(server, { ledger, addresses, unseen: addresses.map(() => 1) });
}

function report(t: TestContext, ledger: Ledger, acceptingMs: readonly number[]): void {
  const sorted = [...acceptingMs.entries()].slice(1).sort(([, a], [, b]) => a - b);
  const [least, median, ...slowest] = [
    sorted[0]!,
    sorted[sorted.length >> 1]!,
    ...sorted.slice(-3),
  ].map(([round, ms]) => `${Math.round(ms)} ms (after kill ${round})`);
  t.diagnostic(
    `${KILLS} kills, ${ledger.acknowledged} messages acknowledged, ${ledger.found} found; from start to 220: ` +
      `least ${least}, median ${median}, most ${slowest.reverse().join(', ')}`,
  );
}
