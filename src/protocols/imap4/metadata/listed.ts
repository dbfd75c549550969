import type { FolderId } from '#model';
import type { Found, Mailbox } from '#store';
import { encodeMetadata } from '#wire';
import type { Session } from '../session.ts';

type Values = ReadonlyMap<string, Buffer>;

/** The METADATA responses of a LIST (RFC 9590): of each mailbox all folders are read at once, when the first of them is listed. */
export class ListedMetadata {
  readonly #session: Session;
  readonly #entries: readonly string[];
  readonly #read = new Map<Mailbox, Promise<ReadonlyMap<FolderId, Values>>>();

  constructor(session: Session, entries: readonly string[]) {
    this.#session = session;
    this.#entries = entries;
  }

  /** The response of a folder: NIL for what it has not (RFC 9590 §4). */
  async encode({ mailbox, folder }: Found): Promise<string> {
    let reading = this.#read.get(mailbox);
    if (reading === undefined) {
      reading = this.#valuesIn(mailbox);
      this.#read.set(mailbox, reading);
    }
    const values = (await reading).get(folder.folderId);
    const pairs = this.#entries.map((entry) => [entry, values?.get(entry) ?? null] as const);
    return encodeMetadata(mailbox.prefix + folder.name, pairs, this.#session.utf8);
  }

  async #valuesIn(mailbox: Mailbox): Promise<ReadonlyMap<FolderId, Values>> {
    const found = await mailbox.annotations({
      folderId: undefined,
      viewerId: this.#session.mailbox.mailboxId,
      entries: this.#entries,
      depth: 0,
    });
    const folders = new Map<FolderId, Map<string, Buffer>>();
    for (const { folderId, entry, value } of found) {
      const values = folders.get(folderId) ?? new Map<string, Buffer>();
      folders.set(folderId, values.set(entry, value));
    }
    return folders;
  }
}
