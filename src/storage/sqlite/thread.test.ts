import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Change, INBOX_ID } from '#model';
import {
  BLOB_DIRECTORY,
  connectSqlite,
  DATABASE_FILE,
  type SqliteEngine,
  WriterThread,
} from '#storage/sqlite';
import {
  addBox,
  Box,
  contentOf,
  problemsOf,
  refused,
  run,
} from '../conformance/fixture.conformance.ts';
import { describeEngine } from '../engine.conformance.ts';
import { freshDirectory } from '../fresh.conformance.ts';
import { connectFresh } from './fresh.conformance.ts';

describeEngine('sqlite, writer in its own thread', connectFresh);

describe('WriterThread', () => {
  test('several threads write and see one order; each hears of all', async (t) => {
    const dir = freshDirectory(t);
    const writer = await WriterThread.start(dir, (error) => t.diagnostic(String(error)));
    const engines = [1, 2, 3].map(() => connectSqlite(dir, writer.attach()));
    const heard = engines.map((engine) => {
      const changes: Change[] = [];
      engine.onChanges((more) => void changes.push(...more));
      return changes;
    });
    const box = await addBox(engines[0]!);
    const boxes = engines.map((engine) => new Box(engine, box.mailboxId));
    await Promise.all(Array.from({ length: 150 }, (_, i) => boxes[i % 3]!.deliver(1)));
    const views = await Promise.all(boxes.map((each) => each.uids()));
    assert.deepEqual(
      views[0],
      Array.from({ length: 150 }, (_, i) => i + 1),
    );
    assert.deepEqual(views[1], views[0]);
    assert.deepEqual(views[2], views[0]);
    await close(engines, writer);
    for (const changes of heard) assert.deepEqual(changes, heard[0]);
    const last = heard[0]!.findLast((change) => change.kind === 'entries');
    assert.equal(last?.folderId, INBOX_ID);
  });

  test("a reader that holds the log's lock for a moment does not make a command fail", async (t) => {
    const dir = freshDirectory(t);
    const writer = await WriterThread.start(dir, (error) => t.diagnostic(String(error)));
    const engine = connectSqlite(dir, writer.attach());
    const box = await addBox(engine);
    const reader = new DatabaseSync(join(dir, DATABASE_FILE));
    // What SQLite does when it finds the index of the log half written, only longer.
    reader.exec('BEGIN IMMEDIATE');
    const delivered = box.deliver(1);
    await delay(100);
    reader.exec('ROLLBACK');
    await delivered;
    reader.close();
    assert.deepEqual(await box.uids(), [1]);
    await close([engine], writer);
  });

  test('a start that fails leaves no thread behind', async (t) => {
    const dir = freshDirectory(t);
    writeFileSync(join(dir, BLOB_DIRECTORY), 'in the way of the directory');
    const before = process.getActiveResourcesInfo();
    await assert.rejects(
      WriterThread.start(dir, () => {}),
      /ENOTDIR/,
    );
    assert.deepEqual(process.getActiveResourcesInfo(), before);
  });

  test('closing does what was asked before and answers it, then later requests are refused', async (t) => {
    const dir = freshDirectory(t);
    const writer = await WriterThread.start(dir, (error) => t.diagnostic(String(error)));
    const engine = connectSqlite(dir, writer.attach());
    const box = await addBox(engine);
    const given = await Promise.allSettled(Array.from({ length: 50 }, () => box.deliver(1)));
    // The front still holds its port: the writer's thread must end all the same.
    await writer.close();
    await refused(box.deliver(1), 'shutting-down');
    const accepted = given.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    assert.deepEqual(await box.uids(), accepted);
    assert.deepEqual(await problemsOf(engine), []);
    await engine[Symbol.asyncDispose]();
  });

  test('what is asked while it closes is answered: done or refused, never left hanging', async (t) => {
    const dir = freshDirectory(t);
    const writer = await WriterThread.start(dir, (error) => t.diagnostic(String(error)));
    const engine = connectSqlite(dir, writer.attach());
    const box = await addBox(engine);
    const asked: Promise<string>[] = [];
    const ask = (): void => {
      for (let i = 0; i < 20; i++)
        asked.push(
          box.deliver(1).then(
            () => 'done',
            (error) => error.code,
          ),
        );
    };
    ask();
    await new Promise(setImmediate);
    ask();
    const closed = writer.close();
    ask();
    await closed;
    const outcomes = await Promise.all(asked);
    for (const outcome of outcomes) assert.match(outcome, /^(done|shutting-down)$/);
    const done = outcomes.filter((outcome) => outcome === 'done').length;
    // A refusal with this code may have had its effect; an answer surely has.
    assert.ok((await box.uids()).length >= done);
    await engine[Symbol.asyncDispose]();
  });

  test('starting removes the blobs that a killed server had not finished, and no others', async (t) => {
    const dir = freshDirectory(t);
    let writer = await WriterThread.start(dir, (error) => t.diagnostic(String(error)));
    const engine = connectSqlite(dir, writer.attach());
    await using finished = await engine.blobs.create();
    await finished.write(Buffer.from('kept'));
    await finished.finish();
    await using unfinished = await engine.blobs.create();
    await unfinished.write(Buffer.from('lost'));
    assert.deepEqual(filesIn(dir).length, 2);
    await close([engine], writer);
    writer = await WriterThread.start(dir, (error) => t.diagnostic(String(error)));
    assert.deepEqual(filesIn(dir), [finished.blob]);
    await writer.close();
  });

  test('a message in a buffer of its own moves to the writer; one listed twice does no harm', async (t) => {
    const engine = await connectFresh(t);
    const box = await addBox(engine);
    const bytes = Buffer.allocUnsafeSlow(300).fill('moved ');
    const whole = Buffer.from(bytes);
    const content = {
      ...contentOf('moved'),
      head: bytes.subarray(0, 100),
      body: { kind: 'bytes', bytes: bytes.subarray(100) } as const,
      sizeBytes: 300,
    };
    const targets = [box.target(), box.target({ content: 1 })];
    const contents = [content, content];
    await run(engine, { kind: 'ingest', contents, targets, tracking: [] });
    const entries = await box.entries();
    assert.equal(entries.length, 2);
    for (const { contentId } of entries)
      assert.ok((await engine.read.contentBytes(box.mailboxId, contentId, 0, 300))!.equals(whole));
    // The bytes are gone from this thread: asking again with them is a bug, told to the caller alone.
    const again = run(engine, { kind: 'ingest', contents, targets, tracking: [] });
    const neighbour = box.deliver(1);
    const [, fine] = await Promise.allSettled([assert.rejects(again), neighbour]);
    if (fine.status === 'rejected') assert.equal(fine.reason.code, 'internal');
    assert.equal((await box.deliver(1)).length, 1);
  });
});

function filesIn(dir: string): string[] {
  return readdirSync(join(dir, BLOB_DIRECTORY), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

async function close(engines: readonly SqliteEngine[], writer: WriterThread): Promise<void> {
  for (const engine of engines) await engine[Symbol.asyncDispose]();
  await writer.close();
}
