import { DatabaseSync } from 'node:sqlite';
import type {
  ContentId,
  Folder,
  FolderId,
  Login,
  MailboxId,
  MailboxInfo,
  ModSeq,
  Rights,
  TrackingEvent,
} from '#model';
import type { Blobs } from '../blobs/port.ts';
import type { FolderRef } from '../commands.ts';
import type {
  AddressTarget,
  Annotation,
  AnnotationQuery,
  Counts,
  Entry,
  EntryQuery,
  EntryState,
  FolderChanges,
  Grant,
  OpenedFolder,
  Problem,
  Reads,
  SharedFolder,
  StateQuery,
} from '../reads.ts';
import { uidCount } from '../uid-count.ts';
import { readAcl, readRights, readSharedWith } from './reads/acl.ts';
import { readAnnotations, readServerAnnotations } from './reads/annotations.ts';
import { readChanges } from './reads/changes.ts';
import { checkDatabase } from './reads/check.ts';
import { readContentBytes, readStrayBlobs } from './reads/content.ts';
import {
  readAddressTarget,
  readDomains,
  readLogin,
  readMailbox,
  readMailboxes,
} from './reads/directory.ts';
import { readEntries } from './reads/entries.ts';
import {
  openFolder,
  readDeletedBytes,
  readFolder,
  readFolderByName,
  readFolders,
  readSubscriptions,
} from './reads/folders.ts';
import { readStates } from './reads/states.ts';
import { readCounts, readTracking } from './reads/tracking.ts';
import { Statements } from './statements.ts';

/** Entries of one read from which on it goes by the mapped file, without their bodies and with them. */
const MANY = 100;
const MANY_BODIES = 8;
const MAPPED_BYTES_MAX = 2 ** 30;

/**
 * The reading side: read-only connections of the calling thread, one for single things and one, opened when it is needed, that has the
 * file mapped, for many entries at once (docs/decisions/017-two-ways-to-read.md). Each call sees the newest commit; those that read more
 * than one table do it in one snapshot.
 */
export class SqliteReads implements Reads {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  #mapped: { readonly db: DatabaseSync; readonly sql: Statements } | undefined;
  readonly #blobs: Blobs;

  constructor(path: string, blobs: Blobs) {
    this.#path = path;
    this.#db = openToRead(path, 0);
    this.#sql = new Statements(this.#db);
    this.#blobs = blobs;
  }

  close(): void {
    this.#db.close();
    this.#mapped?.db.close();
  }

  async folders(mailboxId: MailboxId): Promise<readonly Folder[]> {
    return readFolders(this.#sql, mailboxId);
  }

  async folderByName(mailboxId: MailboxId, name: string): Promise<Folder | undefined> {
    return readFolderByName(this.#sql, mailboxId, name);
  }

  async folder(ref: FolderRef): Promise<Folder | undefined> {
    return readFolder(this.#sql, ref);
  }

  async subscriptions(mailboxId: MailboxId): Promise<readonly string[]> {
    return readSubscriptions(this.#sql, mailboxId);
  }

  async deletedBytes(ref: FolderRef): Promise<number> {
    return readDeletedBytes(this.#sql, ref);
  }

  async openFolder(ref: FolderRef): Promise<OpenedFolder | undefined> {
    return this.#snapshot(() => openFolder(this.#sql, ref));
  }

  async changes(
    ref: FolderRef,
    since: ModSeq,
    known?: readonly ModSeq[],
    entriesMax?: number,
  ): Promise<FolderChanges | undefined> {
    return this.#snapshot(() => readChanges(this.#sql, ref, since, known, entriesMax));
  }

  async entries(query: EntryQuery): Promise<readonly Entry[]> {
    return readEntries(this.#for(query, query.columns.body ? MANY_BODIES : MANY), query);
  }

  async states(query: StateQuery): Promise<readonly EntryState[]> {
    return readStates(this.#for(query, MANY), query);
  }

  async contentBytes(
    _mailboxId: MailboxId,
    contentId: ContentId,
    start: number,
    end: number,
  ): Promise<Buffer | undefined> {
    return await readContentBytes(this.#sql, this.#blobs, contentId, start, end);
  }

  async acl(mailboxId: MailboxId, folderId?: FolderId): Promise<readonly Grant[]> {
    return readAcl(this.#sql, mailboxId, folderId);
  }

  async rights(mailboxId: MailboxId, granteeId: MailboxId): Promise<ReadonlyMap<FolderId, Rights>> {
    return readRights(this.#sql, mailboxId, granteeId);
  }

  async sharedWith(granteeId: MailboxId, limit: number): Promise<readonly SharedFolder[]> {
    return readSharedWith(this.#sql, granteeId, limit);
  }

  async addressTarget(domain: string, address: string): Promise<AddressTarget> {
    return readAddressTarget(this.#sql, domain, address);
  }

  async mailbox(mailboxId: MailboxId): Promise<MailboxInfo | undefined> {
    return readMailbox(this.#sql, mailboxId);
  }

  async mailboxes(after: MailboxId, limit: number): Promise<readonly MailboxInfo[]> {
    return readMailboxes(this.#sql, after, limit);
  }

  async login(mailboxId: MailboxId): Promise<Login | undefined> {
    return readLogin(this.#sql, mailboxId);
  }

  async domains(): Promise<readonly { readonly domain: string; readonly mailboxes: number }[]> {
    return readDomains(this.#sql);
  }

  async annotations(query: AnnotationQuery): Promise<readonly Annotation[]> {
    return readAnnotations(this.#sql, query);
  }

  async serverAnnotations(
    query: Pick<AnnotationQuery, 'entries' | 'depth'>,
  ): Promise<readonly Omit<Annotation, 'folderId'>[]> {
    return readServerAnnotations(this.#sql, query);
  }

  async strayBlobs(blobs: readonly string[]): Promise<readonly string[]> {
    return readStrayBlobs(this.#sql, blobs);
  }

  async tracking(limit: number): Promise<readonly TrackingEvent[]> {
    return readTracking(this.#sql, limit);
  }

  async counts(): Promise<Counts> {
    return this.#snapshot(() => readCounts(this.#sql));
  }

  check(progress?: (done: number, total: number) => void): AsyncIterable<Problem> {
    return checkDatabase(this.#sql, this.#blobs, progress ?? (() => {}));
  }

  /** The connection for a read of entries. */
  #for({ limit, uids }: StateQuery, many: number): Statements {
    if (Math.min(limit, uidCount(uids)) < many) return this.#sql;
    if (this.#mapped === undefined) {
      const db = openToRead(this.#path, MAPPED_BYTES_MAX);
      this.#mapped = { db, sql: new Statements(db) };
    }
    return this.#mapped.sql;
  }

  #snapshot<T>(read: () => T): T {
    this.#sql.control('BEGIN');
    try {
      return read();
    } finally {
      this.#sql.control('COMMIT');
    }
  }
}

/** The cache holds what is not mapped; of the mapped file, what stands in the write-ahead log. */
function openToRead(path: string, mappedBytesMax: number): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true });
  db.exec(
    `PRAGMA cache_size = -32768; PRAGMA mmap_size = ${mappedBytesMax}; PRAGMA query_only = ON`,
  );
  return db;
}
