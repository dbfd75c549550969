import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { type ErrorCode, isPosthornError, PosthornError, TestClock } from '#kernel';
import {
  connectSqlite,
  DATABASE_FILE,
  lockDataDirectory,
  openSqlite,
  WriterThread,
} from '#storage/sqlite';
import { addBox, Box, problemsOf, refused, run } from '../conformance/fixture.conformance.ts';
import { freshDirectory } from '../fresh.conformance.ts';

function withFile(t: TestContext, write: (path: string) => void): string {
  const dir = freshDirectory(t);
  write(join(dir, DATABASE_FILE));
  return dir;
}

/** Opening must fail both ways, naming the file and leaving its bytes as they are. */
async function refusesToOpen(dir: string, code: ErrorCode, text: RegExp): Promise<void> {
  const path = join(dir, DATABASE_FILE);
  const before = readFileSync(path);
  const files = readdirSync(dir);
  const check = (error: unknown): true => {
    assert.ok(isPosthornError(error), String(error));
    assert.equal(error.code, code);
    assert.match(error.message, text);
    assert.ok(error.message.includes(path), `${error.message} names the file`);
    return true;
  };
  assert.throws(() => openSqlite(dir, new TestClock()), check);
  await assert.rejects(
    WriterThread.start(dir, () => {}),
    check,
  );
  assert.ok(readFileSync(path).equals(before), 'the file is as it was');
  assert.deepEqual(readdirSync(dir), files);
}

describe('opening a data directory', () => {
  test('a newer format is refused, its bytes unchanged', async (t) => {
    const dir = freshDirectory(t);
    await openSqlite(dir, new TestClock())[Symbol.asyncDispose]();
    raw(dir, (db) =>
      db.exec("UPDATE header SET value = 7 WHERE key IN ('format_version', 'least_writer')"),
    );
    await refusesToOpen(dir, 'format-newer', /format 7.*newer version/);
  });

  test('a newer format whose log was not folded in is refused, its bytes unchanged', async (t) => {
    const dir = freshDirectory(t);
    await openSqlite(dir, new TestClock())[Symbol.asyncDispose]();
    await crashAfter(
      dir,
      "UPDATE header SET value = 7 WHERE key IN ('format_version', 'least_writer')",
    );
    const log = join(dir, `${DATABASE_FILE}-wal`);
    const before = readFileSync(log);
    assert.ok(before.length > 0, 'the change is in the log');
    await refusesToOpen(dir, 'format-newer', /newer version/);
    assert.ok(readFileSync(log).equals(before), 'the log is as it was');
  });

  test('a newer format that this code may still write is opened', async (t) => {
    const dir = freshDirectory(t);
    await openSqlite(dir, new TestClock())[Symbol.asyncDispose]();
    raw(dir, (db) => db.exec("UPDATE header SET value = 9 WHERE key = 'format_version'"));
    const engine = openSqlite(dir, new TestClock());
    await (await addBox(engine)).deliver(1);
    await engine[Symbol.asyncDispose]();
  });

  test("an older format is brought to today's, with all that is in it", async (t) => {
    const dir = freshDirectory(t);
    let engine = openSqlite(dir, new TestClock());
    const known = await addBox(engine);
    await known.deliver(3);
    const { mailboxId } = known;
    await engine[Symbol.asyncDispose]();
    const schema = "SELECT sql FROM sqlite_schema WHERE name LIKE '%' ORDER BY name";
    const fresh = raw(dir, (db) => db.prepare(schema).all());
    raw(dir, (db) =>
      db.exec(`DROP TABLE acl; DROP TABLE annotation; DROP TABLE server_annotation;
        ALTER TABLE mailbox DROP COLUMN quota_messages; UPDATE header SET value = 1 WHERE key <> 'store_id'`),
    );
    engine = openSqlite(dir, new TestClock());
    const box = new Box(engine, mailboxId);
    await box.deliver(1);
    assert.equal((await engine.read.openFolder(box.ref()))?.folder.messages, 4);
    assert.deepEqual(await problemsOf(engine), []);
    await engine[Symbol.asyncDispose]();
    const upgraded = raw(dir, (db) => db.prepare(schema).all());
    assert.deepEqual(upgraded, fresh);
    const version = "SELECT value FROM header WHERE key IN ('format_version', 'least_writer')";
    assert.deepEqual(
      raw(dir, (db) =>
        db
          .prepare(version)
          .all()
          .map((row) => row['value']),
      ),
      [2, 2],
    );
  });

  test("another program's database is refused", async (t) => {
    const dir = withFile(t, (path) => {
      const db = new DatabaseSync(path);
      db.exec('CREATE TABLE bookmarks(url TEXT); INSERT INTO bookmarks VALUES (1)');
      db.close();
    });
    await refusesToOpen(dir, 'corrupt', /not one of Posthorn/);
  });

  test('a file that is no database is refused', async (t) => {
    const dir = withFile(t, (path) => writeFileSync(path, 'just text, '.repeat(1000)));
    await refusesToOpen(dir, 'corrupt', /not a database/);
  });

  test('an empty file is taken as new', async (t) => {
    const dir = withFile(t, (path) => writeFileSync(path, ''));
    const engine = openSqlite(dir, new TestClock());
    await (await addBox(engine)).deliver(1);
    assert.deepEqual(await problemsOf(engine), []);
    await engine[Symbol.asyncDispose]();
  });
});

describe('the lock', () => {
  test('a second one is refused, here and from another process, until the first is released', async (t) => {
    const dir = freshDirectory(t);
    const first = lockDataDirectory(dir);
    assert.throws(() => lockDataDirectory(dir), { code: 'data-locked' });
    assert.equal(await lockElsewhere(dir), 'data-locked');
    assert.throws(() => lockDataDirectory(dir), PosthornError);
    first[Symbol.dispose]();
    assert.equal(await lockElsewhere(dir), 'locked');
    lockDataDirectory(dir)[Symbol.dispose]();
  });

  test('makes the directory when there is none', (t) => {
    const dir = join(freshDirectory(t), 'a/b');
    lockDataDirectory(dir)[Symbol.dispose]();
  });
});

describe('opening again', () => {
  test('everything is there, and counting goes on', async (t) => {
    const dir = freshDirectory(t);
    const clock = new TestClock(1_800_000_000_000);
    let engine = openSqlite(dir, clock);
    let box = await addBox(engine);
    const folderId = await box.create('a/b');
    await box.deliver(3, { keywords: ['k'] });
    const gone = { kind: 'expunge', ...box.ref(), uids: undefined, onlyDeleted: false } as const;
    await run(engine, gone);
    const before = await box.picture();
    await engine[Symbol.asyncDispose]();
    engine = openSqlite(dir, clock);
    box = new Box(engine, box.mailboxId);
    assert.deepEqual(await box.picture(), before);
    assert.deepEqual(await box.deliver(1), [4]);
    assert.deepEqual(await box.deliver(1, { folderId }), [1]);
    assert.deepEqual(await problemsOf(engine), []);
    await engine[Symbol.asyncDispose]();
  });

  test('a closed engine does what was asked before and refuses what comes after', async (t) => {
    const dir = freshDirectory(t);
    const engine = openSqlite(dir, new TestClock());
    const box = await addBox(engine);
    const asked = [box.deliver(1), box.deliver(1)];
    await engine[Symbol.asyncDispose]();
    assert.deepEqual(await Promise.all(asked), [[1], [2]]);
    await refused(box.deliver(1), 'shutting-down');
    const again = openSqlite(dir, new TestClock());
    assert.deepEqual(await new Box(again, box.mailboxId).uids(), [1, 2]);
    await again[Symbol.asyncDispose]();
  });

  test('dates of saving and uidvalidities come from the clock', async (t) => {
    const clock = new TestClock(1_900_000_000_500);
    const engine = openSqlite(
      freshDirectory(t, () => engine[Symbol.asyncDispose]()),
      clock,
    );
    const box = await addBox(engine);
    const folderId = await box.create('later');
    assert.equal((await box.folder(folderId)).uidValidity, 1_900_000_000);
    await box.deliver(1);
    clock.advance(5000);
    const uids = [[1, 1]] as never;
    await run(engine, { kind: 'copy', ...box.ref(), uids, to: box.ref(folderId), move: false });
    assert.equal((await box.entries())[0]!.savedMs, 1_900_000_000_500);
    assert.equal((await box.entries(folderId))[0]!.savedMs, 1_900_000_005_500);
    assert.equal((await box.entries(folderId))[0]!.internalMs, 5000);
  });

  test('a folder that has used its uids refuses more, as a whole', async (t) => {
    const dir = freshDirectory(t);
    let engine = openSqlite(dir, new TestClock());
    let box = await addBox(engine);
    await box.deliver(2);
    const folderId = await box.create('full');
    await engine[Symbol.asyncDispose]();
    raw(dir, (db) =>
      db.exec(`UPDATE folder SET uid_next = 4294967295 WHERE folder_id = ${folderId}`),
    );
    engine = openSqlite(dir, new TestClock());
    t.after(() => engine[Symbol.asyncDispose]());
    box = new Box(engine, box.mailboxId);
    const before = await box.picture();
    const copy = { kind: 'copy', ...box.ref(), to: box.ref(folderId), move: false } as const;
    await refused(box.deliver(2, { folderId }), 'too-many');
    await refused(run(engine, { ...copy, uids: [[1, 2]] as never }), 'too-many');
    assert.deepEqual(await box.picture(), before);
    assert.deepEqual(await box.deliver(1, { folderId }), [4_294_967_295]);
    await refused(box.deliver(1, { folderId }), 'too-many');
    await refused(run(engine, { ...copy, uids: [[1, 1]] as never }), 'too-many');
    assert.deepEqual(await problemsOf(engine), []);
  });

  test('a front may connect while the writer works', async (t) => {
    const dir = freshDirectory(t);
    const writer = await WriterThread.start(dir, (error) => t.diagnostic(String(error)));
    const first = connectSqlite(dir, writer.attach());
    const box = await addBox(first);
    const work = Promise.all(Array.from({ length: 200 }, () => box.deliver(1)));
    const second = connectSqlite(dir, writer.attach());
    await new Box(second, box.mailboxId).deliver(1);
    await work;
    assert.equal((await new Box(second, box.mailboxId).uids()).length, 201);
    for (const engine of [first, second]) await engine[Symbol.asyncDispose]();
    await writer.close();
  });
});

function raw<T>(dir: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(dir, DATABASE_FILE));
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** Runs a script in another process; gives what it printed. */
async function elsewhere(script: string): Promise<string> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ['--input-type=module', '--eval', script];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  for await (const chunk of child.stdout) out += String(chunk);
  return out.trim();
}

function lockElsewhere(dir: string): Promise<string> {
  const source = JSON.stringify(new URL('./lock.ts', import.meta.url).href);
  return elsewhere(`
    import { lockDataDirectory } from ${source};
    try { lockDataDirectory(${JSON.stringify(dir)}); console.log('locked'); }
    catch (error) { console.log(error.code); }`);
}

/** Changes a database in a process that is killed before it closes it: the change stays in the log. */
async function crashAfter(dir: string, sql: string): Promise<void> {
  await elsewhere(`
    import { DatabaseSync } from 'node:sqlite';
    new DatabaseSync(${JSON.stringify(join(dir, DATABASE_FILE))}).exec(${JSON.stringify(sql)});
    process.kill(process.pid, 'SIGKILL');`);
}
