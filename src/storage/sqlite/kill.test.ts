import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { TestClock } from '#kernel';
import { INBOX_ID, type MailboxId } from '#model';
import { connectSqlite, openSqlite, WriterThread } from '#storage/sqlite';
import { addBox, Box, blobContent, problemsOf, run } from '../conformance/fixture.conformance.ts';
import { freshDirectory } from '../fresh.conformance.ts';

const ROUNDS = 5;
/** Acknowledged messages after which a round is killed. */
const KILL_AFTER = 150;
const SESSIONS = 8;

if (process.argv[2] === 'ingest-for-ever')
  await ingestForEver(process.argv[3]!, Number(process.argv[4]) as MailboxId, process.argv[5]!);
else
  test('kill -9 while messages come in: each acknowledged one is there, once', async (t) => {
    const dir = freshDirectory(t);
    const first = openSqlite(dir, new TestClock());
    const { mailboxId } = await addBox(first);
    await first[Symbol.asyncDispose]();
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, uid] of await ingestAndKill(t, dir, mailboxId, `r${round}`)) {
        assert.ok(!acknowledged.has(name));
        acknowledged.set(name, uid);
      }
      await checkAll(dir, mailboxId, acknowledged);
    }
    assert.ok(acknowledged.size >= ROUNDS * KILL_AFTER);
  });

/** The child: several sessions that each store one message after the other and print what was acknowledged. */
async function ingestForEver(dir: string, mailboxId: MailboxId, prefix: string): Promise<void> {
  const writer = await WriterThread.start(dir, (error) => {
    throw error;
  });
  const engine = connectSqlite(dir, writer.attach());
  const box = new Box(engine, mailboxId);
  const session = async (number: number): Promise<void> => {
    for (let i = 0; ; i++) {
      const text = `${prefix}-${number}-${i}-`;
      const [uid] =
        i % 10 === 9 ? await deliverBlob(box, `${text}1`) : await box.deliver(1, {}, text);
      process.stdout.write(`${text}1 ${uid}\n`);
    }
  };
  await Promise.all(Array.from({ length: SESSIONS }, (_, number) => session(number)));
}

async function deliverBlob(box: Box, text: string): Promise<number[]> {
  const contents = [await blobContent(box.engine, text, Buffer.alloc(5000, text))];
  const targets = [box.target()];
  const { entries } = await run(box.engine, { kind: 'ingest', contents, targets, tracking: [] });
  return entries.map((entry) => entry!.uid);
}

/** Gives what the child printed until it was killed. */
async function ingestAndKill(
  t: TestContext,
  dir: string,
  mailboxId: MailboxId,
  prefix: string,
): Promise<Map<string, number>> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = [import.meta.filename, 'ingest-for-ever', dir, String(mailboxId), prefix];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const acknowledged = new Map<string, number>();
  for await (const line of createInterface(child.stdout)) {
    const [name, uid] = line.split(' ');
    // The last line may be cut: what was not told completely was not acknowledged.
    if (name !== undefined && uid !== undefined && uid !== '') acknowledged.set(name, Number(uid));
    if (acknowledged.size === KILL_AFTER) child.kill('SIGKILL');
  }
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL', 'the child lived until it was killed');
  return acknowledged;
}

async function checkAll(
  dir: string,
  mailboxId: MailboxId,
  acknowledged: ReadonlyMap<string, number>,
): Promise<void> {
  const engine = openSqlite(dir, new TestClock());
  try {
    const entries = await new Box(engine, mailboxId).entries(INBOX_ID, { subject: true });
    const uids = new Map<string, number>();
    for (const { subject, uid } of entries) {
      assert.ok(!uids.has(subject!), `${subject} is there twice`);
      uids.set(subject!, uid);
    }
    for (const [name, uid] of acknowledged) {
      // A uid whose last digits were cut off by the kill is still a beginning of the real one.
      assert.ok(uids.has(name), `${name} was acknowledged and is lost`);
      assert.ok(String(uids.get(name)).startsWith(String(uid)), `${name} has its uid`);
    }
    assert.deepEqual(await problemsOf(engine), []);
  } finally {
    await engine[Symbol.asyncDispose]();
  }
}
