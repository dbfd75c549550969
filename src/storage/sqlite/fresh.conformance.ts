import type { TestContext } from 'node:test';
import { connectSqlite, type SqliteEngine, WriterThread } from '#storage/sqlite';
import { freshDirectory } from '../fresh.conformance.ts';

/** An engine over a new directory, with its writer in a thread of its own. */
export async function connectFresh(t: TestContext): Promise<SqliteEngine> {
  const dir = freshDirectory(t, async () => {
    await engine[Symbol.asyncDispose]();
    await writer.close();
  });
  const writer = await WriterThread.start(dir, (error) => t.diagnostic(String(error)));
  const engine = connectSqlite(dir, writer.attach());
  return engine;
}
