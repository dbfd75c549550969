import { type Change, DELIMITER, type MailboxId } from '#model';
import type { Mailbox } from '#store';
import { encodeList, type StatusItem } from '#wire';
import { encodeStatusOf } from '../commands/status.ts';
import { attributesOf } from '../list/attributes.ts';
import type { FolderTree } from '../list/tree.ts';
import type { Session } from '../session.ts';
import { isNews, messageNews, type NameNews, nameNews, subscriptionNews } from './differences.ts';
import { Heard, type Known } from './heard.ts';
import type { Registration } from './registration.ts';

/** Responses written between two pauses. */
const LINES_AT_ONCE = 500;
/** Names of folders that were withdrawn, of which it is told when they come again. */
const WITHDRAWN_MAX = 1000;

/** Folders that are looked at one by one. */
const TOUCHED_MAX = 4;

/** Makes a response when its turn comes. */
type Line = () => string | Promise<string>;

/**
 * Tells a client of the folders that it does not look at. A hint says that there may be something; what it was is seen by comparing
 * with what the client has heard, so that nothing is lost when hints are, and a burst is told once. A client that is slow to take
 * it is told less often.
 */
export class FolderNews implements Disposable {
  readonly #session: Session;
  readonly #registration: Registration;
  readonly #watches = new Map<MailboxId, Disposable>();
  readonly #withdrawn = new Set<string>();
  #heard: Heard;
  /** All folders are to be looked at; from the beginning, since nobody heard of what happened while they were read. */
  #doubts = true;
  /** Folders whose messages are to be looked at, where nothing else has happened. */
  readonly #touched = new Set<Known>();

  private constructor(session: Session, registration: Registration, heard: Heard) {
    this.#session = session;
    this.#registration = registration;
    this.#heard = heard;
    this.#watchOthers();
  }

  /** Begins with what there is now. @throws {TooManyFolders} */
  static async begin(session: Session, registration: Registration): Promise<FolderNews> {
    return new FolderNews(session, registration, await read(session, registration));
  }

  /** What the client has heard: a command notes there what it did itself, which is no news. */
  get heard(): Heard {
    return this.#heard;
  }

  /** There may be something to tell. */
  get stale(): boolean {
    return this.#doubts || this.#touched.size > 0;
  }

  /** Something happened in a mailbox. */
  notice(change: Change): void {
    const known = change.kind === 'entries' ? this.#heard.get(change) : undefined;
    if (known === undefined) this.doubt();
    else if (this.#wantsMessages(known)) {
      this.#touched.add(known);
      this.#session.follower.wake();
    }
  }

  /** There may be something that nobody said. */
  doubt(): void {
    this.#doubts = true;
    this.#session.follower.wake();
  }

  /**
   * Tells what belongs to the answer: folders that may be looked up and no more (RFC 5465 §3.1), and, with `status`, the state of all
   * whose messages are told of, but the selected one.
   */
  async tellAll(status: boolean): Promise<void> {
    const { tree } = this.#heard;
    const folders = [...this.#heard.folders];
    const closed = folders
      .filter((folder) => !folder.readable && this.#registration.watches(folder))
      .map((listed) => () => this.#listLine(tree, { listed, noAccess: true }));
    const states = folders
      .filter((folder) => status && this.#wantsMessages(folder))
      .map((folder) => () => this.#statusLine(folder));
    await this.#write([...closed, ...states]);
  }

  /** Looks what has changed, if anything may have, and tells it. @throws {TooManyFolders} */
  async tell(): Promise<void> {
    if (!this.stale) return;
    const touched = this.#doubts ? undefined : [...this.#touched];
    this.#doubts = false;
    this.#touched.clear();
    try {
      const isTold = touched !== undefined && (await this.#tellTouched(touched));
      if (!isTold) await this.#tellChanges();
    } catch (error) {
      this.#doubts = true;
      throw error;
    }
  }

  /** Looks at few folders, which is much less than at all. @returns false where that is not enough */
  async #tellTouched(touched: readonly Known[]): Promise<boolean> {
    if (touched.length > TOUCHED_MAX) return false;
    const folders = await Promise.all(
      touched.map(({ found: { mailbox, folder } }) => mailbox.folder(folder.folderId)),
    );
    const news: Known[] = [];
    for (const [index, folder] of folders.entries()) {
      const known = touched[index]!;
      const { mailbox } = known.found;
      if (folder === undefined || mailbox.prefix + folder.name !== known.name) return false;
      news.push({ ...known, found: { mailbox, folder }, state: folder });
    }
    const lines: Line[] = [];
    for (const folder of news) {
      if (this.#wantsMessages(folder) && isNews(this.#heard, folder, this.#registration))
        lines.push(() => this.#statusLine(folder));
      this.#heard.update(folder);
    }
    await this.#write(lines);
    return true;
  }

  async #tellChanges(): Promise<void> {
    const now = await read(this.#session, this.#registration);
    const before = this.#heard;
    const registration = this.#registration;
    const { names, moved } = nameNews(before, now, registration, this.#withdrawn);
    this.#noteWithdrawn(names);
    const lines = [...names, ...subscriptionNews(before, now, registration)].map(
      (news) => () => this.#listLine(now.tree, news),
    );
    const states = [...messageNews(before, now, registration, moved)]
      .filter((folder) => this.#wantsMessages(folder))
      .map((folder) => () => this.#statusLine(folder));
    this.#heard = now;
    this.#watchOthers();
    await this.#write([...lines, ...states]);
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches.values()) watch[Symbol.dispose]();
    this.#watches.clear();
  }

  /** Of the selected folder other groups say nothing (RFC 5465 §6). */
  #wantsMessages(folder: Known): boolean {
    if (this.#session.selected && this.#session.view.shows(folder.found.folder)) return false;
    return folder.readable && this.#registration.wants('MessageNew', folder);
  }

  #statusLine(folder: Known): Promise<string> {
    const items: StatusItem[] = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN'];
    // RFC 5465 §3.1, §5.1: with flags always; else for those who know of mod-sequences (§5.2).
    if (this.#session.condstore || this.#registration.wants('FlagChange', folder))
      items.push('HIGHESTMODSEQ');
    return encodeStatusOf(this.#session, folder.found, items);
  }

  #listLine(tree: FolderTree, { listed, oldName, noAccess }: NameNews): string {
    const attributes = [...attributesOf(tree, listed), ...(noAccess ? ['\\NoAccess'] : [])];
    const told = { name: listed.name, delimiter: DELIMITER, attributes };
    return encodeList(
      'LIST',
      oldName === undefined ? told : { ...told, oldName },
      this.#session.utf8,
    );
  }

  #noteWithdrawn(news: readonly NameNews[]): void {
    for (const { listed, noAccess } of news) {
      this.#withdrawn.delete(listed.name);
      if (noAccess && listed.found === undefined) this.#withdrawn.add(listed.name);
    }
    for (const name of this.#withdrawn) {
      if (this.#withdrawn.size <= WITHDRAWN_MAX) return;
      this.#withdrawn.delete(name);
    }
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
    const others = new Map<MailboxId, Mailbox>();
    for (const { found } of this.#heard.folders)
      if (!found.mailbox.isOwn) others.set(found.mailbox.mailboxId, found.mailbox);
    for (const [mailboxId, watch] of this.#watches) {
      if (others.has(mailboxId)) continue;
      watch[Symbol.dispose]();
      this.#watches.delete(mailboxId);
    }
    for (const [mailboxId, mailbox] of others) {
      if (this.#watches.has(mailboxId)) continue;
      const watch = mailbox.watch((change) => {
        this.notice(change);
        if (change.kind === 'folders') this.#session.news?.notice();
      });
      this.#watches.set(mailboxId, watch);
      // What happened since it was looked at was heard of by nobody.
      this.#doubts = true;
    }
  }
}

function read(session: Session, registration: Registration): Promise<Heard> {
  return Heard.now(session, registration, session.server.limits.notifyFoldersMax);
}
