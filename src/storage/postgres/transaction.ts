import { assert, PosthornError } from '#kernel';
import type { Change, FolderId, MailboxId, ModSeq } from '#model';
import type { FolderRef } from '../commands.ts';
import type { Connection, Row, Statement, Value } from './connection.ts';
import { textArray } from './literals.ts';
import { type ChangeRow, NewRows } from './new-rows.ts';
import {
  type FolderState,
  folderState,
  LOCK_MAILBOX,
  type MailboxState,
  mailboxState,
  noteKeywords,
  SELECT_FOLDERS,
  SELECT_KEYWORDS,
  SELECT_MAILBOX,
  UPDATE_FOLDER,
  UPDATE_MAILBOX,
} from './state.ts';

/** Keywords, in any letter case, and the mailbox in which they are used. */
interface MailboxKeywords {
  readonly mailboxId: MailboxId;
  readonly keywords: readonly string[];
}

/** What a transaction will work on: known before it begins, so that it can all be locked and read in one flight. */
export interface Scope {
  /** The directory is locked as a whole: it changes rarely. */
  readonly directory: boolean;
  readonly mailboxIds: readonly MailboxId[];
  readonly folders: readonly FolderRef[];
  /** Keywords that will be given to entries of these mailboxes, or taken from them. */
  readonly keywords?: readonly MailboxKeywords[];
  /** Mailboxes that are only looked at, without a lock. */
  readonly peeked?: readonly MailboxId[];
  /** False when nobody waits for the commit to be durable. */
  readonly durable?: boolean;
}

const WITHOUT_FLUSH = 'SET LOCAL synchronous_commit = off';
/** The one order in which locks are taken: the directory, then mailboxes by id. */
const LOCK_DIRECTORY = "SELECT value FROM header WHERE key = 'directory_version' FOR UPDATE";
// The directory has no change log: the ids of its last 470 transactions stand side by side, the newest first.
const RAISE_DIRECTORY = `UPDATE header
  SET value = CASE key WHEN 'directory_tx' THEN left($1::text || ' ' || value, 8000) ELSE (value::bigint + 1)::text END
  WHERE key IN ('directory_version', 'directory_tx')`;
const INSERT_CHORE = 'INSERT INTO chore(mailbox_id) VALUES ($1) ON CONFLICT DO NOTHING';
const WAS_DONE = 'SELECT 1 FROM change WHERE mailbox_id = $1 AND tx = $2 AND modseq >= $3 LIMIT 1';
const DIRECTORY_WAS_DONE =
  "SELECT 1 FROM header WHERE key = 'directory_tx' AND position($1::text in value) > 0";

/** Modseqs after which a mailbox asks to have its change log looked at. */
const LOG_LOOK = 256;

/** By what an effect can be found again, when the answer to the commit was lost. */
export interface Mark {
  readonly mailboxId: MailboxId | undefined;
  readonly modSeq: number;
}

/**
 * One transaction: the counters of the mailboxes and folders it locked, which are changed in memory and written back with the
 * commit, and the new rows, which are gathered and written together. Statements run in between see what was written, so
 * whoever reads entries by SQL does it with `selectEntries` or `writeEntries`, and who reads other rows calls `flushRows` first.
 */
export class Transaction {
  readonly id: string;
  readonly nowMs: number;
  readonly rows = new NewRows();
  readonly #connection: Connection;
  readonly #mailboxes = new Map<MailboxId, MailboxState>();
  readonly #folders = new Map<string, FolderState>();
  readonly #changes = new Map<string, Change>();
  readonly #chores = new Set<MailboxId>();
  #directoryChanged = false;
  #written = 0;
  #mark: Mark | undefined;

  private constructor(connection: Connection, id: string, nowMs: number) {
    this.#connection = connection;
    this.id = id;
    this.nowMs = nowMs;
  }

  /** Begins a transaction: locks and reads all of its scope in one flight. */
  static async begin(
    connection: Connection,
    scope: Scope,
    options: { readonly id: string; readonly nowMs: number },
  ): Promise<Transaction> {
    const tx = new Transaction(connection, options.id, options.nowMs);
    const locked = [...scope.mailboxIds].sort((a, b) => a - b);
    const mailboxIds = [...locked, ...(scope.peeked ?? [])];
    const statements: Statement[] = [['BEGIN']];
    if (scope.durable === false) statements.push([WITHOUT_FLUSH]);
    if (scope.directory) statements.push([LOCK_DIRECTORY]);
    const before = statements.length;
    mailboxIds.forEach((mailboxId, index) => {
      statements.push([index < locked.length ? LOCK_MAILBOX : SELECT_MAILBOX, mailboxId]);
    });
    for (const mailboxId of mailboxIds)
      statements.push([SELECT_FOLDERS, mailboxId, folderIds(scope, mailboxId)]);
    const keywords = mailboxIds.map((mailboxId) => foldedKeywords(scope, mailboxId));
    mailboxIds.forEach((mailboxId, index) => {
      if (keywords[index] !== '{}') statements.push([SELECT_KEYWORDS, mailboxId, keywords[index]!]);
    });
    const answers = (await connection.flight(statements)).slice(before);
    let next = 2 * mailboxIds.length;
    mailboxIds.forEach((mailboxId, index) => {
      const known = keywords[index] === '{}' ? [] : answers[next++]!;
      const [row] = answers[index]!;
      if (row === undefined) return;
      const mailbox = mailboxState(mailboxId, row);
      noteKeywords(mailbox, known);
      tx.addMailbox(mailbox);
      for (const folder of answers[mailboxIds.length + index]!)
        tx.addFolder(folderState(mailboxId, folder));
    });
    return tx;
  }

  /** Rows written or gathered since the beginning. */
  get written(): number {
    return this.#written + this.rows.gathered;
  }

  /** @throws {no-mailbox} */
  mailbox(mailboxId: MailboxId): MailboxState {
    const state = this.#mailboxes.get(mailboxId);
    if (state === undefined) throw new PosthornError('no-mailbox');
    return state;
  }

  /** Whether a folder, and so its mailbox, is there. */
  has(ref: FolderRef): boolean {
    return this.#folders.has(keyOf(ref));
  }

  /** @throws {no-folder} */
  folder(ref: FolderRef): FolderState {
    const state = this.#folders.get(keyOf(ref));
    if (state === undefined) throw new PosthornError('no-folder');
    return state;
  }

  addMailbox(state: MailboxState): void {
    this.#mailboxes.set(state.mailboxId, state);
  }

  addFolder(state: FolderState): void {
    this.#folders.set(keyOf(state), state);
  }

  removeFolder(ref: FolderRef): void {
    this.#folders.delete(keyOf(ref));
  }

  removeMailbox(mailboxId: MailboxId): void {
    this.#mailboxes.delete(mailboxId);
    for (const [key, folder] of this.#folders)
      if (folder.mailboxId === mailboxId) this.#folders.delete(key);
  }

  /** Gives the folders of a mailbox that this transaction knows other names, after SQL did. */
  renameFolders(mailboxId: MailboxId, nameOf: (name: string) => string): void {
    for (const folder of this.#folders.values())
      if (folder.mailboxId === mailboxId) folder.name = nameOf(folder.name);
  }

  /** Takes the mailbox's next modseq for a change of one of its folders, and publishes that there is one. */
  nextModSeq(mailbox: MailboxState, folder: FolderState): ModSeq {
    const modSeq = this.reserveModSeq(mailbox);
    this.useModSeq(mailbox, folder, modSeq);
    return modSeq;
  }

  /** Hands out the mailbox's next modseq, for a statement of which the answer says whether it is used. */
  reserveModSeq(mailbox: MailboxState): ModSeq {
    mailbox.ingestModSeq = 0;
    return ++mailbox.reservedModSeq as ModSeq;
  }

  /** Uses a modseq that was handed out for a change of a folder, and publishes that there is one. */
  useModSeq(mailbox: MailboxState, folder: FolderState, modSeq: ModSeq): void {
    this.#use(mailbox, modSeq);
    this.#raise(folder, modSeq);
  }

  /**
   * The modseq of new entries. Ingests of one transaction share one, as long as nothing else changed in between: nobody
   * can have seen the one without the other.
   */
  ingestModSeq(mailbox: MailboxState, folder: FolderState): ModSeq {
    if (mailbox.ingestModSeq === 0) mailbox.ingestModSeq = ++mailbox.reservedModSeq;
    const modSeq = mailbox.ingestModSeq as ModSeq;
    this.useModSeq(mailbox, folder, modSeq);
    return modSeq;
  }

  /** Gathers a row of the change log; kinds: a(dded), f(lags), v(anished), m(ailbox: the list of its folders). */
  logChange(row: ChangeRow): void {
    this.rows.addChange(row);
  }

  /** Publishes that the list of folders of a mailbox changed. */
  foldersChanged(mailbox: MailboxState): void {
    const { mailboxId } = mailbox;
    const modSeq = this.reserveModSeq(mailbox);
    this.#use(mailbox, modSeq);
    this.logChange({ mailboxId, modSeq, folderId: 0 as FolderId, kind: 'm', uids: [] });
    this.publish(`${mailboxId}`, { kind: 'folders', mailboxId, modSeq });
  }

  directoryChanged(): void {
    this.#directoryChanged = true;
    this.publish('directory', { kind: 'directory' });
  }

  /** Notes that the mailbox has something to clean up. */
  chore(mailboxId: MailboxId): void {
    this.#chores.add(mailboxId);
  }

  /** Keeps a change to be told after the commit; one for each key, the last wins. */
  publish(key: string, change: Change): void {
    this.#changes.set(key, change);
  }

  get changes(): readonly Change[] {
    return [...this.#changes.values()];
  }

  /** Reads rows. */
  async select(sql: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return await this.#connection.query(sql, ...values);
  }

  /** Several reads in one flight. */
  async selectAll(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return await this.#connection.flight(statements);
  }

  /** Writes at once; gives the rows it returns. */
  async write(sql: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    this.#written++;
    return await this.#connection.query(sql, ...values);
  }

  /** Reads entries. */
  async selectEntries(sql: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    const [rows] = await this.#behindEntries([[sql, ...values]]);
    return rows!;
  }

  /** Changes entries: statements in one flight, that is sent before this returns. */
  async writeEntries(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    this.#written++;
    return await this.#behindEntries(statements);
  }

  /** Writes the rows that were gathered, so that SQL sees them. */
  async flushRows(): Promise<void> {
    const statements = this.rows.take(this.id);
    if (statements.length > 0) await this.#connection.flight(statements);
  }

  /** Statements in one flight with the new entries that they must see. */
  async #behindEntries(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    const entries = this.rows.takeEntries();
    const answers = await this.#connection.flight([...entries, ...statements]);
    return answers.slice(entries.length);
  }

  /** Writes what was gathered and all counters, and commits, in one flight. Resolves when it is durable. */
  async commit(onSent = (): void => {}): Promise<void> {
    const statements: Statement[] = [...this.rows.take(this.id)];
    for (const folder of this.#folders.values())
      if (folder.dirty) statements.push(updateOfFolder(folder));
    for (const mailbox of this.#mailboxes.values())
      if (mailbox.dirty) statements.push(updateOfMailbox(mailbox));
    for (const mailboxId of this.#chores) statements.push([INSERT_CHORE, mailboxId]);
    if (this.#directoryChanged) statements.push([RAISE_DIRECTORY, this.id]);
    onSent();
    await this.#connection.flight([...statements, ['COMMIT']]);
  }

  async rollback(): Promise<void> {
    if (!this.#connection.broken) await this.#connection.query('ROLLBACK');
  }

  /** Where the effect of this transaction can be found, when it had one that matters. */
  get mark(): Mark | undefined {
    if (this.#directoryChanged) return { mailboxId: undefined, modSeq: 0 };
    return this.#mark;
  }

  /** Whether an earlier try of the same, whose answer was lost, had its effect. The mailbox is locked: it is over. */
  async wasDone({ mailboxId, modSeq }: Mark): Promise<boolean> {
    const rows =
      mailboxId === undefined
        ? await this.select(DIRECTORY_WAS_DONE, this.id)
        : await this.select(WAS_DONE, mailboxId, this.id, modSeq);
    return rows.length > 0;
  }

  #use(mailbox: MailboxState, modSeq: ModSeq): void {
    mailbox.modSeq = Math.max(mailbox.modSeq, modSeq);
    mailbox.dirty = true;
    this.#mark ??= { mailboxId: mailbox.mailboxId, modSeq };
    if (modSeq % LOG_LOOK === 0) this.chore(mailbox.mailboxId);
  }

  #raise(folder: FolderState, modSeq: ModSeq): void {
    assert(modSeq > 0, 'modseqs begin at 1');
    folder.highestModSeq = Math.max(folder.highestModSeq, modSeq);
    folder.dirty = true;
    const { mailboxId, folderId } = folder;
    this.publish(`${mailboxId}/${folderId}`, {
      kind: 'entries',
      mailboxId,
      folderId,
      modSeq: folder.highestModSeq as ModSeq,
    });
  }
}

function keyOf({ mailboxId, folderId }: FolderRef): string {
  return `${mailboxId}/${folderId}`;
}

function folderIds({ folders }: Scope, mailboxId: MailboxId): string {
  const ids = folders.filter((ref) => ref.mailboxId === mailboxId).map((ref) => ref.folderId);
  return `{${[...new Set(ids)].join(',')}}`;
}

function foldedKeywords({ keywords = [] }: Scope, mailboxId: MailboxId): string {
  const folded = new Set<string>();
  for (const one of keywords)
    if (one.mailboxId === mailboxId)
      for (const keyword of one.keywords) folded.add(keyword.toLowerCase());
  return textArray([...folded]);
}

function updateOfFolder(state: FolderState): Statement {
  state.dirty = false;
  return [
    UPDATE_FOLDER,
    state.mailboxId,
    state.folderId,
    state.uidNext,
    state.highestModSeq,
    state.messages,
    state.unseen,
    state.deleted,
    state.sizeBytes,
    state.recentFrom,
  ];
}

function updateOfMailbox(state: MailboxState): Statement {
  state.dirty = false;
  return [
    UPDATE_MAILBOX,
    state.mailboxId,
    state.modSeq,
    state.nextFolderId,
    state.nextContentId,
    state.lastUidValidity,
    state.usedBytes,
    state.usedMessages,
  ];
}
