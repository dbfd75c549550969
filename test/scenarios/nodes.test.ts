/** Several nodes on one PostgreSQL are one server to those who use them. `SCENARIO_MAILS=2000` for the long form. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { callVerb } from '#admin';
import type { ImapIdle } from '../clients/imap.ts';
import { eventually } from '../interop/program.ts';
import { type Row, sharedDatabase, type TestDatabase } from '../postgres/database.ts';
import {
  addMailboxes,
  checkIsClean,
  PASSWORD,
  skipWithoutPostgres,
  TestDirectory,
  TestServer,
} from '../server.ts';
import { skipWithoutCorpora } from './corpora.ts';
import { readByImap } from './inbox.ts';
import { envelopeOf, Ledger, MailLoad, messageOf } from './load.ts';
import { compareInboxes, MAILBOXES, planMails, sendMails } from './real-mails.ts';

const MAILS = Number(process.env['SCENARIO_MAILS'] ?? 200);
/** Messages that ring at a client on the other node, one after the other. */
const RINGS = 20;
/** Acknowledged by each node before one of them is killed, and by the other one after it. */
const LOAD = 150;
const LOADED_MAILBOXES = 4;
const CONNECTIONS = 6;
/** Connections that send to two mailboxes at once when the node is killed, more than it has threads. */
const TORN = 4;
/** Promises that are not kept by then are not kept at all. */
const KEPT_MS = 60_000;

test('real mails that came in by one node are read on another, byte for byte, in order', {
  skip: skipWithoutPostgres || skipWithoutCorpora,
}, async (t) => {
  const mails = planMails(MAILS);
  using dirA = new TestDirectory();
  using dirB = new TestDirectory({ sharedWith: dirA });
  const addresses = await addMailboxes(dirA.data, MAILBOXES);
  await using a = await TestServer.start({ data: dirA.data });
  await using b = await TestServer.start({ data: dirB.data });
  const sendMs = performance.now();
  await sendMails(a, mails, addresses);
  const readMs = performance.now();
  const copies = await compareInboxes(b, mails, addresses);
  t.diagnostic(
    `${mails.length} mails in ${copies} copies: sent to A in ${Math.round(readMs - sendMs)} ms, ` +
      `read twice on B in ${Math.round(performance.now() - readMs)} ms`,
  );
  assert.equal(await checkIsClean(dirB.data), copies);
  await a.stop();
  await b.stop();
});

test('a client on one node is told what happens on another', {
  skip: skipWithoutPostgres,
}, async (t) => {
  using dirA = new TestDirectory();
  using dirB = new TestDirectory({ sharedWith: dirA });
  const [address] = await addMailboxes(dirA.data, 1);
  await using a = await TestServer.start({ data: dirA.data });
  await using b = await TestServer.start({ data: dirB.data });
  await using client = await b.imap(address!);
  await client.ok('SELECT INBOX');
  const idle = await client.idle();
  report(t, 'EXISTS on B after 250 of A', await ring(a, address!, idle));

  await using other = await a.imap(address!);
  await other.ok('SELECT INBOX');
  const flaggedMs: number[] = [];
  for (const seq of [3, 1, 2]) {
    await other.ok(`STORE ${seq} +FLAGS (\\Flagged $Rung)`);
    const startedMs = performance.now();
    const data = await idle.waitFor((one) => one.type === 'FETCH' && one.seq === seq, 'the flags');
    flaggedMs.push(performance.now() - startedMs);
    assert.ok(data.type === 'FETCH');
    const flags = data.items.get('FLAGS');
    assert.deepEqual([...(flags as Iterable<string>)].sort(), ['$Rung', '\\Flagged', '\\Recent']);
  }
  report(t, 'flags told on B after OK of A', flaggedMs);
  await other.ok('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await other.ok('EXPUNGE');
  await idle.waitFor((data) => data.type === 'EXPUNGE' && data.seq === 2, '* 2 EXPUNGE');
  await idle.done();

  const added = 'added@example.test';
  assert.ok(await callVerb(a.data, 'mailbox add', { address: added, password: PASSWORD }));
  await using fresh = await b.imap(added);
  await using sender = await b.smtp();
  const message = 'Subject: welcome\r\n\r\nHere you are.\r\n';
  assert.equal((await sender.sendMail('bell@sender.example', [added], message)).code, 250);
  assert.deepEqual(
    (await readByImap(fresh)).map(({ bytes }) => bytes.toString()),
    [message],
  );
  assert.equal(await checkIsClean(dirB.data), RINGS);
  await a.stop();
  await b.stop();
});

/** Sends one message after the other; gives the milliseconds from each 250 to its EXISTS, 0 when that was first. */
async function ring(server: TestServer, address: string, idle: ImapIdle): Promise<number[]> {
  await using sender = await server.smtp();
  const heardMs: number[] = [];
  for (let n = 1; n <= RINGS; n++) {
    const heard = idle
      .waitFor((data) => data.type === 'EXISTS' && data.count === n, `* ${n} EXISTS`)
      .then(() => performance.now());
    const { code } = await sender.sendMail(
      'bell@sender.example',
      [address],
      'Subject: ring\r\n\r\n',
    );
    const acknowledgedMs = performance.now();
    assert.equal(code, 250);
    heardMs.push(Math.max(0, (await heard) - acknowledgedMs));
  }
  return heardMs;
}

function report(t: TestContext, what: string, tookMs: readonly number[]): void {
  const sorted = [...tookMs].sort((x, y) => x - y).map((ms) => ms.toFixed(1));
  t.diagnostic(
    `${what}: least ${sorted[0]} ms, median ${sorted[sorted.length >> 1]} ms, most ${sorted.at(-1)} ms of ${sorted.length}`,
  );
}

test('kill -9 of one node of two under load: what either acknowledged is there, once', {
  skip: skipWithoutPostgres,
}, async (t) => {
  using dirA = new TestDirectory();
  using dirB = new TestDirectory({ sharedWith: dirA });
  const all = await addMailboxes(dirA.data, LOADED_MAILBOXES + 2);
  const addresses = all.slice(0, LOADED_MAILBOXES);
  await using b = await TestServer.start({ data: dirB.data });
  const ledger = new Ledger();
  let keptMs: number;
  {
    await using a = await TestServer.start({ data: dirA.data });
    const options = { addresses, connections: CONNECTIONS, spreadEvery: 3 };
    using loadA = new MailLoad(a, { name: 'a', ...options });
    using loadB = new MailLoad(b, { name: 'b', ...options });
    await loadA.untilAcknowledged(LOAD);
    const torn = await killWhileTorn(a, dirA.engine, all);
    const killedMs = performance.now();
    await loadA.untilBroken();
    await loadB.untilAcknowledged(loadB.acknowledged.size + LOAD);
    await loadB.stop();
    for (const load of [loadA, loadB, torn]) ledger.add(load);
    await untilNothingIsOwed(dirA.engine);
    keptMs = performance.now() - killedMs;
    t.diagnostic(
      `A acknowledged ${loadA.acknowledged.size} messages of ${loadA.sent.size}, B ${loadB.acknowledged.size}; ` +
        `${torn.promised} promises of A were left, all kept ${Math.round(keptMs)} ms after its end`,
    );
  }
  await readAll(b, all, ledger);
  await using again = await TestServer.start({ data: dirA.data });
  using late = new MailLoad(again, { name: 'l', addresses, connections: 2, spreadEvery: 3 });
  await late.untilAcknowledged(20);
  await late.stop();
  ledger.add(late);
  await readAll(b, all, ledger);
  assert.equal(await checkIsClean(dirB.data), ledger.found);
  await again.stop();
  await b.stop();
});

async function readAll(server: TestServer, all: readonly string[], ledger: Ledger): Promise<void> {
  ledger.recount();
  for (const [mailbox, address] of all.entries()) {
    await using client = await server.imap(address);
    ledger.find(mailbox, await readByImap(client));
  }
  ledger.assertComplete();
}

/**
 * Kills a node when messages to the last two mailboxes are in the first of them and cannot get into the second, because somebody
 * else holds that: so their promises are left.
 */
async function killWhileTorn(
  server: TestServer,
  engine: string,
  all: readonly string[],
): Promise<{ sent: readonly string[]; acknowledged: readonly string[]; promised: number }> {
  const [first, second] = [all.length - 2, all.length - 1];
  const sent = Array.from({ length: TORN }, (_, number) => `torn-${number}-0-${first}+${second}`);
  const promised = await onMail(engine, async (ask) => {
    await ask('begin');
    // The first is the one with the lower number, whichever was added first.
    await ask(
      'select from mailbox where mailbox_id = (select max(mailbox_id) from address where address in ($1, $2)) for update',
      [all[first]!, all[second]!],
    );
    // All of them have come to their DATA when the node is killed, however slow the machine is.
    const clients = await Promise.all(
      sent.map(async (id) => {
        const client = await server.smtp();
        const [from, ...to] = envelopeOf(id, [all[first]!, all[second]!]);
        for (const line of [from!, ...to]) assert.equal((await client.command(line)).code, 250);
        return client;
      }),
    );
    const sending = clients.map(async (open, number) => {
      await using client = open;
      await assert.rejects(client.data(messageOf(sent[number]!)), /closed the connection/);
    });
    const count = await eventually('messages in the first of two mailboxes', async () => {
      const rows = await ask(
        `select from content where message_id like '<torn-%' and exists (select from promise where mailbox_id = content.mailbox_id)`,
      );
      return rows.length || undefined;
    });
    await server.kill9();
    await Promise.all(sending);
    await ask('rollback');
    return count;
  });
  return { sent, acknowledged: [], promised };
}

async function untilNothingIsOwed(engine: string): Promise<void> {
  await eventually(
    'promises that are all kept',
    () =>
      onMail(engine, async (ask) => {
        const [row] = await ask<{ owed: number }>('select count(*)::int as owed from promise');
        return row!.owed === 0 || undefined;
      }),
    KEPT_MS,
  );
}

/** Looks into the tables of a mail, beside its nodes. */
async function onMail<T>(
  engine: string,
  work: (
    ask: <R extends Row>(text: string, parameters?: readonly string[]) => Promise<R[]>,
  ) => Promise<T>,
): Promise<T> {
  await using database: TestDatabase = sharedDatabase()!;
  return await database.session(async (ask) => {
    await ask(`set search_path = ${new URL(engine).searchParams.get('schema')}`);
    return await work(ask);
  });
}
