import { hash } from 'node:crypto';
import { type Folder, hasRight } from '#model';
import type { Mailbox } from '#store';
import { encodeMetadataChanged } from '#wire';
import { FolderTree, type Listed } from '../list/tree.ts';
import type { Session } from '../session.ts';

const EVERYTHING = { entries: ['/private', '/shared'], depth: 'infinity' } as const;

/** What is annotated: a folder, or the server. */
export type Annotated = Pick<Folder, 'mailboxId' | 'folderId'> | 'server';

/** Digests of the values that the client knows of, by place and entry; both are told apart by a character that neither has. */
type Known = Map<string, string>;

/**
 * What a client that enabled METADATA, or asked for it by NOTIFY, has heard of the annotations of its folders and of the server. Others' changes are told by
 * the names of their entries (RFC 5464 §4.4.2); for its own the client has the answer.
 */
export class AnnotationNews implements Disposable {
  readonly #session: Session;
  readonly #others: boolean;
  readonly #watch: Disposable;
  #known: Known = new Map();
  /** From the beginning: what happened while it was read was heard of by nobody. */
  #stale = true;

  private constructor(session: Session, others: boolean) {
    this.#session = session;
    this.#others = others;
    this.#watch = session.server.store.watchDirectory(() => {
      this.#stale = true;
      session.follower.wake();
    });
  }

  /** Begins with what there is now. @param others also in folders of others */
  static async begin(session: Session, others: boolean): Promise<AnnotationNews> {
    const news = new AnnotationNews(session, others);
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
  take(place: Annotated, values: ReadonlyMap<string, Buffer | null>): void {
    const isOwn = place === 'server' || place.mailboxId === this.#session.mailbox.mailboxId;
    if (!isOwn && !this.#others) return;
    for (const [entry, value] of values) {
      if (value === null) this.#known.delete(keyOf(place, entry));
      else this.#known.set(keyOf(place, entry), digestOf(value));
    }
  }

  /** Looks what has changed, if anything may have, and tells it. */
  async tell(): Promise<void> {
    if (!this.#stale) return;
    this.#stale = false;
    try {
      const now = await this.#read();
      const changed = changesBetween(this.#known, now);
      const lines = changed.size === 0 ? [] : await this.#linesOf(changed);
      this.#known = now;
      this.#session.write(lines.join(''));
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
    const query = { ...EVERYTHING, viewerId: mailbox.mailboxId };
    const known: Known = new Map();
    for (const each of this.#others ? await this.#mailboxes() : [mailbox])
      for (const { folderId, entry, value } of await each.annotations({
        ...query,
        folderId: undefined,
      }))
        known.set(keyOf({ mailboxId: each.mailboxId, folderId }, entry), digestOf(value));
    for (const { entry, value } of await server.store.serverAnnotations(query))
      known.set(keyOf('server', entry), digestOf(value));
    return known;
  }

  /** The own one, and those of others that share anything. */
  async #mailboxes(): Promise<Iterable<Mailbox>> {
    const { names } = this.#session;
    const mailboxes = new Map([[names.own.mailboxId, names.own]]);
    for (const { mailbox } of await names.folders({ others: true }))
      mailboxes.set(mailbox.mailboxId, mailbox);
    return mailboxes.values();
  }

  /** The responses, for those places of which the client wants to hear; what a folder had that is gone went with it. */
  async #linesOf(changed: ReadonlyMap<string, readonly string[]>): Promise<readonly string[]> {
    const { names, utf8 } = this.#session;
    const lines: string[] = [];
    for (const listed of (await FolderTree.of(names, { others: this.#others })).names()) {
      const entries = listed.found && changed.get(placeOf(listed.found.folder));
      if (entries !== undefined && (await this.#hearsOf(listed)))
        lines.push(encodeMetadataChanged(listed.name, entries, utf8));
    }
    const ofServer = changed.get(placeOf('server'));
    if (ofServer !== undefined && this.#hearsOfServer())
      lines.push(encodeMetadataChanged('', ofServer, utf8));
    return lines;
  }

  /** RFC 5465 §5.7 */
  #hearsOfServer(): boolean {
    const { enabled, notifications } = this.#session;
    if (notifications !== undefined)
      return notifications.registration.hears('ServerMetadataChange');
    return enabled.has('METADATA') || enabled.has('METADATA-SERVER');
  }

  /** RFC 5465 §5.6; once NOTIFY says what is told, that is all (§3.1). */
  async #hearsOf(listed: Listed): Promise<boolean> {
    const { enabled, notifications } = this.#session;
    if (notifications === undefined) return enabled.has('METADATA');
    const { mailbox, folder } = listed.found!;
    if (!notifications.registration.wants('MailboxMetadataChange', listed)) return false;
    return mailbox.isOwn || hasRight(await mailbox.rights(folder.folderId), 'r');
  }
}

function placeOf(place: Annotated): string {
  return place === 'server' ? place : `${place.mailboxId}/${place.folderId}`;
}

function keyOf(place: Annotated, entry: string): string {
  return `${placeOf(place)} ${entry}`;
}

function digestOf(value: Buffer): string {
  return hash('sha256', value, 'base64');
}

function changesBetween(before: Known, now: Known): ReadonlyMap<string, readonly string[]> {
  const changed = new Map<string, string[]>();
  const note = (key: string): void => {
    const at = key.indexOf(' ');
    const place = key.slice(0, at);
    const entries = changed.get(place);
    if (entries === undefined) changed.set(place, [key.slice(at + 1)]);
    else entries.push(key.slice(at + 1));
  };
  for (const [key, digest] of now) if (before.get(key) !== digest) note(key);
  for (const key of before.keys()) if (!now.has(key)) note(key);
  return changed;
}
