import { DELIMITER, type Folder, hasRight } from '#model';
import type { Found } from '#store';
import { FolderTree, type Listed, levelsAbove } from '../list/tree.ts';
import type { Session } from '../session.ts';
import type { View } from '../view.ts';
import type { Registration } from './registration.ts';

/** Which folder it is, whatever its name. */
export type FolderRef = Pick<Folder, 'mailboxId' | 'folderId'>;

/** There are more folders to tell of than a session may be told of. */
export class TooManyFolders extends Error {}

/** A folder as a client has heard of it. */
export interface Known extends Listed {
  readonly found: Found;
  /** Its messages may be known of: all that is told of a folder needs that right too (RFC 5465 §5). */
  readonly readable: boolean;
  /** How many messages, and up to which one and which change. */
  readonly state: Readonly<Pick<Folder, 'messages' | 'uidNext' | 'highestModSeq'>>;
}

/**
 * All folders as a client has heard of them: as they were when it was told last, with what its own session has done since, of which it is
 * told by the answer (RFC 5465 §5).
 */
export class Heard {
  readonly tree: FolderTree;
  readonly subscribed: Set<string>;
  /** Names of folders that the session has created, which are seen for the first time when the folders are looked at next. */
  readonly created = new Set<string>();
  readonly #folders = new Map<string, Known>();
  readonly #names = new Set<string>();

  private constructor(tree: FolderTree) {
    this.tree = tree;
    this.subscribed = new Set();
  }

  /** Reads how it is now. @throws {TooManyFolders} when the registration names more than `foldersMax` */
  static async now(
    session: Session,
    registration: Registration,
    foldersMax: number,
  ): Promise<Heard> {
    const { others } = registration;
    const heard = new Heard(await FolderTree.of(session.names, { others }));
    let watched = 0;
    for (const listed of heard.tree.names()) {
      if (listed.subscribed) heard.subscribed.add(listed.name);
      const { found } = listed;
      if (found === undefined) continue;
      if (registration.watches(listed) && ++watched > foldersMax) throw new TooManyFolders();
      const { mailbox, folder } = found;
      const readable = mailbox.isOwn || hasRight(await mailbox.rights(folder.folderId), 'r');
      heard.#folders.set(keyOf(folder), { ...listed, found, readable, state: folder });
      heard.#names.add(listed.name);
    }
    return heard;
  }

  /** All folders, by name. */
  get folders(): Iterable<Known> {
    return this.#folders.values();
  }

  /** What is known of a folder; undefined when it was not heard of. */
  get(ref: FolderRef): Known | undefined {
    return this.#folders.get(keyOf(ref));
  }

  /** Whether there was a folder of that name. */
  hasName(name: string): boolean {
    return this.#names.has(name);
  }

  /** A folder was looked at anew. */
  update(known: Known): void {
    this.#folders.set(keyOf(known.found.folder), known);
  }

  /** The session has created a folder, and those above it that were missing. */
  create(name: string): void {
    for (const each of [...levelsAbove(name), name]) {
      if (this.#names.has(each)) continue;
      this.#names.add(each);
      this.created.add(each);
    }
  }

  /** The session has deleted a folder. */
  delete(ref: FolderRef, name: string): void {
    this.#folders.delete(keyOf(ref));
    this.#names.delete(name);
    this.created.delete(name);
  }

  /** The session has renamed a folder, and with it those below. */
  rename(from: string, to: string): void {
    const isMoved = (name: string) => name === from || name.startsWith(from + DELIMITER);
    const renamed = (name: string) => to + name.slice(from.length);
    for (const [key, known] of this.#folders)
      if (isMoved(known.name)) this.#folders.set(key, { ...known, name: renamed(known.name) });
    for (const names of [this.#names, this.created])
      for (const name of [...names].filter(isMoved)) {
        names.delete(name);
        names.add(renamed(name));
      }
    for (const above of levelsAbove(to)) this.create(above);
  }

  /** The session has subscribed or unsubscribed a name. */
  subscribe(name: string, on: boolean): void {
    if (on) this.subscribed.add(name);
    else this.subscribed.delete(name);
  }

  /** The session has put messages into a folder. If others did too, that is still to be told. @param uids ascending */
  put(ref: FolderRef, uids: readonly number[]): void {
    const known = this.get(ref);
    const last = uids.at(-1);
    if (known === undefined || last === undefined || known.state.uidNext !== uids[0]) return;
    const messages = known.state.messages + uids.length;
    const uidNext = (last + 1) as Folder['uidNext'];
    this.#folders.set(keyOf(ref), { ...known, state: { ...known.state, messages, uidNext } });
  }

  /** The session has left a folder, of which it knows what it was told while it looked at it; so many messages less, which it has removed. */
  leave(view: View, removed: number): void {
    const ref = { mailboxId: view.mailbox.mailboxId, folderId: view.folderId };
    const known = this.get(ref);
    if (known === undefined) return;
    const messages = view.size - removed;
    const uidNext = Math.max(known.state.uidNext, view.lastUid + 1) as Folder['uidNext'];
    // What is left to tell is told again: that it is gone, or flags.
    const isAll = !view.hasGone && view.flagsSince === view.modSeq;
    const highestModSeq = (isAll ? view.modSeq : 0) as Folder['highestModSeq'];
    const state = { messages, uidNext, highestModSeq };
    this.#folders.set(keyOf(ref), { ...known, state });
  }
}

function keyOf({ mailboxId, folderId }: FolderRef): string {
  return `${mailboxId}/${folderId}`;
}
