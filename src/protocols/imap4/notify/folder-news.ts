import { DELIMITER, hasRight, type MailboxId } from '#model';
import type { Found } from '#store';
import { encodeList, type StatusItem } from '#wire';
import { encodeStatusOf } from '../commands/status.ts';
import { FolderTree, type Listed, specialUseOf } from '../list/tree.ts';
import type { Session } from '../session.ts';
import type { Registration } from './registration.ts';

/** Folders that one session is told of; with more it is told that it hears of none (RFC 5465 §5.8). */
export const FOLDERS_MAX = 10_000;
/** Responses written between two pauses. */
const LINES_AT_ONCE = 500;

/** Makes a response when its turn comes. */
type Line = () => string | Promise<string>;

/** There are more folders than a session may be told of. */
export class TooManyFolders extends Error {}

/** A folder with whatever of it is told. */
interface Known extends Listed {
  readonly found: Found;
  /** Its messages may be known of (RFC 4314 §4). */
  readonly readable: boolean;
}

/** Folders by mailbox and id, and names that are subscribed. */
interface Picture {
  readonly tree: FolderTree;
  readonly folders: ReadonlyMap<string, Known>;
  readonly subscribed: ReadonlySet<string>;
}

/**
 * What a client has heard of the folders that it does not look at. A hint says that there may be something; what it was is seen by
 * comparing with the picture of the last time, so that nothing is lost when hints are, and a burst is told once.
 */
export class FolderNews implements Disposable {
  readonly #session: Session;
  readonly #registration: Registration;
  readonly #watches = new Map<MailboxId, Disposable>();
  #picture: Picture;
  #stale = false;

  private constructor(session: Session, registration: Registration, picture: Picture) {
    this.#session = session;
    this.#registration = registration;
    this.#picture = picture;
    this.#watchOthers();
  }

  /** Begins with what there is now. @throws {TooManyFolders} */
  static async begin(session: Session, registration: Registration): Promise<FolderNews> {
    return new FolderNews(session, registration, await pictureOf(session, registration));
  }

  /** There may be something to tell. */
  get stale(): boolean {
    return this.#stale;
  }

  /** Something happened in a mailbox. */
  notice(): void {
    this.#stale = true;
    this.#session.follower.wake();
  }

  /** Tells the state of all folders whose messages are told of, but the selected one (RFC 5465 §3.1). */
  async tellAll(): Promise<void> {
    const lines = [...this.#picture.folders.values()]
      .filter((folder) => this.#wantsMessages(folder))
      .map((folder) => () => this.#statusLine(folder));
    await this.#write(lines);
  }

  /** Looks what has changed, if anything may have, and tells it. @throws {TooManyFolders} */
  async tell(): Promise<void> {
    if (!this.#stale) return;
    this.#stale = false;
    let now: Picture;
    try {
      now = await pictureOf(this.#session, this.#registration);
    } catch (error) {
      this.#stale = true;
      throw error;
    }
    const before = this.#picture;
    this.#picture = now;
    this.#watchOthers();
    await this.#write([
      ...this.#names(before, now),
      ...this.#subscriptions(before, now),
      ...this.#messages(before, now),
    ]);
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches.values()) watch[Symbol.dispose]();
    this.#watches.clear();
  }

  /** Folders that are gone, new, or have another name (RFC 5465 §5.4). */
  *#names(before: Picture, now: Picture): Generator<Line> {
    for (const [key, folder] of before.folders)
      if (!now.folders.has(key) && this.#registration.wants('MailboxName', folder))
        yield () => this.#listLine(now.tree, { ...folder, found: undefined });
    for (const [key, folder] of now.folders) {
      const old = before.folders.get(key);
      if (old?.name === folder.name) continue;
      const isWanted = [folder, old ?? folder].some((named) =>
        this.#registration.wants('MailboxName', named),
      );
      if (isWanted) yield () => this.#listLine(now.tree, folder, old?.name);
    }
  }

  /** Names that were subscribed or unsubscribed (RFC 5465 §5.5). */
  *#subscriptions(before: Picture, now: Picture): Generator<Line> {
    const names = [
      ...[...now.subscribed].filter((name) => !before.subscribed.has(name)),
      ...[...before.subscribed].filter((name) => !now.subscribed.has(name)),
    ];
    for (const name of names) {
      const listed = now.tree.get(name) ?? { name, found: undefined, subscribed: false };
      // Among those that are subscribed is also what just was.
      if (this.#registration.wants('SubscriptionChange', { ...listed, subscribed: true }))
        yield () => this.#listLine(now.tree, listed);
    }
  }

  /** Folders whose messages are others than before (RFC 5465 §5.1 to §5.3). */
  *#messages(before: Picture, now: Picture): Generator<Line> {
    for (const [key, folder] of now.folders) {
      if (!this.#wantsMessages(folder)) continue;
      const old = before.folders.get(key)?.found.folder;
      const { messages, uidNext, highestModSeq } = folder.found.folder;
      if (old === undefined ? messages === 0 : old.highestModSeq === highestModSeq) continue;
      const isSame = old?.messages === messages && old.uidNext === uidNext;
      if (isSame && !this.#registration.wants('FlagChange', folder)) continue;
      yield () => this.#statusLine(folder);
    }
  }

  /** Of the selected folder other groups say nothing (RFC 5465 §6). */
  #wantsMessages(folder: Known): boolean {
    if (this.#session.selected && this.#session.view.shows(folder.found.folder)) return false;
    return folder.readable && this.#registration.wants('MessageNew', folder);
  }

  #statusLine(folder: Known): Promise<string> {
    const items: StatusItem[] = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN'];
    // RFC 5465 §5.1: with flags always; else for those who know of mod-sequences.
    if (this.#session.condstore || this.#registration.wants('FlagChange', folder))
      items.push('HIGHESTMODSEQ');
    return encodeStatusOf(this.#session, folder.found, items);
  }

  #listLine(tree: FolderTree, { name, found, subscribed }: Listed, oldName?: string): string {
    const attributes: string[] = [];
    const use = found && specialUseOf(found);
    if (found === undefined) attributes.push('\\NonExistent');
    else if (use !== undefined) attributes.push(use);
    attributes.push(tree.hasChildren(name) ? '\\HasChildren' : '\\HasNoChildren');
    if (subscribed) attributes.push('\\Subscribed');
    const listed = { name, delimiter: DELIMITER, attributes };
    const told = oldName === undefined ? listed : { ...listed, oldName };
    return encodeList('LIST', told, this.#session.utf8);
  }

  async #write(lines: readonly Line[]): Promise<void> {
    for (let from = 0; from < lines.length; from += LINES_AT_ONCE) {
      let wire = '';
      for (const line of lines.slice(from, from + LINES_AT_ONCE)) wire += await line();
      this.#session.write(wire);
      await this.#session.breathe();
    }
  }

  /** The own mailbox is watched by the session. */
  #watchOthers(): void {
    const own = this.#session.mailbox.mailboxId;
    const others = new Map(
      [...this.#picture.folders.values()]
        .map(({ found }) => found.mailbox)
        .filter(({ mailboxId }) => mailboxId !== own)
        .map((mailbox) => [mailbox.mailboxId, mailbox]),
    );
    for (const [mailboxId, watch] of this.#watches) {
      if (others.has(mailboxId)) continue;
      watch[Symbol.dispose]();
      this.#watches.delete(mailboxId);
    }
    for (const [mailboxId, mailbox] of others)
      if (!this.#watches.has(mailboxId))
        this.#watches.set(
          mailboxId,
          mailbox.watch(() => this.notice()),
        );
  }
}

async function pictureOf(session: Session, { others }: Registration): Promise<Picture> {
  const tree = await FolderTree.of(session.names, { others });
  const folders = new Map<string, Known>();
  const subscribed = new Set<string>();
  for (const listed of tree.names()) {
    if (listed.subscribed) subscribed.add(listed.name);
    const { found } = listed;
    if (found === undefined) continue;
    const { mailboxId, folderId } = found.folder;
    const readable = found.mailbox.isOwn || hasRight(await found.mailbox.rights(folderId), 'r');
    folders.set(`${mailboxId}/${folderId}`, { ...listed, found, readable });
    if (folders.size > FOLDERS_MAX) throw new TooManyFolders();
  }
  return { tree, folders, subscribed };
}
