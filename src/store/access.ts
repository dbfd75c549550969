import { PosthornError } from '#kernel';
import {
  ALL_FLAGS,
  ALL_RIGHTS,
  Flag,
  type FlagMask,
  type FolderId,
  hasRight,
  NO_RIGHTS,
  type Right,
  type Rights,
} from '#model';

type FolderRights = ReadonlyMap<FolderId, Rights>;

/** What a session may do in the folders of a mailbox: its owner everything, others what they were granted (RFC 4314). */
export class Access {
  readonly #read: (() => Promise<FolderRights>) | undefined;
  #known: Promise<FolderRights> | undefined;

  /**
   * @param read gives a grantee's rights as they are now; undefined for the owner
   * @param known the rights where they have just been read
   */
  constructor(read?: () => Promise<FolderRights>, known?: FolderRights) {
    this.#read = read;
    this.#known = known && Promise.resolve(known);
  }

  get isOwner(): boolean {
    return this.#read === undefined;
  }

  /** The rights on a folder as last heard of: good for looking. Without lookup it is as if there were no folder. */
  async rights(folderId: FolderId): Promise<Rights> {
    return this.#read === undefined ? ALL_RIGHTS : rightsIn(await this.#all(this.#read), folderId);
  }

  /** Whether a folder may be read, as last heard of. */
  async mayRead(folderId: FolderId): Promise<boolean> {
    return this.isOwner || hasRight(await this.rights(folderId), 'r');
  }

  /** Refuses what may not be read, as last heard of. @throws {no-permission} */
  async requireToRead(folderId: FolderId): Promise<void> {
    if (!(await this.mayRead(folderId))) throw new PosthornError('no-permission');
  }

  /** Whether anything may be read. */
  async mayReadAny(): Promise<boolean> {
    if (this.#read === undefined) return true;
    for (const rights of (await this.#all(this.#read)).values())
      if (hasRight(rights, 'l') && hasRight(rights, 'r')) return true;
    return false;
  }

  /**
   * Asks before a write whether it is allowed, by what is granted now.
   *
   * @returns the rights on the folder
   * @throws {no-folder} when it may not even be looked up, {no-permission} naming what is missing
   */
  async require(folderId: FolderId, needed: readonly Right[]): Promise<Rights> {
    if (this.#read === undefined) return ALL_RIGHTS;
    this.forget();
    const rights = await this.rights(folderId);
    if (rights === NO_RIGHTS) throw new PosthornError('no-folder');
    const missing = needed.filter((right) => !hasRight(rights, right));
    if (missing.length > 0)
      throw new PosthornError('no-permission', `the rights "${missing.join('')}" are missing`);
    return rights;
  }

  /** Whether annotations may be read and set at all (RFC 5464 §3.3). */
  async mayNote(folderId: FolderId): Promise<boolean> {
    return allowsNotes(await this.rights(folderId));
  }

  /** Asks before annotations are set: those that all see are written, which takes that right. @throws as `require` */
  async requireNote(folderId: FolderId, forAll: boolean): Promise<void> {
    const rights = await this.require(folderId, forAll ? ['w'] : []);
    if (!allowsNotes(rights)) throw new PosthornError('no-permission');
  }

  /** Rights may have changed: they are read again when they are needed. */
  forget(): void {
    this.#known = undefined;
  }

  #all(read: () => Promise<FolderRights>): Promise<FolderRights> {
    if (this.#known !== undefined) return this.#known;
    const reading = read();
    this.#known = reading;
    reading.catch(() => {
      if (this.#known === reading) this.#known = undefined;
    });
    return reading;
  }
}

function allowsNotes(rights: Rights): boolean {
  return NOTING.some((right) => hasRight(rights, right));
}

const NOTING: readonly Right[] = ['r', 's', 'w', 'i', 'p'];

function rightsIn(all: FolderRights, folderId: FolderId): Rights {
  const rights = all.get(folderId) ?? NO_RIGHTS;
  return hasRight(rights, 'l') ? rights : NO_RIGHTS;
}

/** The flags that rights allow to set and clear (RFC 4314 §4, STORE). */
export function flagsAllowed(rights: Rights): FlagMask {
  let flags = 0;
  if (hasRight(rights, 's')) flags |= Flag.Seen;
  if (hasRight(rights, 't')) flags |= Flag.Deleted;
  const keywords = hasRight(rights, 'w');
  if (keywords) flags |= ALL_FLAGS.flags & ~Flag.Seen & ~Flag.Deleted;
  return { flags, keywords };
}
