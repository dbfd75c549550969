import { assert, PosthornError } from '#kernel';
import {
  type Change,
  type ContentId,
  DELIMITER,
  type FlagMask,
  type Folder,
  type FolderId,
  hasRight,
  INBOX_ID,
  type MailboxId,
  type MailboxInfo,
  type ModSeq,
  type Right,
  type Rights,
  SPECIAL_USES,
  type SpecialUse,
} from '#model';
import type {
  Annotation,
  AnnotationQuery,
  Copied,
  Copy,
  Engine,
  Entry,
  EntryQuery,
  EntryState,
  Expunge,
  Expunged,
  FlagsStored,
  FolderChanges,
  FolderRef,
  Grant,
  OpenedFolder,
  RecentClaimed,
  SetAcl,
  SetAnnotations,
  StateQuery,
  StoreFlags,
} from '#storage';
import { Access, flagsAllowed } from './access.ts';
import type { Appended, NewMessage } from './append.ts';
import { checkFolderName, checkOwnName } from './folder-name.ts';
import type { Hub } from './hub.ts';
import { ingest } from './ingest.ts';
import type { KeptFolders } from './kept-folders.ts';
import type { SharingReads } from './namespace.ts';
import { NEEDED, touches } from './needed.ts';

type Without<T> = Omit<T, 'kind' | 'mailboxId'>;

/** Where a mailbox's things come from and go to. */
export interface MailboxSource {
  readonly engine: Engine;
  readonly hub: Hub;
  readonly kept: KeptFolders;
  /** The session, by the name under which it waits. */
  readonly owner: string;
}

/**
 * A mailbox as one session uses it: its owner's, or that of somebody who was granted rights on some of its folders (RFC 4314). Every write
 * resolves when it is durable. Folders that may not be looked up are as if they were not there; what else is not allowed
 * is refused with {no-permission}.
 */
export class Mailbox {
  readonly mailboxId: MailboxId;
  /** What stands before the names of its folders where the session names them. */
  readonly prefix: string;
  readonly #owner: string;
  readonly #engine: Engine;
  readonly #source: MailboxSource;
  readonly #access: Access;

  constructor(
    mailboxId: MailboxId,
    source: MailboxSource,
    access: Access = new Access(),
    prefix = '',
  ) {
    this.mailboxId = mailboxId;
    this.prefix = prefix;
    this.#source = source;
    this.#owner = source.owner;
    this.#engine = source.engine;
    this.#access = access;
  }

  /** Whether it is the session's own. */
  get isOwn(): boolean {
    return this.#access.isOwner;
  }

  /** What a `Namespace` asks to find folders of others. */
  get sharing(): SharingReads {
    return this.#engine.read;
  }

  /** The same session's way to another mailbox. */
  another(mailboxId: MailboxId, access: Access, prefix: string): Mailbox {
    return new Mailbox(mailboxId, this.#source, access, prefix);
  }

  info(): Promise<MailboxInfo | undefined> {
    return this.#engine.read.mailbox(this.mailboxId);
  }

  /** What the session may do in a folder, as last heard of; nothing where it may not look it up. */
  rights(folderId: FolderId): Promise<Rights> {
    return this.#access.rights(folderId);
  }

  /** Refuses what rights do not allow now. @throws {no-folder}, {no-permission} */
  async require(folderId: FolderId, ...needed: readonly Right[]): Promise<void> {
    await this.#access.require(folderId, needed);
  }

  async folders(): Promise<readonly Folder[]> {
    const folders = await this.#engine.read.folders(this.mailboxId);
    if (this.isOwn) return folders;
    const rights = await Promise.all(folders.map(({ folderId }) => this.rights(folderId)));
    return folders.filter((_folder, index) => rights[index] !== '');
  }

  async folder(folderId: FolderId): Promise<Folder | undefined> {
    return this.#visible(await this.#engine.read.folder(this.#ref(folderId)));
  }

  /** Finds a folder by its name as a user wrote it: `inbox/x` is `INBOX/x`, composed or not. */
  async folderByName(name: string): Promise<Folder | undefined> {
    let stored: string;
    try {
      stored = checkFolderName(name);
    } catch {
      return undefined;
    }
    return this.#visible(await this.#engine.read.folderByName(this.mailboxId, stored));
  }

  /** Octets that an EXPUNGE of the folder would free at most. */
  async deletedBytes(folderId: FolderId): Promise<number> {
    await this.#access.requireToRead(folderId);
    return this.#engine.read.deletedBytes(this.#ref(folderId));
  }

  subscriptions(): Promise<readonly string[]> {
    return this.#engine.read.subscriptions(this.mailboxId);
  }

  /** Undefined when the folder is gone, or may not be read any more. */
  async openFolder(folderId: FolderId): Promise<OpenedFolder | undefined> {
    if (!(await this.#access.mayRead(folderId))) return undefined;
    return this.#engine.read.openFolder(this.#ref(folderId));
  }

  /** As `KeptFolders.changes`. Undefined when the folder is gone, or may not be read any more. */
  async changes(
    folderId: FolderId,
    since: ModSeq,
    known?: readonly ModSeq[],
    asOf?: ModSeq,
  ): Promise<FolderChanges | undefined> {
    if (!this.isOwn && !(await this.#access.mayRead(folderId))) return undefined;
    return this.#source.kept.changes(this.#ref(folderId), since, known, asOf);
  }

  /** Flags of entries, lowest uid first. @throws {no-permission} */
  async states(query: Omit<StateQuery, 'mailboxId'>): Promise<readonly EntryState[]> {
    if (!this.isOwn) await this.#access.requireToRead(query.folderId);
    return this.#source.kept.states({ ...query, mailboxId: this.mailboxId });
  }

  async entries(query: Omit<EntryQuery, 'mailboxId'>): Promise<readonly Entry[]> {
    if (!this.isOwn) await this.#access.requireToRead(query.folderId);
    return this.#engine.read.entries({ ...query, mailboxId: this.mailboxId });
  }

  /** Bytes of a message that `entries` showed. */
  async contentBytes(
    contentId: ContentId,
    start: number,
    end: number,
  ): Promise<Buffer | undefined> {
    if (!(await this.#access.mayReadAny())) return undefined;
    return this.#engine.read.contentBytes(this.mailboxId, contentId, start, end);
  }

  /**
   * Appends messages to a folder, all or none, with those of their flags that the rights allow (RFC 4314 §4). They count to the mailbox's
   * owner. With `claims` the session has them, and what nobody had before them, as \Recent by the same commit.
   * @throws {over-quota}, {no-folder}, {too-many}, {no-permission}
   */
  async append(
    folderId: FolderId,
    messages: readonly NewMessage[],
    claims = false,
  ): Promise<Appended> {
    const may = await this.flagsToPut(folderId);
    const claimsRecent = claims && (await this.#access.mayRead(folderId));
    const { entries } = await ingest(this.#engine, this.#owner, {
      contents: messages.map((message) => message.content),
      targets: messages.map(({ flags, keywords, internalMs }, content) => ({
        content,
        ...this.#ref(folderId),
        flags: may === undefined ? flags : flags & may.flags,
        keywords: may?.keywords === false ? [] : keywords,
        internalMs,
        enforceQuota: true,
        claimsRecent,
      })),
      tracking: [],
    });
    return { entries: entries.filter((entry) => entry !== undefined) };
  }

  /** Changes those of the flags that the rights allow; it is refused only when they allow none (RFC 4314 §4). @throws {no-permission} */
  async storeFlags(change: Without<StoreFlags>): Promise<FlagsStored> {
    const may = await this.#flagsAfter(change.folderId, 'r');
    if (may !== undefined && !touches(change, may)) throw new PosthornError('no-permission');
    return this.#engine.execute<'store-flags'>(this.#owner, {
      kind: 'store-flags',
      mailboxId: this.mailboxId,
      ...change,
      ...(may === undefined ? {} : { within: may }),
    });
  }

  /** Copies or moves entries, also to a folder of another mailbox; the copies keep the flags that the rights there allow. */
  async copy({
    to,
    ...copy
  }: Omit<Without<Copy>, 'to' | 'keeping'> & {
    readonly to: { readonly mailbox: Mailbox; readonly folder: Pick<Folder, 'folderId'> };
  }): Promise<Copied> {
    await this.require(copy.folderId, ...NEEDED[copy.move ? 'move' : 'copy']);
    const { mailbox, folder } = to;
    const keeping = await mailbox.flagsToPut(folder.folderId);
    return this.#engine.execute<'copy'>(this.#owner, {
      kind: 'copy',
      mailboxId: this.mailboxId,
      ...copy,
      to: { mailboxId: mailbox.mailboxId, folderId: folder.folderId },
      ...(keeping === undefined ? {} : { keeping }),
    });
  }

  async expunge(expunge: Without<Expunge>): Promise<Expunged> {
    await this.require(expunge.folderId, ...NEEDED[expunge.onlyDeleted ? 'expunge' : 'remove']);
    const ref = this.#ref(expunge.folderId);
    // Clients expunge more often than they delete: nothing to do costs a look, and no turn at writing.
    const folder = expunge.onlyDeleted ? await this.#engine.read.folder(ref) : undefined;
    if (folder?.deleted === 0) return { modSeq: folder.highestModSeq, uids: [] };
    return this.#engine.execute<'expunge'>(this.#owner, { kind: 'expunge', ...ref, ...expunge });
  }

  /**
   * Creates a folder, which has the rights of the one above it (RFC 4314 §4). At the root only the owner creates, and only the
   * owner says what a folder is for. @throws {folder-name}, {folder-exists}, {special-use}, {no-permission}
   */
  async createFolder(name: string, specialUse?: SpecialUse): Promise<FolderId> {
    if (specialUse !== undefined && (!SPECIAL_USES.includes(specialUse) || !this.isOwn))
      throw new PosthornError('special-use');
    const created = await this.#engine.execute<'create-folder'>(this.#owner, {
      kind: 'create-folder',
      mailboxId: this.mailboxId,
      name: await this.#newName(name),
      specialUse,
    });
    return created.folderId;
  }

  /** Renames a folder and all below it; their rights stay. INBOX gives its messages away, which takes the rights to move them. */
  async renameFolder(folderId: FolderId, name: string): Promise<void> {
    await this.require(folderId, 'x', ...(folderId === INBOX_ID ? NEEDED.move : []));
    await this.#engine.execute<'rename-folder'>(this.#owner, {
      kind: 'rename-folder',
      ...this.#ref(folderId),
      name: await this.#newName(name),
    });
  }

  async deleteFolder(folderId: FolderId): Promise<void> {
    await this.require(folderId, 'x');
    await this.#engine.execute<'delete-folder'>(this.#owner, {
      kind: 'delete-folder',
      ...this.#ref(folderId),
    });
  }

  /** Subscriptions are the account's own, whosever folder the name leads to. */
  async subscribe(name: string, on: boolean): Promise<void> {
    assert(this.isOwn, 'an account subscribes in its own mailbox');
    await this.#engine.execute<'subscribe'>(this.#owner, {
      kind: 'subscribe',
      mailboxId: this.mailboxId,
      name: checkFolderName(name),
      on,
    });
  }

  /** Takes the \Recent entries for this session; nobody else gets them. */
  async claimRecent(folderId: FolderId): Promise<RecentClaimed> {
    await this.require(folderId, 'r');
    return this.#engine.execute<'claim-recent'>(this.#owner, {
      kind: 'claim-recent',
      ...this.#ref(folderId),
    });
  }

  /** Annotations of a folder, or of all folders that one has to do with, as a viewer sees them. @throws {no-permission} */
  async annotations(query: Omit<AnnotationQuery, 'mailboxId'>): Promise<readonly Annotation[]> {
    const { folderId } = query;
    if (folderId !== undefined && !(await this.#access.mayNote(folderId)))
      throw new PosthornError('no-permission');
    const all = await this.#engine.read.annotations({ ...query, mailboxId: this.mailboxId });
    if (this.isOwn || folderId !== undefined) return all;
    const shown = await Promise.all(all.map((each) => this.#access.mayNote(each.folderId)));
    return all.filter((_each, index) => shown[index]);
  }

  /**
   * Annotates a folder, all or nothing; for all who see it only with the right to write.
   * @throws {no-folder}, {too-many}, {no-permission}
   */
  async setAnnotations(changes: Without<SetAnnotations>): Promise<void> {
    await this.#access.requireNote(changes.folderId, changes.shared.length > 0);
    await this.#engine.execute<'set-annotations'>(this.#owner, {
      kind: 'set-annotations',
      mailboxId: this.mailboxId,
      ...changes,
    });
  }

  /** What others than the owner may do in a folder; the owner asks of all at once too. @throws {no-permission} */
  async acl(folderId?: FolderId): Promise<readonly Grant[]> {
    if (folderId !== undefined) await this.require(folderId, 'a');
    else if (!this.isOwn) throw new PosthornError('no-permission');
    return this.#engine.read.acl(this.mailboxId, folderId);
  }

  /** Changes what somebody may do in a folder; false when nothing changed. @throws {no-permission}, {too-many}, {invalid} for the owner */
  async setAcl(change: Without<SetAcl>): Promise<boolean> {
    if (change.granteeId === this.mailboxId)
      throw new PosthornError('invalid', 'the owner always has all rights');
    await this.require(change.folderId, 'a');
    const { changed } = await this.#engine.execute<'set-acl'>(this.#owner, {
      kind: 'set-acl',
      mailboxId: this.mailboxId,
      ...change,
    });
    return changed;
  }

  /** Calls back with a hint after each commit that concerns this mailbox, until disposed. */
  watch(listener: (change: Change) => void): Disposable {
    // What was read before may have changed unheard.
    if (!this.isOwn) this.#access.forget();
    return this.#source.hub.watch(this.mailboxId, (change) => {
      assert(change.kind !== 'directory', 'a watch hears of its mailbox only');
      if (change.kind !== 'entries') this.#access.forget();
      listener(change);
    });
  }

  /** The flags that what the session puts into a folder may have; undefined is all. @throws {no-folder}, {no-permission} */
  flagsToPut(folderId: FolderId): Promise<FlagMask | undefined> {
    return this.#flagsAfter(folderId, 'i');
  }

  #ref(folderId: FolderId): FolderRef {
    return { mailboxId: this.mailboxId, folderId };
  }

  async #visible(folder: Folder | undefined): Promise<Folder | undefined> {
    if (folder === undefined || this.isOwn) return folder;
    return (await this.rights(folder.folderId)) === '' ? undefined : folder;
  }

  /** The flags that may be set in a folder for which a right is needed; undefined is all. */
  async #flagsAfter(folderId: FolderId, needed: Right): Promise<FlagMask | undefined> {
    const rights = await this.#access.require(folderId, [needed]);
    return this.isOwn ? undefined : flagsAllowed(rights);
  }

  /** Checks the name of a folder to be: who does not own the mailbox needs a right on the nearest folder above (RFC 4314 §4). */
  async #newName(given: string): Promise<string> {
    const name = checkFolderName(given);
    if (this.isOwn) return checkOwnName(name);
    for (let at = name.lastIndexOf(DELIMITER); at > 0; at = name.lastIndexOf(DELIMITER, at - 1)) {
      const above = await this.#engine.read.folderByName(this.mailboxId, name.slice(0, at));
      if (above === undefined) continue;
      // Also where that one may not be looked up: nobody learns that it is there.
      if (hasRight(await this.rights(above.folderId), 'k')) return name;
      break;
    }
    throw new PosthornError('no-permission', `no right to create ${name}`);
  }
}
