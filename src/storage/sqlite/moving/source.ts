import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PosthornError } from '#kernel';
import type { MailboxId, ModSeq } from '#model';
import { FileBlobs } from '../../blobs/files.ts';
import type { Blobs } from '../../blobs/port.ts';
import type { FolderRef, UidRanges } from '../../commands.ts';
import type {
  DirectoryPages,
  DirectoryTable,
  EntryNews,
  MailboxParts,
  MailboxStamp,
  MovedChange,
  MovedContent,
  MovedEntry,
  MovedTracking,
  MoveSource,
  Position,
} from '../../moving/port.ts';
import { BLOB_DIRECTORY, DATABASE_FILE } from '../engine.ts';
import { RANGES, rangesJson } from '../ranges.ts';
import { readChanges } from '../reads/changes.ts';
import { checkFormat, storeId } from '../schema.ts';
import { type Row, Statements } from '../statements.ts';
import { countMessages, inSnapshot, readParts, readStamps, readSums, readUids } from './side.ts';

const ENTRY = `e.folder_id, e.uid, e.content_id, e.flags, e.keywords, e.modseq, e.internal_ms, e.saved_ms, e.size_bytes`;
const SELECT_AFTER = `SELECT ${ENTRY} FROM entry AS e WHERE e.mailbox_id = ? AND (e.folder_id, e.uid) > (?, ?)
  ORDER BY e.folder_id, e.uid LIMIT +?`;
const SELECT_NAMED = `SELECT ${ENTRY} FROM ${RANGES} AS r CROSS JOIN entry AS e
  WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN r.lo AND r.hi ORDER BY e.uid`;
const SELECT_CONTENTS = `SELECT content_id, size_bytes, head_bytes, sent_ms, blob, message_id, subject, envelope, body_structure, body_short,
    structure, preview, hash, head, body
  FROM content WHERE content_id IN (SELECT value FROM json_each(?))`;
const SELECT_LOG = `SELECT modseq, folder_id, kind, uids FROM change
  WHERE mailbox_id = ? AND (modseq, folder_id, kind) > (?, ?, ?) ORDER BY modseq, folder_id, kind LIMIT +?`;
const SELECT_NEXT_ID = "SELECT seq + 1 FROM sqlite_sequence WHERE name = 'recipient'";
const SELECT_OLDEST =
  'SELECT tracking_id FROM tracking ORDER BY tracking_id DESC LIMIT 1 OFFSET +?';
const SELECT_TRACKING = `SELECT tracking_id, at_ms, event, source, submission_id, message_id, sender, recipients, recipient_status,
    size_bytes, subject, client_address
  FROM tracking WHERE tracking_id > ? ORDER BY tracking_id LIMIT +?`;

/** A table of the directory: its rows, of which the first column is the key, and what is made of one. */
const DIRECTORY: {
  readonly [Table in DirectoryTable]: {
    readonly sql: string;
    readonly read: (row: Row) => DirectoryPages[Table]['rows'][number];
  };
} = {
  domains: {
    sql: 'SELECT domain FROM domain WHERE domain > ? ORDER BY domain LIMIT +?',
    read: (row) => row[0] as string,
  },
  recipients: {
    sql: `SELECT mailbox_id, address, created_ms, argon2id, scram_sha_256 FROM recipient
      WHERE mailbox_id > ? ORDER BY mailbox_id LIMIT +?`,
    read: (row) => ({
      mailboxId: row[0] as MailboxId,
      address: row[1] as string,
      createdAtMs: row[2] as number,
      argon2id: row[3] as string | null,
      scramSha256: row[4] as string | null,
    }),
  },
  addresses: {
    sql: 'SELECT address, domain, mailbox_id FROM address WHERE address > ? ORDER BY address LIMIT +?',
    read: (row) => ({
      address: row[0] as string,
      domain: row[1] as string,
      mailboxId: row[2] as MailboxId,
    }),
  },
  serverAnnotations: {
    sql: 'SELECT entry, value FROM server_annotation WHERE entry > ? ORDER BY entry LIMIT +?',
    read: (row) => ({ entry: row[0] as string, value: row[1] as string }),
  },
};

/** The embedded engine's data as the source of a move, through a reading connection of its own beside the server's. */
class SqliteSource implements MoveSource {
  readonly shown: string;
  readonly blobs: Blobs;
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #sql: Statements;

  constructor(dir: string, blobs: Blobs) {
    this.shown = dir;
    this.blobs = blobs;
    this.#path = join(dir, DATABASE_FILE);
    if (!existsSync(this.#path))
      throw new PosthornError('not-found', `there is no Posthorn in ${dir}`);
    this.#db = new DatabaseSync(this.#path, { readOnly: true });
    try {
      if (checkFormat(this.#db, this.#path) === 'older')
        throw new PosthornError(
          'configuration',
          `${this.#path} has the format of an older Posthorn: start the server on it once, then move`,
        );
    } catch (error) {
      this.#db.close();
      throw error;
    }
    this.#db.exec('PRAGMA mmap_size = 1073741824; PRAGMA query_only = ON');
    this.#sql = new Statements(this.#db);
  }

  /** By its number and the file itself, which stays through renames and restarts: a restored copy is another source. */
  async id(): Promise<string> {
    return `sqlite:${storeId(this.#db) ?? ''}:${statSync(this.#path).ino}`;
  }

  async settle(): Promise<void> {}

  async stamps(after: number, limit: number): Promise<readonly MailboxStamp[]> {
    return readStamps(this.#sql, after, limit);
  }

  async mailboxParts(mailboxId: MailboxId): Promise<MailboxParts | undefined> {
    return inSnapshot(this.#sql, () => readParts(this.#sql, mailboxId));
  }

  async uids(ref: FolderRef): Promise<Uint32Array> {
    return readUids(this.#sql, ref);
  }

  async sums(mailboxId: MailboxId): Promise<readonly string[]> {
    return inSnapshot(this.#sql, () => readSums(this.#sql, mailboxId));
  }

  async messages(): Promise<number> {
    return countMessages(this.#sql);
  }

  async directory<Table extends DirectoryTable>(
    table: Table,
    after: DirectoryPages[Table]['after'],
    limit: number,
  ): Promise<DirectoryPages[Table]> {
    const { sql, read } = DIRECTORY[table];
    const rows = this.#sql.rows(sql, after, limit);
    const through = rows.length < limit ? undefined : rows.at(-1)![0];
    return { after, through, rows: rows.map(read) } as unknown as DirectoryPages[Table];
  }

  async nextMailboxId(): Promise<number> {
    return (this.#sql.row(SELECT_NEXT_ID)?.[0] as number | undefined) ?? 1;
  }

  async entriesAfter(
    mailboxId: MailboxId,
    { folderId, uid }: Position,
    limit: number,
  ): Promise<readonly MovedEntry[]> {
    return this.#sql.rows(SELECT_AFTER, mailboxId, folderId, uid, limit).map(entryOf);
  }

  async entries(ref: FolderRef, uids: UidRanges): Promise<readonly MovedEntry[]> {
    const { mailboxId, folderId } = ref;
    return this.#sql.rows(SELECT_NAMED, rangesJson(uids), mailboxId, folderId).map(entryOf);
  }

  async contents(
    _mailboxId: MailboxId,
    contentIds: readonly number[],
  ): Promise<readonly MovedContent[]> {
    return this.#sql.rows(SELECT_CONTENTS, JSON.stringify(contentIds)).map(contentOf);
  }

  async news(ref: FolderRef, since: ModSeq): Promise<EntryNews | undefined> {
    const changes = inSnapshot(this.#sql, () => readChanges(this.#sql, ref, since));
    if (changes === undefined) return undefined;
    return { touched: changes.entries.map(({ uid }) => uid), vanished: changes.vanished };
  }

  async changeLog(
    mailboxId: MailboxId,
    { modSeq, folderId, kind }: Pick<MovedChange, 'modSeq' | 'folderId' | 'kind'>,
    limit: number,
  ): Promise<readonly MovedChange[]> {
    return this.#sql.rows(SELECT_LOG, mailboxId, modSeq, folderId, kind, limit).map((row) => ({
      modSeq: row[0] as ModSeq,
      folderId: row[1] as number,
      kind: row[2] as string,
      uids: row[3] as string,
    }));
  }

  async *tracking(newest: number, batch: number): AsyncIterable<readonly MovedTracking[]> {
    let after = (this.#sql.row(SELECT_OLDEST, newest)?.[0] as number | undefined) ?? 0;
    for (;;) {
      const rows = this.#sql.rows(SELECT_TRACKING, after, batch);
      if (rows.length === 0) return;
      yield rows.map((row) => row.slice(1) as MovedTracking);
      after = rows.at(-1)![0] as number;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db.close();
  }
}

/** Opens the data of a directory as the source of a move; a server may be serving it. @throws {format-newer}, {corrupt} */
export function openSqliteSource(
  dir: string,
  blobs: Blobs = new FileBlobs(join(dir, BLOB_DIRECTORY)),
): MoveSource {
  return new SqliteSource(dir, blobs);
}

function entryOf(row: Row): MovedEntry {
  return {
    folderId: row[0] as number,
    uid: row[1] as number,
    contentId: row[2] as number,
    flags: row[3] as number,
    keywords: row[4] as string,
    modSeq: row[5] as ModSeq,
    internalMs: row[6] as number,
    savedMs: row[7] as number,
    sizeBytes: row[8] as number,
  };
}

function contentOf(row: Row): MovedContent {
  return {
    contentId: row[0] as number,
    sizeBytes: row[1] as number,
    headBytes: row[2] as number,
    sentAtMs: row[3] as number | null,
    blob: row[4] as string | null,
    messageId: row[5] as string | null,
    subject: row[6] as string,
    envelope: row[7] as string,
    bodyStructure: row[8] as string,
    bodyShort: row[9] as string,
    structure: row[10] as string,
    preview: row[11] as string,
    hash: row[12] as Buffer,
    head: row[13] as Buffer,
    body: row[14] as Buffer | null,
  };
}
