import { decodeStructure, type Part } from '#content';
import type { Entry, Mailbox } from '#store';
import type { FetchPartial } from '#wire';

/** Bytes of a message asked for at once when it is not in memory. */
const RANGE_BYTES = 256 * 1024;

/** Bytes `start` up to below `end` of a whole message. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes that are read while they are sent. */
export interface Stream {
  readonly sizeBytes: number;
  /** Whether there may be NUL among them. */
  readonly binary: boolean;
  readonly pieces: AsyncIterable<Buffer>;
}

/** What goes into an answer: a wire string, bytes to be read, or nothing (NIL). */
export type Payload = string | Stream | undefined;

/** A message was removed for good while it was being read. */
export class ContentGone extends Error {
  constructor() {
    super('the content of a message vanished while it was being read');
  }
}

/** The bytes of one message in an answer: those that came with its row, and the way to the others. */
export class MessageContent {
  readonly entry: Entry;
  readonly #mailbox: Mailbox;
  #structure: Part | undefined;

  constructor(entry: Entry, mailbox: Mailbox) {
    this.entry = entry;
    this.#mailbox = mailbox;
  }

  /** The parts by offset; the column must have been asked for. */
  get structure(): Part {
    this.#structure ??= decodeStructure(this.entry.structure!);
    return this.#structure;
  }

  payload(range: ByteRange): Payload {
    return (
      this.atHand(range) ?? {
        sizeBytes: range.end - range.start,
        binary: false,
        pieces: this.read(range),
      }
    );
  }

  /** The bytes of a range as a wire string, when they came with the row; undefined when they must be read. */
  atHand({ start, end }: ByteRange): string | undefined {
    const { wire = '' } = this.entry;
    return end <= wire.length || start >= end ? wire.slice(start, end) : undefined;
  }

  /**
   * The bytes of a range piece by piece, read as they are taken.
   *
   * @throws {ContentGone}
   */
  async *read(range: ByteRange): AsyncGenerator<Buffer> {
    const atHand = this.atHand(range);
    if (atHand !== undefined) {
      yield Buffer.from(atHand, 'latin1');
      return;
    }
    for (let at = range.start; at < range.end; ) {
      const end = Math.min(range.end, at + RANGE_BYTES);
      const piece = await this.#mailbox.contentBytes(this.entry.contentId, at, end);
      if (piece === undefined || piece.length !== end - at) throw new ContentGone();
      yield piece;
      at = end;
    }
  }
}

/** A partial `<offset.length>` of a range; beyond its end it is empty (RFC 9051 §6.4.5). */
export function cutRange({ start, end }: ByteRange, partial: FetchPartial | undefined): ByteRange {
  if (partial === undefined) return { start, end };
  const from = Math.min(end, start + partial.offset);
  return { start: from, end: Math.min(end, from + partial.length) };
}
