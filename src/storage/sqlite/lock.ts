import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PosthornError } from '#kernel';

/**
 * Holds a data directory for one process. The lock is a transaction on a small database of its own: the system drops
 * it when the process ends, however it ends, and nothing stale is left behind.
 * @throws {data-locked} when another process holds it
 */
export function lockDataDirectory(dir: string): Disposable {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(dir, 'lock'), { timeout: 0 });
  try {
    db.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw new PosthornError(
      'data-locked',
      `another Posthorn uses ${dir}: stop it with "posthorn stop --data ${dir}", or give another --data`,
      {
        cause: error,
      },
    );
  }
  return { [Symbol.dispose]: () => db.close() };
}
