import { assert, PosthornError } from '#kernel';
import {
  type Change,
  type Content,
  type ContentId,
  type FlagSet,
  type Folder,
  type FolderId,
  type MailboxId,
  type MailboxInfo,
  type ModSeq,
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
  Expunge,
  Expunged,
  FlagsStored,
  FolderChanges,
  IngestedEntry,
  OpenedFolder,
  RecentClaimed,
  SetAnnotations,
  StoreFlags,
} from '#storage';
import { checkFolderName } from './folder-name.ts';
import type { Hub } from './hub.ts';
import { ingest } from './ingest.ts';

/** One message of an append. */
export interface NewMessage {
  readonly content: Content;
  readonly flags: FlagSet;
  readonly keywords: readonly string[];
  readonly internalMs: number;
}

/** What came of an append: one for each message, in order. */
export interface Appended {
  readonly entries: readonly IngestedEntry[];
}

type Without<T> = Omit<T, 'kind' | 'mailboxId'>;

/** A mailbox as one session uses it. Every write resolves when it is durable. */
export class Mailbox {
  readonly mailboxId: MailboxId;
  /** What stands before the names of its folders where the session names them. */
  readonly prefix: string = '';
  readonly #owner: string;
  readonly #engine: Engine;
  readonly #hub: Hub;

  constructor(mailboxId: MailboxId, owner: string, engine: Engine, hub: Hub) {
    this.mailboxId = mailboxId;
    this.#owner = owner;
    this.#engine = engine;
    this.#hub = hub;
  }

  info(): Promise<MailboxInfo | undefined> {
    return this.#engine.read.mailbox(this.mailboxId);
  }

  folders(): Promise<readonly Folder[]> {
    return this.#engine.read.folders(this.mailboxId);
  }

  folder(folderId: FolderId): Promise<Folder | undefined> {
    return this.#engine.read.folder({ mailboxId: this.mailboxId, folderId });
  }

  /** Finds a folder by its name as a user wrote it: `inbox/x` is `INBOX/x`, composed or not. */
  async folderByName(name: string): Promise<Folder | undefined> {
    let stored: string;
    try {
      stored = checkFolderName(name);
    } catch {
      return undefined;
    }
    return await this.#engine.read.folderByName(this.mailboxId, stored);
  }

  /** Octets that an EXPUNGE of the folder would free at most. */
  deletedBytes(folderId: FolderId): Promise<number> {
    return this.#engine.read.deletedBytes({ mailboxId: this.mailboxId, folderId });
  }

  subscriptions(): Promise<readonly string[]> {
    return this.#engine.read.subscriptions(this.mailboxId);
  }

  openFolder(folderId: FolderId): Promise<OpenedFolder | undefined> {
    return this.#engine.read.openFolder({ mailboxId: this.mailboxId, folderId });
  }

  changes(
    folderId: FolderId,
    since: ModSeq,
    known?: readonly ModSeq[],
  ): Promise<FolderChanges | undefined> {
    return this.#engine.read.changes({ mailboxId: this.mailboxId, folderId }, since, known);
  }

  entries(query: Omit<EntryQuery, 'mailboxId'>): Promise<readonly Entry[]> {
    return this.#engine.read.entries({ ...query, mailboxId: this.mailboxId });
  }

  contentBytes(contentId: ContentId, start: number, end: number): Promise<Buffer | undefined> {
    return this.#engine.read.contentBytes(this.mailboxId, contentId, start, end);
  }

  /** Appends messages to a folder, all or none. @throws {over-quota}, {no-folder}, {too-many} */
  async append(folderId: FolderId, messages: readonly NewMessage[]): Promise<Appended> {
    const { entries } = await ingest(this.#engine, this.#owner, {
      contents: messages.map((message) => message.content),
      targets: messages.map((message, content) => ({
        content,
        mailboxId: this.mailboxId,
        folderId,
        flags: message.flags,
        keywords: message.keywords,
        internalMs: message.internalMs,
        enforceQuota: true,
      })),
      tracking: [],
    });
    return { entries: entries.filter((entry) => entry !== undefined) };
  }

  storeFlags(change: Without<StoreFlags>): Promise<FlagsStored> {
    return this.#engine.execute<'store-flags'>(this.#owner, {
      kind: 'store-flags',
      mailboxId: this.mailboxId,
      ...change,
    });
  }

  /** Copies or moves entries, also to a folder of another mailbox. */
  copy({ to: { mailboxId, folderId }, ...copy }: Without<Copy>): Promise<Copied> {
    return this.#engine.execute<'copy'>(this.#owner, {
      kind: 'copy',
      mailboxId: this.mailboxId,
      ...copy,
      to: { mailboxId, folderId },
    });
  }

  expunge(expunge: Without<Expunge>): Promise<Expunged> {
    const { mailboxId } = this;
    return this.#engine.execute<'expunge'>(this.#owner, { kind: 'expunge', mailboxId, ...expunge });
  }

  /** @throws {folder-name}, {folder-exists}, {special-use} */
  async createFolder(name: string, specialUse?: SpecialUse): Promise<FolderId> {
    if (specialUse !== undefined && !SPECIAL_USES.includes(specialUse))
      throw new PosthornError('special-use');
    const created = await this.#engine.execute<'create-folder'>(this.#owner, {
      kind: 'create-folder',
      mailboxId: this.mailboxId,
      name: checkFolderName(name),
      specialUse,
    });
    return created.folderId;
  }

  async renameFolder(folderId: FolderId, name: string): Promise<void> {
    await this.#engine.execute<'rename-folder'>(this.#owner, {
      kind: 'rename-folder',
      mailboxId: this.mailboxId,
      folderId,
      name: checkFolderName(name),
    });
  }

  async deleteFolder(folderId: FolderId): Promise<void> {
    const { mailboxId } = this;
    await this.#engine.execute<'delete-folder'>(this.#owner, {
      kind: 'delete-folder',
      mailboxId,
      folderId,
    });
  }

  async subscribe(name: string, on: boolean): Promise<void> {
    await this.#engine.execute<'subscribe'>(this.#owner, {
      kind: 'subscribe',
      mailboxId: this.mailboxId,
      name: checkFolderName(name),
      on,
    });
  }

  /** Takes the \Recent entries for this session; nobody else gets them. */
  claimRecent(folderId: FolderId): Promise<RecentClaimed> {
    const { mailboxId } = this;
    return this.#engine.execute<'claim-recent'>(this.#owner, {
      kind: 'claim-recent',
      mailboxId,
      folderId,
    });
  }

  /** Annotations of a folder, or of all folders, as a viewer sees them. */
  annotations(query: Omit<AnnotationQuery, 'mailboxId'>): Promise<readonly Annotation[]> {
    return this.#engine.read.annotations({ ...query, mailboxId: this.mailboxId });
  }

  /** Annotates a folder, all or nothing. @throws {no-folder}, {too-many} */
  async setAnnotations(changes: Without<SetAnnotations>): Promise<void> {
    await this.#engine.execute<'set-annotations'>(this.#owner, {
      kind: 'set-annotations',
      mailboxId: this.mailboxId,
      ...changes,
    });
  }

  /** Calls back with a hint after each commit that concerns this mailbox, until disposed. */
  watch(listener: (change: Change) => void): Disposable {
    return this.#hub.watch(this.mailboxId, (change) => {
      assert(change.kind !== 'directory', 'a watch hears of its mailbox only');
      listener(change);
    });
  }
}
