import { PosthornError } from '#kernel';
import {
  addressKey,
  DELIMITER,
  type Folder,
  type FolderId,
  hasRight,
  type MailboxId,
  parseAddress,
  type Rights,
} from '#model';
import type { Engine, SharedFolder } from '#storage';
import { Access } from './access.ts';
import { isOthers, OTHERS } from './folder-name.ts';
import type { Mailbox } from './mailbox.ts';

/** Folders of others that one account sees; of more the first ones. */
const SHARED_MAX = 20_000;

/** A folder with the mailbox it is in; its name here is `mailbox.prefix + folder.name`. */
export interface Found {
  readonly mailbox: Mailbox;
  readonly folder: Folder;
}

/** Where a name leads, whether there is such a folder or not. */
export interface Place {
  readonly mailbox: Mailbox;
  /** The name within that mailbox. */
  readonly name: string;
}

/** What is asked to find folders of others. */
export type SharingReads = Pick<
  Engine['read'],
  'addressTarget' | 'mailbox' | 'rights' | 'sharedWith'
>;

/**
 * The folders that one account can name, each with its mailbox: its own at the root, those that others share with it as
 * `Other Users/ADDRESS/FOLDER` (RFC 2342 §4). Nothing is remembered between calls: what is granted shows at once.
 */
export class Namespace {
  /** The account's own mailbox. */
  readonly own: Mailbox;
  readonly #read: SharingReads;

  constructor(own: Mailbox) {
    this.own = own;
    this.#read = own.sharing;
  }

  /** Finds a folder by its name as a user wrote it; undefined when there is none, or none that may be looked up. */
  async find(name: string): Promise<Found | undefined> {
    const place = (await this.#elsewhere(name)) ?? { mailbox: this.own, name };
    const { mailbox } = place;
    const folder = await mailbox.folderByName(place.name);
    return folder === undefined ? undefined : { mailbox, folder };
  }

  /** The same, where nothing can be done without it. @throws {no-folder} */
  async get(name: string): Promise<Found> {
    const found = await this.find(name);
    if (found === undefined) throw new PosthornError('no-folder');
    return found;
  }

  /**
   * Says in which mailbox a folder of that name would be.
   *
   * @throws {no-permission} where there is nothing of others that the account may see: also whether there is such a mailbox
   */
  async place(name: string): Promise<Place> {
    if (!isOthers(name)) return { mailbox: this.own, name };
    const place = await this.#elsewhere(name);
    if (place === undefined || place.name === '')
      throw new PosthornError('no-permission', `nobody creates ${name}`);
    return place;
  }

  /** All folders; those of others are found by asking everybody, so only where they are wanted. */
  async folders({ others }: { readonly others: boolean }): Promise<readonly Found[]> {
    const { own: mailbox } = this;
    const found: Found[] = (await mailbox.folders()).map((folder) => ({ mailbox, folder }));
    if (others) found.push(...(await this.#shared()));
    return found;
  }

  async #shared(): Promise<readonly Found[]> {
    const shared = await this.#read.sharedWith(this.own.mailboxId, SHARED_MAX);
    const owners = Map.groupBy(shared, ({ folder }) => folder.mailboxId);
    const found: Found[] = [];
    for (const [mailboxId, folders] of owners) {
      const mailbox = this.#open(mailboxId, folders[0]!.owner, rightsOf(folders));
      for (const { folder } of folders) found.push({ mailbox, folder });
    }
    return found;
  }

  /** The mailbox of another that a name leads to, if the account may see anything there. */
  async #elsewhere(name: string): Promise<Place | undefined> {
    if (!name.startsWith(OTHERS + DELIMITER)) return undefined;
    const [level, ...levels] = name.slice(OTHERS.length + 1).split(DELIMITER);
    const address = parseAddress(decodeLevel(level!));
    if (address === undefined) return undefined;
    const target = await this.#read.addressTarget(address.domain, addressKey(address));
    if (target.kind !== 'mailbox' || target.mailboxId === this.own.mailboxId) return undefined;
    const { mailboxId } = target;
    const rights = await this.#read.rights(mailboxId, this.own.mailboxId);
    if (![...rights.values()].some((each) => hasRight(each, 'l'))) return undefined;
    const info = await this.#read.mailbox(mailboxId);
    if (info === undefined) return undefined;
    const mailbox = this.#open(mailboxId, info.primaryAddress, rights);
    return { mailbox, name: levels.join(DELIMITER) };
  }

  #open(mailboxId: MailboxId, owner: string, known: ReadonlyMap<FolderId, Rights>): Mailbox {
    const access = new Access(() => this.#read.rights(mailboxId, this.own.mailboxId), known);
    const prefix = [OTHERS, encodeLevel(owner), ''].join(DELIMITER);
    return this.own.another(mailboxId, access, prefix);
  }
}

function rightsOf(folders: readonly SharedFolder[]): ReadonlyMap<FolderId, Rights> {
  return new Map(folders.map(({ folder, rights }) => [folder.folderId, rights]));
}

/** What an address may have and a level of a folder name may not: the delimiter, wildcards, controls; and what they are written with. */
const UNLIKE_LEVEL = /[/*%=\u0080-\u009f\u2028\u2029]/gu;

/** An address as one level of a name: bytes that cannot stand there as `=2F`. */
function encodeLevel(address: string): string {
  return address.replace(UNLIKE_LEVEL, (char) =>
    Buffer.from(char).reduce((text, byte) => `${text}=${byte.toString(16).toUpperCase()}`, ''),
  );
}

function decodeLevel(level: string): string {
  return level.replace(/(?:=[0-9A-Fa-f]{2})+/g, (bytes) =>
    Buffer.from(bytes.replaceAll('=', ''), 'hex').toString(),
  );
}
