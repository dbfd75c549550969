import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PosthornError } from '#kernel';
import type { MailboxId, ModSeq } from '#model';
import { FileBlobs } from '../../blobs/files.ts';
import type { Blobs } from '../../blobs/port.ts';
import type { FolderRef } from '../../commands.ts';
import type {
  CopyState,
  DirectoryPages,
  DirectoryTable,
  MailboxParts,
  MailboxStamp,
  MovedChange,
  MovedContent,
  MovedEntry,
  MovedTracking,
  MoveTarget,
  Position,
} from '../../moving/port.ts';
import { BLOB_DIRECTORY, DATABASE_FILE } from '../engine.ts';
import { checkFormat, createSchema, upgradeSchema } from '../schema.ts';
import { Statements } from '../statements.ts';
import { ContentPlaces, MAP_TABLE } from './content-places.ts';
import { putDirectory } from './put-directory.ts';
import { putParts, removeMailbox } from './put-parts.ts';
import { countMessages, inSnapshot, readParts, readStamps, readSums, readUids } from './side.ts';

const STATE_TABLES = `CREATE TABLE move_source(source_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE move_mailbox(
    mailbox_id INTEGER PRIMARY KEY, from_modseq INTEGER NOT NULL, folder_id INTEGER NOT NULL, uid INTEGER NOT NULL
  ) STRICT;
  ${MAP_TABLE}
  INSERT INTO header(key, value) VALUES ('moving', 1);`;
const DROP_STATE = `DROP TABLE move_source; DROP TABLE move_mailbox; DROP TABLE move_content;
  DELETE FROM header WHERE key = 'moving';`;
const IS_MOVING = "SELECT 1 FROM header WHERE key = 'moving'";
const COUNT_ALL = `SELECT (SELECT count(*) FROM recipient), (SELECT count(*) FROM domain), (SELECT count(*) FROM tracking),
  (SELECT count(*) FROM content)`;
const SELECT_SOURCE = 'SELECT source_id FROM move_source';
const INSERT_SOURCE = 'INSERT INTO move_source(source_id) VALUES (?)';
const SELECT_COPIED =
  'SELECT mailbox_id FROM move_mailbox WHERE mailbox_id > ? ORDER BY mailbox_id LIMIT +?';
const SELECT_STATE = 'SELECT from_modseq, folder_id, uid FROM move_mailbox WHERE mailbox_id = ?';
const BEGIN_COPY =
  'INSERT OR IGNORE INTO move_mailbox(mailbox_id, from_modseq, folder_id, uid) VALUES (?, ?, 0, 0)';
const NOTE_POSITION = 'UPDATE move_mailbox SET folder_id = ?, uid = ? WHERE mailbox_id = ?';
const INSERT_ENTRIES = `INSERT OR REPLACE INTO entry(mailbox_id, folder_id, uid, content_id, flags, keywords, modseq, internal_ms, saved_ms,
    size_bytes)
  SELECT ?, e.value ->> 0, e.value ->> 1, m.content_id, e.value ->> 3, e.value ->> 4, e.value ->> 5, e.value ->> 6, e.value ->> 7,
    e.value ->> 8
  FROM json_each(?) AS e CROSS JOIN move_content AS m WHERE m.mailbox_id = ? AND m.source_id = e.value ->> 2`;
const DELETE_ENTRIES =
  'DELETE FROM entry WHERE mailbox_id = ? AND folder_id = ? AND uid IN (SELECT value FROM json_each(?))';
const INSERT_CHANGES = `INSERT OR REPLACE INTO change(mailbox_id, modseq, folder_id, kind, uids)
  SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)`;
const INSERT_TRACKING = `INSERT INTO tracking(at_ms, event, source, submission_id, message_id, sender, recipients, recipient_status,
    size_bytes, subject, client_address)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9,
    value ->> 10
  FROM json_each(?) ORDER BY key`;
const COUNT_REFS = `INSERT INTO content_ref(content_id, refs)
  SELECT content_id, count(*) FROM entry GROUP BY content_id HAVING count(*) > 1`;
const NOTE_ORPHANS = `INSERT OR IGNORE INTO orphan(content_id)
  SELECT content_id FROM move_content WHERE content_id NOT IN (SELECT content_id FROM entry)`;
const COUNT_BROKEN =
  'SELECT count(*) FROM entry WHERE content_id NOT IN (SELECT content_id FROM move_content)';
const DELETE_SEQUENCE = "DELETE FROM sqlite_sequence WHERE name = 'recipient'";
const INSERT_SEQUENCE = "INSERT INTO sqlite_sequence(name, seq) VALUES ('recipient', ?)";

/** The embedded engine's data as the target of a move: written directly, since nobody else has it open. */
class SqliteTarget implements MoveTarget {
  readonly shown: string;
  readonly blobs: Blobs;
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #contents: ContentPlaces;

  constructor(dir: string, blobs: Blobs) {
    this.shown = dir;
    this.blobs = blobs;
    const path = join(dir, DATABASE_FILE);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const known = existsSync(path);
    this.#db = new DatabaseSync(path, { timeout: 0 });
    try {
      const format = known ? checkFormat(this.#db, path, 'move in') : 'empty';
      if (format === 'empty') {
        this.#db.exec('PRAGMA journal_mode = WAL');
        createSchema(this.#db);
      } else if (format === 'older') upgradeSchema(this.#db);
      // What an interrupted batch loses is copied again; the finish is synced.
      this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000;
        PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF`);
    } catch (error) {
      this.#db.close();
      throw error;
    }
    this.#sql = new Statements(this.#db);
    this.#contents = new ContentPlaces(this.#sql);
  }

  async begin(sourceId: string): Promise<void> {
    if (this.#sql.row(IS_MOVING) !== undefined) {
      if (this.#sql.row(SELECT_SOURCE)?.[0] === sourceId) return;
      throw new PosthornError(
        'not-empty',
        `${this.shown} holds the begun copy of another store: remove it, or name another directory`,
      );
    }
    const [mailboxes, domains, ...others] = this.#sql.row(COUNT_ALL) as number[];
    if ([mailboxes, domains, ...others].some((count) => count! > 0))
      throw new PosthornError(
        'not-empty',
        `${this.shown} holds ${mailboxes} mailboxes and ${domains} domains and is not the begun copy of this store: name an empty directory`,
      );
    this.#transact(() => {
      this.#sql.exec(STATE_TABLES);
      this.#sql.run(INSERT_SOURCE, sourceId);
    });
  }

  async stamps(after: number, limit: number): Promise<readonly MailboxStamp[]> {
    const copied = this.#sql.rows(SELECT_COPIED, after, limit).map(([mailboxId]) => ({
      mailboxId: mailboxId as MailboxId,
      modSeq: 0 as ModSeq,
      logFloor: 0,
      recents: 0,
      keywords: 0,
    }));
    return [...readStamps(this.#sql, after, limit), ...copied]
      .sort((a, b) => a.mailboxId - b.mailboxId)
      .slice(0, limit);
  }

  async mailboxParts(mailboxId: MailboxId): Promise<MailboxParts | undefined> {
    return inSnapshot(this.#sql, () => readParts(this.#sql, mailboxId));
  }

  async uids(ref: FolderRef): Promise<Uint32Array> {
    return readUids(this.#sql, ref);
  }

  async sums(mailboxId: MailboxId): Promise<readonly string[]> {
    return readSums(this.#sql, mailboxId);
  }

  async messages(): Promise<number> {
    return countMessages(this.#sql);
  }

  async copyState(mailboxId: MailboxId): Promise<CopyState | undefined> {
    const row = this.#sql.row(SELECT_STATE, mailboxId);
    if (row === undefined) return undefined;
    const [fromModSeq, folderId, uid] = row as readonly [ModSeq, number, number];
    return { fromModSeq, folderId, uid };
  }

  async beginCopy(mailboxId: MailboxId, fromModSeq: ModSeq): Promise<void> {
    this.#sql.run(BEGIN_COPY, mailboxId, fromModSeq);
  }

  async putDirectory<Table extends DirectoryTable>(
    table: Table,
    page: DirectoryPages[Table],
  ): Promise<void> {
    this.#transact(() => putDirectory(this.#sql, table, page));
  }

  async missingContents(
    mailboxId: MailboxId,
    contentIds: readonly number[],
  ): Promise<ReadonlySet<number>> {
    return this.#contents.missing(mailboxId, contentIds);
  }

  async putContents(mailboxId: MailboxId, contents: readonly MovedContent[]): Promise<void> {
    this.#transact(() => this.#contents.put(mailboxId, contents));
  }

  async putEntries(
    mailboxId: MailboxId,
    entries: readonly MovedEntry[],
    reached: Position | undefined,
  ): Promise<void> {
    const rows = entries.map((e) => [
      e.folderId,
      e.uid,
      e.contentId,
      e.flags,
      e.keywords,
      e.modSeq,
      e.internalMs,
      e.savedMs,
      e.sizeBytes,
    ]);
    this.#transact(() => {
      this.#sql.run(INSERT_ENTRIES, mailboxId, JSON.stringify(rows), mailboxId);
      if (reached !== undefined)
        this.#sql.run(NOTE_POSITION, reached.folderId, reached.uid, mailboxId);
    });
  }

  async removeEntries({ mailboxId, folderId }: FolderRef, uids: readonly number[]): Promise<void> {
    this.#sql.run(DELETE_ENTRIES, mailboxId, folderId, JSON.stringify(uids));
  }

  async putChanges(mailboxId: MailboxId, rows: readonly MovedChange[]): Promise<void> {
    const values = rows.map(({ modSeq, folderId, kind, uids }) => [modSeq, folderId, kind, uids]);
    this.#sql.run(INSERT_CHANGES, mailboxId, JSON.stringify(values));
  }

  async putParts(parts: MailboxParts): Promise<void> {
    this.#transact(() => putParts(this.#sql, parts));
  }

  async removeMailbox(mailboxId: MailboxId): Promise<void> {
    this.#transact(() => removeMailbox(this.#sql, mailboxId));
  }

  async clearTracking(): Promise<void> {
    this.#sql.run('DELETE FROM tracking');
  }

  async addTracking(events: readonly MovedTracking[]): Promise<void> {
    this.#sql.run(INSERT_TRACKING, JSON.stringify(events));
  }

  async prepareFinish(): Promise<void> {
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  async finish(nextMailboxId: number): Promise<void> {
    const broken = this.#sql.row(COUNT_BROKEN)?.[0] as number;
    if (broken > 0)
      throw new PosthornError('corrupt', `${broken} messages of ${this.shown} have no content`);
    this.#db.exec('PRAGMA synchronous = FULL');
    this.#transact(() => {
      this.#sql.run('DELETE FROM content_ref');
      this.#sql.run(COUNT_REFS);
      this.#sql.run('DELETE FROM orphan');
      this.#sql.run(NOTE_ORPHANS);
      this.#sql.run(DELETE_SEQUENCE);
      this.#sql.run(INSERT_SEQUENCE, nextMailboxId - 1);
    });
    // With nothing left in the log but this, it is the one commit that makes a store of it.
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#transact(() => this.#sql.exec(DROP_STATE));
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db.close();
  }

  #transact(work: () => void): void {
    this.#sql.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#sql.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#sql.exec('ROLLBACK');
      throw error;
    }
  }
}

/**
 * Opens the data of a directory as the target of a move, creating it when there is none. The caller holds the directory's lock.
 * @throws {format-newer}, {corrupt}
 */
export function openSqliteTarget(
  dir: string,
  blobs: Blobs = new FileBlobs(join(dir, BLOB_DIRECTORY)),
): MoveTarget {
  return new SqliteTarget(dir, blobs);
}
