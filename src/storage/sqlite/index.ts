/**
 * The embedded engine: SQLite (node:sqlite) in WAL mode. One `Writer` for each database, in a thread of its own while a server
 * runs; it groups what has queued up into one transaction with one flush. Each other thread reads through its own read-only
 * connection. Files in the data directory: `posthorn.db` (with -wal and -shm), `blobs/`, `lock`.
 */
export {
  BLOB_DIRECTORY,
  connectSqlite,
  DATABASE_FILE,
  openSqlite,
  SqliteEngine,
  type WriterWay,
} from './engine.ts';
export { lockDataDirectory } from './lock.ts';
export { WriterThread } from './thread.ts';
