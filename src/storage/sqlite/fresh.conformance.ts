import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Clock, TestClock } from '#kernel';
import { connectSqlite, openSqlite, type SqliteEngine, WriterThread } from '#storage/sqlite';

/** A new directory that goes with the test, after what was opened in it has been closed. */
export function freshDirectory(t: TestContext, close?: () => unknown): string {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-test-'));
  t.after(async () => {
    await close?.();
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

/** An engine over a new directory, with its writer in this thread. */
export function openFresh(t: TestContext, clock: Clock = new TestClock()): SqliteEngine {
  const dir = freshDirectory(t, () => engine[Symbol.asyncDispose]());
  const engine = openSqlite(dir, clock);
  return engine;
}

/** The same with the writer in a thread of its own. */
export async function connectFresh(t: TestContext): Promise<SqliteEngine> {
  const dir = freshDirectory(t, async () => {
    await engine[Symbol.asyncDispose]();
    await writer.close();
  });
  const writer = await WriterThread.start(dir, (error) => t.diagnostic(String(error)));
  const engine = connectSqlite(dir, writer.attach());
  return engine;
}
