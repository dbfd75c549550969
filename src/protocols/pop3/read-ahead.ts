import { INBOX_ID, type Uid } from '#model';
import type { Entry } from '#store';
import type { DropMessage } from './drop.ts';
import type { Pop3Mailbox } from './ports.ts';

/** Messages that are read at once; it takes some in order to get there. */
const MESSAGES_MAX = 32;
/** Bytes that a session may hold of messages it has not been asked for. */
const BYTES_MAX = 128 * 1024;

/**
 * Reads whole small messages, and as long as they are asked for in order those that come next along with them: most clients
 * take all there is, and one read of many costs little more than one of one.
 */
export class ReadAhead {
  readonly #mailbox: Pop3Mailbox;
  readonly #message: (number: number) => DropMessage | undefined;
  readonly #held = new Map<Uid, Entry>();
  #inOrder = 0;
  #messages = 1;

  /** @param message gives a message of the snapshot by its number */
  constructor(mailbox: Pop3Mailbox, message: (number: number) => DropMessage | undefined) {
    this.#mailbox = mailbox;
    this.#message = message;
  }

  /** A message with its bytes (`wire`), without a promise when it has been read already; undefined when it is no longer there. */
  entry(message: DropMessage): Entry | undefined | Promise<Entry | undefined> {
    const isNext = message.number === this.#inOrder;
    this.#inOrder = message.number + 1;
    const held = this.#held.get(message.uid);
    if (!isNext || held === undefined) return this.#read(message, isNext);
    this.#held.delete(message.uid);
    return held;
  }

  async #read(message: DropMessage, isNext: boolean): Promise<Entry | undefined> {
    this.#held.clear();
    this.#messages = isNext ? Math.min(2 * this.#messages, MESSAGES_MAX) : 1;
    const last = this.#lastToRead(message);
    const [entry, ...others] = await this.#mailbox.entries({
      folderId: INBOX_ID,
      uids: [[message.uid, last.uid]],
      columns: { only: 'bytes', head: true, body: true, wire: true },
      limit: last.number - message.number + 1,
    });
    for (const other of others) this.#held.set(other.uid, other);
    if (entry?.uid === message.uid) return entry;
    // It is gone, and so what was read first is another one.
    if (entry !== undefined) this.#held.set(entry.uid, entry);
    return undefined;
  }

  /** The last message of those that are read with one, without a gap between. */
  #lastToRead(first: DropMessage): DropMessage {
    let last = first;
    let bytes = 0;
    while (last.number - first.number + 1 < this.#messages) {
      const next = this.#message(last.number + 1);
      if (next === undefined) break;
      bytes += next.sizeBytes;
      if (bytes > BYTES_MAX) break;
      last = next;
    }
    return last;
  }
}
