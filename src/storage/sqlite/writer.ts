import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { BoundedQueue, type Clock, isPosthornError, PosthornError } from '#kernel';
import type { Change } from '#model';
import { type Command, isDurable, type OutcomeOf } from '../commands.ts';
import { apply } from './apply.ts';
import { withKeywords, withoutKeywords } from './commands/keywords.ts';
import type { CommitCounts } from './commit-counts.ts';
import { checkFormat, createSchema, keepStoreId, upgradeSchema } from './schema.ts';
import { Statements } from './statements.ts';
import { Transaction } from './transaction.ts';

type Outcome = OutcomeOf<Command['kind']>;

/** A command that waits for its transaction. */
export interface Job {
  readonly command: Command;
  done(outcome: Outcome): void;
  failed(error: unknown): void;
}

/** Commands that may wait; beyond, they are refused with `too-busy`. */
const QUEUE_MAX = 20_000;
/** A commit returns when its log record is on stable storage; and when not, it gets there with the next one. */
const WITH_FLUSH = 'PRAGMA synchronous = FULL';
const WITHOUT_FLUSH = 'PRAGMA synchronous = NORMAL';
/** Commands of one transaction: enough to share a flush, few enough to answer soon. */
const GROUP_MAX = 400;
/**
 * How long a transaction waits for the lock of the log. Nobody else writes, but a reader that comes upon the log's index just
 * when the writer changes it takes that lock for microseconds to read it again; without patience a commit would fail there.
 */
const LOCK_WAIT_MS = 5000;

/**
 * The one writer of a database. Whatever has queued up goes into one transaction and is answered after its one flush
 * (group commit). When a group fails as a whole, its commands are done again one by one, so that each gets its own answer.
 */
export class Writer {
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #tx: Transaction;
  readonly #clock: Clock;
  readonly #commits: CommitCounts;
  readonly #queue = new BoundedQueue<Job>(QUEUE_MAX);
  readonly #onCommit: (changes: readonly Change[]) => void;
  #scheduled = false;
  #closed = false;

  /** Opens the database for writing, creating it when the file is new. @throws {format-newer}, {corrupt} */
  constructor(
    path: string,
    clock: Clock,
    commits: CommitCounts,
    onCommit: (changes: readonly Change[]) => void,
  ) {
    this.#clock = clock;
    this.#commits = commits;
    this.#onCommit = onCommit;
    this.#db = openForWriting(path);
    this.#sql = new Statements(this.#db);
    this.#tx = new Transaction(this.#sql);
  }

  submit(job: Job): void {
    if (this.#closed) {
      job.failed(new PosthornError('shutting-down'));
    } else if (!this.#queue.push(job)) {
      job.failed(new PosthornError('too-busy'));
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#run());
    }
  }

  /** Does what is queued, then closes the database with its log folded in. */
  close(): void {
    if (this.#closed) return;
    while (this.#queue.length > 0) this.#commitGroup();
    this.#closed = true;
    try {
      this.#db.exec('PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // A reader or a full disk is in the way: the log is complete as it is and is folded in later.
    }
    this.#db.close();
  }

  #run(): void {
    this.#scheduled = false;
    if (this.#closed) return;
    this.#commitGroup();
    if (this.#queue.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  #commitGroup(): void {
    const jobs: Job[] = [];
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
      jobs.push(job);
      if (jobs.length === GROUP_MAX) break;
    }
    if (this.#commit(jobs) || jobs.length === 1) return;
    for (const job of jobs) this.#commit([job]);
  }

  /** Does jobs in one transaction. False when it failed; a single job has then been told, several have not. */
  #commit(jobs: readonly Job[]): boolean {
    const answers: (() => void)[] = [];
    const nowMs = this.#clock.now();
    const durable = jobs.some(({ command }) => isDurable(command));
    let counted: (() => void) | undefined;
    try {
      if (!durable) this.#sql.exec(WITHOUT_FLUSH);
      this.#sql.control('BEGIN IMMEDIATE');
      for (const job of jobs) answers.push(this.#do(job, nowMs));
      this.#tx.flush();
      counted = this.#commits.begin(this.#tx.touched);
      this.#sql.control('COMMIT');
    } catch (error) {
      this.#rollback();
      if (jobs.length === 1) jobs[0]!.failed(storageError(error));
      return false;
    } finally {
      counted?.();
      if (!durable) this.#sql.exec(WITH_FLUSH);
    }
    const changes = this.#tx.committed();
    if (changes.length > 0) this.#onCommit(changes);
    for (const answer of answers) answer();
    return true;
  }

  #do(job: Job, nowMs: number): () => void {
    const { written } = this.#sql;
    try {
      const outcome = apply(this.#tx, job.command, nowMs);
      return () => job.done(outcome);
    } catch (error) {
      // Refused before its first row, as nearly always, the others go on; after it, only a rollback undoes it.
      if (!isPosthornError(error) || this.#sql.written !== written) throw error;
      return () => job.failed(error);
    }
  }

  #rollback(): void {
    this.#tx.rolledBack();
    try {
      if (this.#db.isTransaction) this.#sql.control('ROLLBACK');
    } catch (error) {
      // Mostly SQLite has rolled back by itself (disk full, I/O error). If not, nothing could ever be written again: the
      // thread ends, and with it the server, for whoever supervises it to start anew.
      if (this.#db.isTransaction) throw error;
    }
  }
}

function openForWriting(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    if (existsSync(path)) checkWithoutWriting(path);
    db = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
    const format = checkFormat(db, path);
    if (format === 'empty') {
      db.exec('PRAGMA journal_mode = WAL');
      createSchema(db);
    } else if (format === 'older') upgradeSchema(db);
    configure(db);
    keepStoreId(db);
    return db;
  } catch (error) {
    db?.close();
    const { code, message, cause } = storageError(error);
    throw new PosthornError(code, message.includes(path) ? message : `${path}: ${message}`, {
      cause: cause ?? error,
    });
  }
}

/**
 * Even closing a connection that may write folds the log in: what may be refused is looked at through one that may not. That
 * one would make the files of the log where there are none, unless it is told that nobody writes; and nobody does while
 * the directory is locked.
 */
function checkWithoutWriting(path: string): void {
  const url = pathToFileURL(path);
  if (!hasLog(path)) url.searchParams.set('immutable', '1');
  const db = new DatabaseSync(url, { readOnly: true });
  try {
    checkFormat(db, path);
  } finally {
    db.close();
  }
}

function hasLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function configure(db: DatabaseSync): void {
  db.exec('PRAGMA journal_mode = WAL');
  db.exec(WITH_FLUSH);
  db.exec('PRAGMA wal_autocheckpoint = 8000');
  db.exec('PRAGMA cache_size = -65536');
  db.exec('PRAGMA temp_store = MEMORY');
  db.exec('PRAGMA foreign_keys = OFF');
  db.function('keywords_with', { deterministic: true }, (a, b) =>
    withKeywords(String(a), String(b)),
  );
  db.function('keywords_without', { deterministic: true }, (a, b) =>
    withoutKeywords(String(a), String(b)),
  );
}

/** Gives SQLite's failures the codes of the error table. */
function storageError(error: unknown): PosthornError {
  if (isPosthornError(error)) return error;
  const { errcode, message } = error as { errcode?: number; message?: string };
  const primary = (errcode ?? 0) & 0xff;
  const SQLITE_BUSY = 5;
  const SQLITE_FULL = 13;
  const SQLITE_CORRUPT = 11;
  const SQLITE_NOTADB = 26;
  const SQLITE_IOERR = 10;
  if (primary === SQLITE_FULL) return new PosthornError('disk-full', message, { cause: error });
  if (primary === SQLITE_IOERR || primary === SQLITE_BUSY)
    return new PosthornError('unavailable', message, { cause: error });
  if (primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB)
    return new PosthornError('corrupt', message, { cause: error });
  return new PosthornError('internal', message ?? String(error), { cause: error });
}
