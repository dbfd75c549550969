/** Keeps the beginnings of the first text parts while a message goes by. */
import type { PartHead } from './part-head.ts';
import type { TextStart } from './preview.ts';

/** What is kept of one part. */
const TEXT_BYTES_MAX = 16_384;
/** How many parts are kept: the second is used when the first holds no text. */
const PARTS_MAX = 2;

interface Capture {
  readonly head: PartHead;
  readonly chunks: Buffer[];
  sizeBytes: number;
}

/** Owner of the captures of one message; bounded. */
export class TextCaptures {
  readonly #captures: Capture[] = [];
  #current: Capture | undefined;

  /** A text part begins; attachments are not of interest. */
  start(head: PartHead): void {
    if (this.#captures.length >= PARTS_MAX || head.disposition?.type === 'attachment') return;
    this.#current = { head, chunks: [], sizeBytes: 0 };
    this.#captures.push(this.#current);
  }

  /** The part that was being kept is over. */
  stop(): void {
    this.#current = undefined;
  }

  /** Body bytes [from, to) of the window go by; what is needed of them is copied. */
  keep(window: Buffer, from: number, to: number): void {
    const capture = this.#current;
    if (capture === undefined) return;
    const take = Math.min(to - from, TEXT_BYTES_MAX - capture.sizeBytes);
    if (take <= 0) return;
    capture.chunks.push(Buffer.from(window.subarray(from, from + take)));
    capture.sizeBytes += take;
  }

  /** What was kept, in order. */
  starts(): readonly TextStart[] {
    return this.#captures.map(({ head, chunks }) => ({
      subtype: head.subtype,
      params: head.params,
      encoding: head.encoding,
      bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
    }));
  }
}
