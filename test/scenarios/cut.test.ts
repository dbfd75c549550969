/**
 * Clients that go away in the middle, after every byte of a session that a real client leads: nothing of them stays, what was
 * acknowledged is there once, what was not whole is not. SCENARIO_EVERY=1 cuts after every byte (npm run cut), otherwise after
 * each 7th in the clear and each 29th under TLS.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#kernel';
import { ENGINE } from '../../src/storage/fresh.conformance.ts';
import { addMailboxes, checkIsClean, TestDirectory, TestServer } from '../server.ts';
import { CUT_SESSIONS, type CutSession, type Diary } from './cut-sessions.ts';
import { type Cut, CuttingRelay, type Parting } from './cutting-relay.ts';

const EVERY = process.env['SCENARIO_EVERY'];
const AT_ONCE = 8;
/** What TLS adds may differ by so much from one session to the next. */
const TLS_BYTES = 64;
const TEXT = 'A line of text.\r\n.A line with a dot.\r\n';
/** Connections to PostgreSQL that a server makes as it needs them. */
const POOL = ENGINE === 'sqlite' ? 0 : 24;
const PARTINGS: readonly Parting[] = ['FIN', 'RST'];

/** A session as it went. */
interface Run {
  readonly id: string;
  readonly cut: Cut | undefined;
  /** Bytes that the client had sent when each message was acknowledged. */
  readonly acknowledgedAt: Map<number, number>;
  removed: boolean;
  bytes: number;
}

describe('clients that are cut off', { timeout: EVERY === undefined ? 180_000 : 1_800_000 }, () => {
  const dir = new TestDirectory();
  let server: TestServer;
  let addresses: readonly string[];
  let serial = 0;

  before(async () => {
    addresses = await addMailboxes(dir.data, AT_ONCE);
    server = await TestServer.start({
      data: dir.data,
      listen: ['smtp', 'submission', 'imap', 'pop3'],
    });
  });
  after(async () => {
    await server.stop();
    await checkIsClean(dir.data);
    assert.deepEqual(blobsIn(dir.data), []);
    dir[Symbol.dispose]();
  });

  async function run(session: CutSession, address: string, cut?: Cut): Promise<Run> {
    const id = `${++serial}`.padStart(8, '0');
    const went: Run = { id, cut, acknowledgedAt: new Map(), removed: false, bytes: 0 };
    await using relay = await CuttingRelay.listen(server.port(session.listener), cut);
    const diary: Diary = {
      address,
      message: (which) => messageOf(id, which),
      acknowledged: (which) => went.acknowledgedAt.set(which, relay.bytes),
      removed: () => {
        went.removed = true;
      },
    };
    try {
      await session.speak(relay.port, diary);
    } catch (error) {
      if (cut === undefined) throw error;
    }
    went.bytes = relay.bytes;
    return went;
  }

  /** Runs a session for each cut, several at once, each in a mailbox of its own. */
  async function runAll(session: CutSession, cuts: readonly Cut[]): Promise<readonly Run[]> {
    const waiting = [...cuts];
    const runs: Run[] = [];
    await Promise.all(
      addresses.map(async (address) => {
        for (let cut = waiting.pop(); cut !== undefined; cut = waiting.pop())
          runs.push(await run(session, address, cut));
      }),
    );
    return runs;
  }

  for (const session of CUT_SESSIONS)
    test(`${session.name}: nothing stays of them`, async (t) => {
      if (session.brings === 0) await fill(server, addresses);
      const whole = await run(session, addresses[0]!);
      assert.equal(whole.acknowledgedAt.size, session.brings);
      const bytesBefore = await bytesOf(server, addresses);
      const files = await settledFiles(server);
      const cuts: Cut[] = [];
      const step = Number(EVERY ?? (session.encrypted ? 29 : 7));
      for (let afterBytes = serial % step; afterBytes <= whole.bytes; afterBytes += step)
        for (const how of PARTINGS) cuts.push({ afterBytes, how });
      const runs = await runAll(session, cuts);
      await assertNobody(server);
      const more = (await settledFiles(server)) - files;
      assert.ok(more <= POOL, `${more} open files more`);
      if (session.brings > 0) assertOnce(session, whole, runs, await bytesOf(server, addresses));
      else assertRemoved(runs, bytesBefore, await bytesOf(server, addresses));
      t.diagnostic(`${runs.length} sessions of up to ${whole.bytes} bytes cut`);
    });
});

function messageOf(id: string, which: number): Buffer {
  return Buffer.from(`Subject: ${id}-${which}\r\n\r\n${TEXT}`);
}

/** Every message of the mailboxes: id, and what stands below its trace fields. */
async function bytesOf(
  server: TestServer,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const address of addresses) {
    await using client = await server.imap(address);
    await client.ok('EXAMINE INBOX');
    for (const { items } of await client.fetch('1:*', 'BODY.PEEK[]', true)) {
      const text = String(items.get('BODY[]'));
      const id = /^Subject: (\S+)/m.exec(text)![1]!;
      const same = found.get(id) ?? [];
      same.push(text.slice(text.indexOf('Subject: ')));
      found.set(id, same);
    }
    await client.logout();
  }
  return found;
}

/** What was acknowledged is there once, what was not sent whole is not there, and nothing is there in pieces. */
function assertOnce(
  session: CutSession,
  whole: Run,
  runs: readonly Run[],
  found: ReadonlyMap<string, readonly string[]>,
): void {
  const slack = session.encrypted ? TLS_BYTES : 0;
  for (const { id, cut, acknowledgedAt } of runs)
    for (let which = 0; which < session.brings; which++) {
      const about = `message ${which}, cut by ${cut!.how} after ${cut!.afterBytes}`;
      const copies = found.get(`${id}-${which}`) ?? [];
      for (const copy of copies) assert.equal(copy, messageOf(id, which).toString(), about);
      const end = whole.acknowledgedAt.get(which)!;
      if (acknowledgedAt.has(which)) assert.equal(copies.length, 1, about);
      else if (cut!.afterBytes < end - slack) assert.equal(copies.length, 0, about);
      else assert.ok(copies.length <= 1, about);
      // All of it has come before the end: whether the client hears of it or not, it is stored.
      if (cut!.how === 'FIN' && cut!.afterBytes >= end + slack)
        assert.equal(copies.length, 1, about);
    }
}

/** Only a QUIT removes, and what was removed was acknowledged or its answer was lost. */
function assertRemoved(
  runs: readonly Run[],
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): void {
  const removed = before.size - after.size;
  const acknowledged = runs.filter((run) => run.removed).length;
  // TLS sessions differ in length: those cut within their last record may have said QUIT.
  const atTheEnd = runs.filter(
    (run) => run.cut!.afterBytes > 0 && run.bytes === run.cut!.afterBytes,
  );
  assert.ok(removed >= acknowledged, `${removed} are gone, ${acknowledged} were acknowledged`);
  assert.ok(removed <= acknowledged + atTheEnd.length);
  const last = Math.max(...runs.map(({ cut }) => cut!.afterBytes));
  const late = runs.filter(({ cut }) => cut!.afterBytes >= last - TLS_BYTES).length;
  assert.ok(removed <= late, `${removed} are gone, ${late} sessions came to their QUIT`);
}

/** So many messages that POP3 sessions do not run out of them. */
async function fill(server: TestServer, addresses: readonly string[]): Promise<void> {
  await Promise.all(
    addresses.map(async (address, box) => {
      await using client = await server.imap(address);
      for (let which = 0; which < 40; which++)
        await client.append('INBOX', messageOf(`${box}`.padStart(8, 'p'), which));
      await client.logout();
    }),
  );
}

/** No session, no wait of one, no watch, no newcomer; and the mailboxes can be opened by POP3. */
async function assertNobody(server: TestServer): Promise<void> {
  await server.untilNone('smtp', 'submission', 'imap', 'pop3');
  const status = await server.status();
  assert.deepEqual([status.watches, status.newcomers], [0, 0], 'watches and newcomers');
}

/** Open files of the server's process when it holds no sessions: sockets are closed a moment after their sessions. */
async function settledFiles(server: TestServer): Promise<number> {
  await server.untilNone('smtp', 'submission', 'imap', 'pop3');
  let last = -1;
  for (let same = 0; same < 5; await systemClock.sleep(50)) {
    const now = readdirSync(`/proc/${server.pid}/fd`).length;
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}

function blobsIn(data: string): readonly string[] {
  const path = join(data, 'blobs');
  if (!existsSync(path)) return [];
  const all = readdirSync(path, { recursive: true, withFileTypes: true });
  return all.filter((each) => each.isFile()).map(({ name }) => name);
}
