import { PosthornError } from '#kernel';
import type { Change, FolderId, MailboxId, ModSeq, SpecialUse } from '#model';
import type { FolderRef } from '../commands.ts';
import { encodeUids } from './ranges.ts';
import type { Row, Statements } from './statements.ts';

/** A mailbox's counters while the writer works on it. */
export interface MailboxState {
  readonly mailboxId: MailboxId;
  modSeq: number;
  nextFolderId: number;
  lastUidValidity: number;
  usedBytes: number;
  usedMessages: number;
  quotaBytes: number | undefined;
  quotaMessages: number | undefined;
  dirty: boolean;
  /** The modseq that ingests of this transaction share, 0 when the next one must take a new one. */
  ingestModSeq: number;
}

/** A folder's counters while the writer works on it. */
export interface FolderState extends FolderRef {
  readonly name: string;
  readonly specialUse: SpecialUse | undefined;
  readonly uidValidity: number;
  uidNext: number;
  highestModSeq: number;
  messages: number;
  unseen: number;
  deleted: number;
  sizeBytes: number;
  recentFrom: number;
  dirty: boolean;
  /** Uids added under `addedModSeq` that have no row in the change log yet. */
  added: number[];
  addedModSeq: number;
}

const SELECT_MAILBOX = `SELECT modseq, next_folder_id, last_uid_validity, used_bytes, used_messages, quota_bytes, quota_messages
  FROM mailbox WHERE mailbox_id = ?`;
const UPDATE_MAILBOX = `UPDATE mailbox SET modseq = ?, next_folder_id = ?, last_uid_validity = ?, used_bytes = ?, used_messages = ?
  WHERE mailbox_id = ?`;
const SELECT_FOLDER = `SELECT name, special_use, uid_validity, uid_next, highest_modseq, messages, unseen, deleted, size_bytes, recent_from
  FROM folder WHERE mailbox_id = ? AND folder_id = ?`;
const UPDATE_FOLDER = `UPDATE folder SET uid_next = ?, highest_modseq = ?, messages = ?, unseen = ?, deleted = ?, size_bytes = ?, recent_from = ?
  WHERE mailbox_id = ? AND folder_id = ?`;
const INSERT_CHANGE = `INSERT INTO change(mailbox_id, modseq, folder_id, kind, uids) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET uids = uids || ',' || excluded.uids`;

/** Ids up to this one have been given to contents that are gone; sessions may still hold them. */
const SELECT_CONTENT_FLOOR = "SELECT value FROM header WHERE key = 'content_floor'";

/** How many counters are remembered between transactions. */
const REMEMBERED_MAX = 20_000;

/**
 * The writer's transaction: statements, and the counters of the mailboxes and folders it touches, which are read once,
 * changed in memory and written back before the commit. They stay remembered after it, since nobody else writes.
 */
export class Transaction {
  readonly sql: Statements;
  readonly #mailboxes = new Map<MailboxId, MailboxState>();
  readonly #folders = new Map<string, FolderState>();
  readonly #dirtyMailboxes: MailboxState[] = [];
  readonly #dirtyFolders: FolderState[] = [];
  readonly #ingesting: MailboxState[] = [];
  readonly #touched = new Set<MailboxId>();
  #changes = new Map<string, Change>();
  #nextContentId: number | undefined;

  constructor(sql: Statements) {
    this.sql = sql;
  }

  /** The mailboxes of which the transaction changed anything that is read by mailbox. */
  get touched(): ReadonlySet<MailboxId> {
    return this.#touched;
  }

  /** @throws {no-mailbox} */
  mailbox(mailboxId: MailboxId): MailboxState {
    let state = this.#mailboxes.get(mailboxId);
    if (state !== undefined) return state;
    const row = this.sql.row(SELECT_MAILBOX, mailboxId);
    if (row === undefined) throw new PosthornError('no-mailbox');
    state = {
      mailboxId,
      modSeq: row[0] as number,
      nextFolderId: row[1] as number,
      lastUidValidity: row[2] as number,
      usedBytes: row[3] as number,
      usedMessages: row[4] as number,
      quotaBytes: (row[5] as number | null) ?? undefined,
      quotaMessages: (row[6] as number | null) ?? undefined,
      dirty: false,
      ingestModSeq: 0,
    };
    this.#mailboxes.set(mailboxId, state);
    return state;
  }

  /** @throws {no-folder} */
  folder(ref: FolderRef): FolderState {
    const key = `${ref.mailboxId}/${ref.folderId}`;
    let state = this.#folders.get(key);
    if (state !== undefined) return state;
    const row = this.sql.row(SELECT_FOLDER, ref.mailboxId, ref.folderId);
    if (row === undefined) throw new PosthornError('no-folder');
    state = folderState(ref, row);
    this.#folders.set(key, state);
    return state;
  }

  touchMailbox(state: MailboxState): void {
    if (state.dirty) return;
    state.dirty = true;
    this.#dirtyMailboxes.push(state);
    this.#touched.add(state.mailboxId);
  }

  touchFolder(state: FolderState): void {
    if (state.dirty) return;
    state.dirty = true;
    this.#dirtyFolders.push(state);
    this.#touched.add(state.mailboxId);
  }

  /** Takes the mailbox's next modseq for a change of one of its folders, and publishes that there is one. */
  nextModSeq(mailbox: MailboxState, folder: FolderState): ModSeq {
    mailbox.modSeq++;
    mailbox.ingestModSeq = 0;
    this.touchMailbox(mailbox);
    this.#raise(folder, mailbox.modSeq);
    return mailbox.modSeq as ModSeq;
  }

  /**
   * The modseq of new entries. Ingests of one transaction share one, as long as nothing else changed in between: nobody
   * can have seen the one without the other.
   */
  ingestModSeq(mailbox: MailboxState, folder: FolderState): ModSeq {
    if (mailbox.ingestModSeq === 0) {
      mailbox.ingestModSeq = ++mailbox.modSeq;
      this.#ingesting.push(mailbox);
    }
    // Each time: the counters may have been written back since the modseq was taken.
    this.touchMailbox(mailbox);
    this.#raise(folder, mailbox.ingestModSeq);
    return mailbox.ingestModSeq as ModSeq;
  }

  /** Notes a new entry; the change log gets one row for all that share a modseq. */
  entryAdded(folder: FolderState, uid: number, modSeq: number): void {
    if (folder.addedModSeq !== modSeq) this.#writeAdded(folder);
    folder.addedModSeq = modSeq;
    folder.added.push(uid);
    this.touchFolder(folder);
  }

  /** Writes a row of the change log; kinds: a(dded), f(lags), v(anished). */
  logChange(ref: FolderRef, modSeq: number, kind: 'a' | 'f' | 'v', uids: readonly number[]): void {
    if (uids.length === 0) return;
    this.sql.run(INSERT_CHANGE, ref.mailboxId, modSeq, ref.folderId, kind, encodeUids(uids));
  }

  /** Publishes that the list of folders of a mailbox changed. */
  foldersChanged(mailbox: MailboxState): void {
    mailbox.modSeq++;
    mailbox.ingestModSeq = 0;
    this.touchMailbox(mailbox);
    const { mailboxId } = mailbox;
    this.publish(`${mailboxId}`, { kind: 'folders', mailboxId, modSeq: mailbox.modSeq as ModSeq });
  }

  /** Keeps a change to be told after the commit; one for each key, the last wins. */
  publish(key: string, change: Change): void {
    this.#changes.set(key, change);
  }

  nextContentId(): number {
    this.#nextContentId ??=
      1 +
      Math.max(
        this.#maxId('SELECT max(content_id) FROM content'),
        this.#maxId('SELECT max(content_id) FROM orphan'),
        this.#maxId(SELECT_CONTENT_FLOOR),
      );
    return this.#nextContentId++;
  }

  /** Forgets a folder that was removed or renamed by SQL. */
  forgetFolders(mailboxId: MailboxId): void {
    this.flush();
    for (const key of this.#folders.keys())
      if (key.startsWith(`${mailboxId}/`)) this.#folders.delete(key);
  }

  forgetMailbox(mailboxId: MailboxId): void {
    this.forgetFolders(mailboxId);
    this.#mailboxes.delete(mailboxId);
    this.#touched.add(mailboxId);
  }

  /** Writes the counters back, so that SQL sees them and the commit holds them. */
  flush(): void {
    for (const state of this.#dirtyFolders) {
      state.dirty = false;
      this.#writeAdded(state);
      this.sql.run(
        UPDATE_FOLDER,
        state.uidNext,
        state.highestModSeq,
        state.messages,
        state.unseen,
        state.deleted,
        state.sizeBytes,
        state.recentFrom,
        state.mailboxId,
        state.folderId,
      );
    }
    for (const state of this.#dirtyMailboxes) {
      state.dirty = false;
      this.sql.run(
        UPDATE_MAILBOX,
        state.modSeq,
        state.nextFolderId,
        state.lastUidValidity,
        state.usedBytes,
        state.usedMessages,
        state.mailboxId,
      );
    }
    this.#dirtyFolders.length = 0;
    this.#dirtyMailboxes.length = 0;
  }

  /** After the commit: gives the changes to publish. */
  committed(): readonly Change[] {
    for (const state of this.#ingesting) state.ingestModSeq = 0;
    this.#ingesting.length = 0;
    this.#touched.clear();
    if (this.#mailboxes.size > REMEMBERED_MAX || this.#folders.size > REMEMBERED_MAX)
      this.#forget();
    if (this.#changes.size === 0) return [];
    const changes = [...this.#changes.values()];
    this.#changes = new Map();
    return changes;
  }

  /** After a rollback: what was remembered may be wrong. */
  rolledBack(): void {
    this.#changes.clear();
    this.#touched.clear();
    this.#forget();
  }

  #forget(): void {
    this.#mailboxes.clear();
    this.#folders.clear();
    this.#dirtyFolders.length = 0;
    this.#dirtyMailboxes.length = 0;
    this.#ingesting.length = 0;
    this.#nextContentId = undefined;
  }

  #raise(folder: FolderState, modSeq: number): void {
    folder.highestModSeq = modSeq;
    this.touchFolder(folder);
    const { mailboxId, folderId } = folder;
    this.publish(`${mailboxId}/${folderId}`, {
      kind: 'entries',
      mailboxId,
      folderId,
      modSeq: modSeq as ModSeq,
    });
  }

  #writeAdded(folder: FolderState): void {
    if (folder.added.length === 0) return;
    this.logChange(folder, folder.addedModSeq, 'a', folder.added);
    folder.added = [];
  }

  #maxId(sql: string): number {
    return (this.sql.row(sql)?.[0] as number | null) ?? 0;
  }
}

function folderState(ref: FolderRef, row: Row): FolderState {
  return {
    mailboxId: ref.mailboxId,
    folderId: ref.folderId as FolderId,
    name: row[0] as string,
    specialUse: (row[1] as SpecialUse | null) ?? undefined,
    uidValidity: row[2] as number,
    uidNext: row[3] as number,
    highestModSeq: row[4] as number,
    messages: row[5] as number,
    unseen: row[6] as number,
    deleted: row[7] as number,
    sizeBytes: row[8] as number,
    recentFrom: row[9] as number,
    dirty: false,
    added: [],
    addedModSeq: 0,
  };
}
