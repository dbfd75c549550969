import { hash } from 'node:crypto';
import { type FolderId, SERVER_ID } from '#model';
import { encodeMetadataChanged } from '#wire';
import { FolderTree, type Listed } from '../list/tree.ts';
import type { Session } from '../session.ts';

const EVERYTHING = { entries: ['/private', '/shared'], depth: 'infinity' } as const;

/** Digests of the values that the client knows of, by folder and entry; both are told apart by a character that no entry has. */
type Known = Map<string, string>;

/**
 * What a client that enabled METADATA, or asked for it by NOTIFY, has heard of the annotations of its folders and of the server. Others' changes are told by
 * the names of their entries (RFC 5464 §4.4.2); for its own the client has the answer.
 */
export class AnnotationNews implements Disposable {
  readonly #session: Session;
  readonly #watch: Disposable;
  #known: Known = new Map();
  #stale = false;

  private constructor(session: Session) {
    this.#session = session;
    this.#watch = session.server.store.watchDirectory(() => {
      this.#stale = true;
      session.follower.wake();
    });
  }

  /** Begins with what there is now. */
  static async begin(session: Session): Promise<AnnotationNews> {
    const news = new AnnotationNews(session);
    try {
      news.#known = await news.#read();
      return news;
    } catch (error) {
      news[Symbol.dispose]();
      throw error;
    }
  }

  /** There may be something to tell. */
  get stale(): boolean {
    return this.#stale;
  }

  /** Something happened to the folders. */
  notice(): void {
    this.#stale = true;
  }

  /** The client has set these itself: null is a value that it removed. */
  take(folderId: FolderId, values: ReadonlyMap<string, Buffer | null>): void {
    for (const [entry, value] of values) {
      if (value === null) this.#known.delete(keyOf(folderId, entry));
      else this.#known.set(keyOf(folderId, entry), digestOf(value));
    }
  }

  /** Looks what has changed, if anything may have, and tells it. */
  async tell(): Promise<void> {
    if (!this.#stale) return;
    this.#stale = false;
    try {
      const now = await this.#read();
      const changed = changesBetween(this.#known, now);
      const names = changed.size === 0 ? new Map() : await this.#names();
      this.#known = now;
      for (const [folderId, entries] of changed) {
        const listed = names.get(folderId);
        // Those of a folder that is gone went with it.
        if (listed !== undefined && this.#wants(folderId, listed))
          this.#session.write(encodeMetadataChanged(listed.name, entries, this.#session.utf8));
      }
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  async #read(): Promise<Known> {
    const { mailbox, server } = this.#session;
    const viewerId = mailbox.mailboxId;
    const known: Known = new Map();
    const ofFolders = await mailbox.annotations({ ...EVERYTHING, folderId: undefined, viewerId });
    for (const { folderId, entry, value } of ofFolders)
      known.set(keyOf(folderId, entry), digestOf(value));
    for (const { entry, value } of await server.store.serverAnnotations({
      ...EVERYTHING,
      viewerId,
    }))
      known.set(keyOf(SERVER_ID, entry), digestOf(value));
    return known;
  }

  /** RFC 5465 §5.6, §5.7 */
  #wants(folderId: FolderId, listed: Listed): boolean {
    const { enabled, notifications } = this.#session;
    const registration = notifications?.registration;
    if (enabled.has('METADATA')) return true;
    if (folderId !== SERVER_ID)
      return registration?.wants('MailboxMetadataChange', listed) === true;
    return enabled.has('METADATA-SERVER') || registration?.hears('ServerMetadataChange') === true;
  }

  async #names(): Promise<ReadonlyMap<FolderId, Listed>> {
    const own = this.#session.mailbox.mailboxId;
    const names = new Map<FolderId, Listed>();
    for (const listed of (await FolderTree.of(this.#session.names, { others: false })).names())
      if (listed.found?.mailbox.mailboxId === own) names.set(listed.found.folder.folderId, listed);
    return names.set(SERVER_ID, { name: '', found: undefined, subscribed: false });
  }
}

function keyOf(folderId: FolderId, entry: string): string {
  return `${folderId} ${entry}`;
}

function digestOf(value: Buffer): string {
  return hash('sha256', value, 'base64');
}

function changesBetween(before: Known, now: Known): Map<FolderId, string[]> {
  const changed = new Map<FolderId, string[]>();
  const note = (key: string): void => {
    const at = key.indexOf(' ');
    const folderId = Number(key.slice(0, at)) as FolderId;
    const entries = changed.get(folderId);
    if (entries === undefined) changed.set(folderId, [key.slice(at + 1)]);
    else entries.push(key.slice(at + 1));
  };
  for (const [key, digest] of now) if (before.get(key) !== digest) note(key);
  for (const key of before.keys()) if (!now.has(key)) note(key);
  return changed;
}
