/** PostgreSQL goes away under load and comes back, or another takes its place. `SCENARIO_AWAY_MS=15000` for longer than the server is patient. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '#kernel';
import type { Untagged } from '#wire';
import type { ImapClient, ImapIdle } from '../clients/imap.ts';
import { PrivatePostgres } from '../postgres/private-postgres.ts';
import {
  addMailboxes,
  checkIsClean,
  skipWithoutPostgres,
  TestDirectory,
  TestServer,
} from '../server.ts';
import { readByImap } from './inbox.ts';
import { Ledger } from './load.ts';
import { PatientLoad } from './patient-load.ts';

const MAILBOXES = 4;
const CONNECTIONS = 8;
const SPREAD_EVERY = 4;
/** Messages acknowledged before PostgreSQL goes, and after it is back. */
const LOAD = 150;
/** How long nobody notices that PostgreSQL is gone. */
const NOTICED_MS = Number(process.env['SCENARIO_AWAY_MS'] ?? 2000);
const SEEN = 5;

const skip = skipWithoutPostgres;

test('kill -9 of the primary under load: the standby takes its place', { skip }, async (t) => {
  await using primary = await PrivatePostgres.start({ durable: true });
  await using standby = await primary.standby({ synchronous: true });
  const url = new URL(primary.freshSchemaUrl());
  const engine = url.href.replace(url.host, `${url.host},127.0.0.1:${standby.port}`);
  await outlives(t, engine, async () => {
    await primary.kill9();
    await systemClock.sleep(NOTICED_MS);
    await standby.promote();
  });
});

test('PostgreSQL is stopped under load and started again', { skip }, async (t) => {
  await using postgres = await PrivatePostgres.start({ durable: true });
  await outlives(t, postgres.freshSchemaUrl(), async () => {
    await postgres.stop('fast');
    await systemClock.sleep(NOTICED_MS);
    await postgres.startAgain();
  });
});

test('kill -9 of PostgreSQL under load, and it is started again', { skip }, async (t) => {
  await using postgres = await PrivatePostgres.start({ durable: true });
  await outlives(t, postgres.freshSchemaUrl(), async () => {
    await postgres.kill9();
    await systemClock.sleep(NOTICED_MS);
    await postgres.startAgain();
  });
});

/** Runs a server on a PostgreSQL that is interrupted under load. What it acknowledged must be there, and it must go on by itself. */
async function outlives(
  t: TestContext,
  engine: string,
  interrupt: () => Promise<void>,
): Promise<void> {
  using dir = new TestDirectory({ engine });
  const addresses = await addMailboxes(dir.data, MAILBOXES);
  await using server = await TestServer.start({ data: dir.data });
  using load = new PatientLoad(server, {
    addresses,
    connections: CONNECTIONS,
    spreadEvery: SPREAD_EVERY,
  });
  await load.untilMore(LOAD);
  const waiting = await Promise.all(addresses.map((address) => IdleSession.open(server, address)));
  const asking = await Promise.all(addresses.map((address) => AskingSession.open(server, address)));
  const before = load.acknowledged.size;
  const goneMs = performance.now();
  await interrupt();
  const awayMs = performance.now() - goneMs;
  await load.untilMore(LOAD);
  await load.stop();
  const ledger = new Ledger();
  ledger.add(load);
  for (const [mailbox, address] of addresses.entries()) {
    await using client = await server.imap(address);
    const messages = await readByImap(client);
    ledger.find(mailbox, messages);
    await waiting[mailbox]!.goesOn(messages.length);
    await asking[mailbox]!.goesOn();
  }
  ledger.assertComplete();
  assert.equal(await checkIsClean(dir.data), ledger.found);
  const refusals = [...load.refusals].map(([text, times]) => `${times} × ${text}`);
  const sums = asking.map(({ answered, refused, ended }) => ({ answered, refused, ended }));
  t.diagnostic(
    `PostgreSQL was away for ${Math.round(awayMs)} ms, no mail was taken for ${Math.round(load.longestPauseMs)} ms; ` +
      `${before} messages acknowledged before, ${load.acknowledged.size} in all; refused: ${refusals.join(', ') || 'nothing'}; ` +
      `${load.unanswered.size} left without an answer, ${ledger.doubled} copies of them twice`,
  );
  t.diagnostic(
    `IMAP meanwhile: ${sums.map((one) => `${one.answered} OK, ${one.refused} NO${one.ended ? ', BYE' : ''}`).join('; ')}; ` +
      `in IDLE: ${waiting.map(({ ended }) => (ended ? 'BYE' : 'goes on')).join(', ')}`,
  );
  await server.stop();
}

/** Whether a session ended, which it may only do with BYE. */
function endedWithBye(client: ImapClient, error: unknown): true {
  assert.ok(client.ended, `the session says neither: ${error}`);
  assert.match(`${error}`, /\* BYE/);
  return true;
}

/** A client that asks all the time, one thing after the other. */
class AskingSession {
  answered = 0;
  refused = 0;
  ended = false;
  readonly #client: ImapClient;
  readonly #running: Promise<void>;
  #stopping = false;

  private constructor(client: ImapClient) {
    this.#client = client;
    this.#running = this.#run();
    this.#running.catch(() => {});
  }

  static async open(server: TestServer, address: string): Promise<AskingSession> {
    const client = await server.imap(address);
    await client.ok('SELECT INBOX');
    return new AskingSession(client);
  }

  /** It answers again, or has ended in order. */
  async goesOn(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    if (this.ended) return;
    const fetched = await this.#client.fetch(`1:${SEEN}`, '(UID BODY.PEEK[])');
    assert.equal(fetched.length, SEEN);
    await this.#client.ok('STORE 1 +FLAGS (\\Flagged)');
    await this.#client.logout();
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopping) {
        const { status, text } = await this.#client.command(`FETCH 1:${SEEN} (UID FLAGS ENVELOPE)`);
        assert.notEqual(status, 'BAD', text);
        if (status === 'OK') this.answered++;
        else this.refused++;
        await systemClock.sleep(20);
      }
    } catch (error) {
      this.ended = endedWithBye(this.#client, error);
    }
  }
}

/** A client that waits to be told. */
class IdleSession {
  ended = false;
  readonly #client: ImapClient;
  readonly #idle: ImapIdle;

  private constructor(client: ImapClient, idle: ImapIdle) {
    this.#client = client;
    this.#idle = idle;
  }

  static async open(server: TestServer, address: string): Promise<IdleSession> {
    const client = await server.imap(address);
    await client.ok('SELECT INBOX');
    return new IdleSession(client, await client.idle());
  }

  /** It hears of the last of so many messages and answers, or has ended in order. */
  async goesOn(messages: number): Promise<void> {
    await using client = this.#client;
    try {
      const isLast = (data: Untagged): boolean => data.type === 'EXISTS' && data.count === messages;
      await this.#idle.waitFor(isLast, `* ${messages} EXISTS`);
      await this.#idle.done();
      assert.equal((await client.fetch(`${messages}`, '(UID BODY.PEEK[])')).length, 1);
    } catch (error) {
      this.ended = endedWithBye(client, error);
    }
  }
}
