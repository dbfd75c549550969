import { INBOX_ID, UID_MAX, type Uid } from '#model';
import type { UidRanges } from '#store';
import type { Pop3Mailbox } from './ports.ts';
import { ReadAhead } from './read-ahead.ts';

const PAGE = 1000;
const DELETED = 1;
const SEEN = 2;

/** A message of the snapshot, by its number. */
export interface DropMessage {
  readonly number: number;
  readonly uid: Uid;
  readonly sizeBytes: number;
}

/**
 * The maildrop: the INBOX as it was at login, in 13 bytes a message. Messages are numbered from 1 (RFC 1939 §5). The
 * exclusive lock of RFC 1939 §4 is not needed: uids and contents never change, and what others expunge is only
 * missed, it does not move the numbers.
 */
export class Drop {
  readonly mailbox: Pop3Mailbox;
  /** Whole messages that are not large. */
  readonly whole: ReadAhead;
  readonly #uidValidity: number;
  readonly #uids: Uint32Array;
  readonly #sizes: Float64Array;
  readonly #marks: Uint8Array;
  readonly #octetsInAll: number;
  #messages: number;
  #octets: number;

  private constructor(
    mailbox: Pop3Mailbox,
    uidValidity: number,
    uids: Uint32Array,
    sizes: Float64Array,
  ) {
    this.mailbox = mailbox;
    this.whole = new ReadAhead(mailbox, (number) => this.message(number));
    this.#uidValidity = uidValidity;
    this.#uids = uids;
    this.#sizes = sizes;
    this.#marks = new Uint8Array(uids.length);
    this.#messages = uids.length;
    let octets = 0;
    for (const size of sizes) octets += size;
    this.#octets = octets;
    this.#octetsInAll = octets;
  }

  /** Takes the snapshot; undefined when the mailbox is gone. */
  static async open(mailbox: Pop3Mailbox): Promise<Drop | undefined> {
    const folder = await mailbox.folder(INBOX_ID);
    if (folder === undefined) return undefined;
    const last = Math.min(folder.uidNext - 1, UID_MAX) as Uid;
    let uids = new Uint32Array(folder.messages);
    let sizes = new Float64Array(folder.messages);
    let count = 0;
    for (let first = 1; first <= last; ) {
      const page = await mailbox.entries({
        folderId: INBOX_ID,
        uids: [[first as Uid, last]],
        columns: { only: 'bytes' },
        limit: PAGE,
      });
      if (count + page.length > uids.length) {
        uids = grown(uids, new Uint32Array(count + page.length));
        sizes = grown(sizes, new Float64Array(count + page.length));
      }
      for (const { uid, sizeBytes } of page) {
        uids[count] = uid;
        sizes[count++] = sizeBytes;
      }
      if (page.length < PAGE) break;
      first = page[page.length - 1]!.uid + 1;
    }
    return new Drop(mailbox, folder.uidValidity, uids.subarray(0, count), sizes.subarray(0, count));
  }

  /** The highest message number. */
  get last(): number {
    return this.#uids.length;
  }

  /** Messages that are not marked deleted. */
  get messages(): number {
    return this.#messages;
  }

  /** Octets of the messages that are not marked deleted. */
  get octets(): number {
    return this.#octets;
  }

  /** A message that is there and not marked deleted. */
  message(number: number): DropMessage | undefined {
    const mark = this.#marks[number - 1];
    if (mark === undefined || (mark & DELETED) !== 0) return undefined;
    const uid = this.#uids[number - 1]! as Uid;
    return { number, uid, sizeBytes: this.#sizes[number - 1]! };
  }

  /** The unique-id of RFC 1939 §7: uidvalidity and uid, so the same for ever. */
  uniqueId(message: DropMessage): string {
    return `${this.#uidValidity}.${message.uid}`;
  }

  delete(message: DropMessage): void {
    this.#marks[message.number - 1]! |= DELETED;
    this.#messages--;
    this.#octets -= message.sizeBytes;
  }

  /** Takes all deletion marks back. */
  reset(): void {
    const marks = this.#marks;
    for (let i = 0; i < marks.length; i++) marks[i]! &= ~DELETED;
    this.#messages = marks.length;
    this.#octets = this.#octetsInAll;
  }

  /** Notes that a message has been retrieved. */
  markSeen(message: DropMessage): void {
    this.#marks[message.number - 1]! |= SEEN;
  }

  /** The messages marked deleted. */
  deleted(): UidRanges {
    return this.#ranges((mark) => (mark & DELETED) !== 0);
  }

  /** The messages that were retrieved and stay. */
  seen(): UidRanges {
    return this.#ranges((mark) => mark === SEEN);
  }

  /** Ranges hold marked uids only: a gap in the uids is never bridged. */
  #ranges(wanted: (mark: number) => boolean): UidRanges {
    const ranges: [first: Uid, last: Uid][] = [];
    let current: [first: Uid, last: Uid] | undefined;
    for (let i = 0; i < this.#uids.length; i++) {
      if (!wanted(this.#marks[i]!)) continue;
      const uid = this.#uids[i]! as Uid;
      if (current !== undefined && current[1] + 1 === uid) current[1] = uid;
      else {
        current = [uid, uid];
        ranges.push(current);
      }
    }
    return ranges;
  }
}

function grown<T extends Uint32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
