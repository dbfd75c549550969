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
import type { Connection } from './connection.ts';
import type { Pool } from './pool.ts';
import { readAcl, readRights, readSharedWith } from './reads/acl.ts';
import { readAnnotations, readServerAnnotations } from './reads/annotations.ts';
import { readChanges } from './reads/changes.ts';
import { checkDatabase } from './reads/check.ts';
import { bytesOf, readPiece, readStrayBlobs } from './reads/content.ts';
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

/**
 * The reading side. Each question is one statement and so of one snapshot, or says why it is not; after a lost connection it is
 * asked again.
 */
export class PostgresReads implements Reads {
  readonly #pool: Pool;
  readonly #blobs: Blobs;

  constructor(pool: Pool, blobs: Blobs) {
    this.#pool = pool;
    this.#blobs = blobs;
  }

  folders(mailboxId: MailboxId): Promise<readonly Folder[]> {
    return this.#ask(mailboxId, (connection) => readFolders(connection, mailboxId));
  }

  folderByName(mailboxId: MailboxId, name: string): Promise<Folder | undefined> {
    return this.#ask(mailboxId, (connection) => readFolderByName(connection, mailboxId, name));
  }

  folder(ref: FolderRef): Promise<Folder | undefined> {
    return this.#ask(ref.mailboxId, (connection) => readFolder(connection, ref));
  }

  subscriptions(mailboxId: MailboxId): Promise<readonly string[]> {
    return this.#ask(mailboxId, (connection) => readSubscriptions(connection, mailboxId));
  }

  deletedBytes(ref: FolderRef): Promise<number> {
    return this.#ask(ref.mailboxId, (connection) => readDeletedBytes(connection, ref));
  }

  openFolder(ref: FolderRef): Promise<OpenedFolder | undefined> {
    return this.#ask(ref.mailboxId, (connection) => openFolder(connection, ref));
  }

  changes(
    ref: FolderRef,
    since: ModSeq,
    known?: readonly ModSeq[],
    entriesMax?: number,
  ): Promise<FolderChanges | undefined> {
    return this.#ask(ref.mailboxId, (connection) =>
      readChanges(connection, ref, since, known, entriesMax),
    );
  }

  entries(query: EntryQuery): Promise<readonly Entry[]> {
    return this.#ask(query.mailboxId, (connection) => readEntries(connection, query));
  }

  states(query: StateQuery): Promise<readonly EntryState[]> {
    return this.#ask(query.mailboxId, (connection) => readStates(connection, query));
  }

  async contentBytes(
    mailboxId: MailboxId,
    contentId: ContentId,
    start: number,
    end: number,
  ): Promise<Buffer | undefined> {
    const content = { mailboxId, contentId };
    const piece = await this.#ask(mailboxId, (connection) =>
      readPiece(connection, content, start, end),
    );
    return piece === undefined ? undefined : await bytesOf(piece, this.#blobs);
  }

  acl(mailboxId: MailboxId, folderId?: FolderId): Promise<readonly Grant[]> {
    return this.#ask(mailboxId, (connection) => readAcl(connection, mailboxId, folderId));
  }

  rights(mailboxId: MailboxId, granteeId: MailboxId): Promise<ReadonlyMap<FolderId, Rights>> {
    return this.#ask(mailboxId, (connection) => readRights(connection, mailboxId, granteeId));
  }

  sharedWith(granteeId: MailboxId, limit: number): Promise<readonly SharedFolder[]> {
    return this.#ask(granteeId, (connection) => readSharedWith(connection, granteeId, limit));
  }

  addressTarget(domain: string, address: string): Promise<AddressTarget> {
    return this.#ask('directory', (connection) => readAddressTarget(connection, domain, address));
  }

  mailbox(mailboxId: MailboxId): Promise<MailboxInfo | undefined> {
    return this.#ask(mailboxId, (connection) => readMailbox(connection, mailboxId));
  }

  mailboxes(after: MailboxId, limit: number): Promise<readonly MailboxInfo[]> {
    return this.#ask('directory', (connection) => readMailboxes(connection, after, limit));
  }

  login(mailboxId: MailboxId): Promise<Login | undefined> {
    return this.#ask('directory', (connection) => readLogin(connection, mailboxId));
  }

  domains(): Promise<readonly { readonly domain: string; readonly mailboxes: number }[]> {
    return this.#ask('directory', readDomains);
  }

  annotations(query: AnnotationQuery): Promise<readonly Annotation[]> {
    return this.#ask(query.mailboxId, (connection) => readAnnotations(connection, query));
  }

  serverAnnotations(
    query: Pick<AnnotationQuery, 'entries' | 'depth'>,
  ): Promise<readonly Omit<Annotation, 'folderId'>[]> {
    return this.#ask('directory', (connection) => readServerAnnotations(connection, query));
  }

  strayBlobs(blobs: readonly string[]): Promise<readonly string[]> {
    return this.#ask('blobs', (connection) => readStrayBlobs(connection, blobs));
  }

  tracking(limit: number): Promise<readonly TrackingEvent[]> {
    return this.#ask('tracking', (connection) => readTracking(connection, limit));
  }

  counts(): Promise<Counts> {
    return this.#ask('counts', readCounts);
  }

  check(progress?: (done: number, total: number) => void): AsyncIterable<Problem> {
    return checkDatabase(this.#pool, this.#blobs, progress ?? (() => {}));
  }

  #ask<T>(about: MailboxId | string, work: (connection: Connection) => Promise<T>): Promise<T> {
    const owner = typeof about === 'string' ? about : `a reader of mailbox ${about}`;
    return this.#pool.ask(owner, work);
  }
}
