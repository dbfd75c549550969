import type { FolderId } from '#model';
import { UID_MAX, type Uid } from '#model';
import type { Mailbox, NewMessage } from '#store';

/** A commit takes at most so many messages, or bytes. */
const MESSAGES_AT_ONCE = 100;
const BYTES_AT_ONCE = 8 * 1024 * 1024;
const HASHES_AT_ONCE = 5000;

/**
 * One target folder of an import: knows what is there already and appends what is new, in groups. While a group commits, the
 * next one is read.
 */
export class FolderImport {
  readonly name: string;
  readonly #mailbox: Mailbox;
  readonly #folderId: FolderId;
  /** How many messages of each content are there and not claimed by one of the source: a hash as latin1. */
  readonly #known: Map<string, number>;
  #group: NewMessage[] = [];
  #groupBytes = 0;
  #commit: Promise<void> = Promise.resolve();
  /** Messages that are durable now. */
  imported = 0;
  /** Messages of the source that were there. */
  present = 0;

  private constructor(
    name: string,
    mailbox: Mailbox,
    folderId: FolderId,
    known: Map<string, number>,
  ) {
    this.name = name;
    this.#mailbox = mailbox;
    this.#folderId = folderId;
    this.#known = known;
  }

  /** Opens a folder by name and creates it when it is missing. @throws {folder-name} */
  static async open(mailbox: Mailbox, name: string): Promise<FolderImport> {
    const folder = await mailbox.folderByName(name);
    if (folder !== undefined) {
      const known = await readHashes(mailbox, folder.folderId);
      return new FolderImport(folder.name, mailbox, folder.folderId, known);
    }
    const folderId = await mailbox.createFolder(name);
    await mailbox.subscribe(name, true);
    return new FolderImport(name, mailbox, folderId, new Map());
  }

  /** Takes a message of the source for one that is in the folder. False when there is none left that equals it. */
  claim(hash: Buffer): boolean {
    const key = hash.toString('latin1');
    const count = this.#known.get(key);
    if (count === undefined) return false;
    if (count === 1) this.#known.delete(key);
    else this.#known.set(key, count - 1);
    this.present++;
    return true;
  }

  /** Takes a new message. A promise: await it, the folder has enough to do. */
  add(message: NewMessage): Promise<void> | undefined {
    this.#group.push(message);
    const { body, head } = message.content;
    this.#groupBytes += head.length + (body.kind === 'bytes' ? body.bytes.length : 0);
    const full = this.#group.length >= MESSAGES_AT_ONCE || this.#groupBytes >= BYTES_AT_ONCE;
    return full ? this.#commitGroup() : undefined;
  }

  /** Resolves when everything taken is durable. */
  async flush(): Promise<void> {
    if (this.#group.length > 0) await this.#commitGroup();
    await this.#commit;
  }

  /** Waits for the commit under way, however it ends. */
  async settle(): Promise<void> {
    await this.#commit.catch(() => {});
  }

  async #commitGroup(): Promise<void> {
    const group = this.#group;
    this.#group = [];
    this.#groupBytes = 0;
    await this.#commit;
    this.#commit = this.#append(group);
    // Whoever comes next awaits it; until then a failure is not unhandled.
    this.#commit.catch(() => {});
  }

  async #append(group: readonly NewMessage[]): Promise<void> {
    await this.#mailbox.append(this.#folderId, group);
    this.imported += group.length;
  }
}

async function readHashes(mailbox: Mailbox, folderId: FolderId): Promise<Map<string, number>> {
  const hashes = new Map<string, number>();
  for (let first = 1; first <= UID_MAX; ) {
    const entries = await mailbox.entries({
      folderId,
      uids: [[first as Uid, UID_MAX as Uid]],
      columns: { hash: true },
      limit: HASHES_AT_ONCE,
    });
    for (const { hash } of entries) {
      if (hash === undefined) continue;
      const key = hash.toString('latin1');
      hashes.set(key, (hashes.get(key) ?? 0) + 1);
    }
    const last = entries.at(-1);
    if (last === undefined || entries.length < HASHES_AT_ONCE) break;
    first = last.uid + 1;
  }
  return hashes;
}
