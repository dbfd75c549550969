/** One step of a client's byte stream. */
export type Pop3LineResult =
  /** Nothing more to give until the next `push`. */
  | { readonly kind: 'need-more' }
  /** A wire string without its line end. */
  | { readonly kind: 'line'; readonly text: string }
  /** A line longer than allowed has been passed over; the next one can be read. */
  | { readonly kind: 'too-long' }
  /** A line without end: the session must close. */
  | { readonly kind: 'unreadable' };

const LF = 0x0a;
const SKIP_BYTES_MAX = 64 * 1024;
const NEED_MORE: Pop3LineResult = { kind: 'need-more' };
const TOO_LONG: Pop3LineResult = { kind: 'too-long' };
const UNREADABLE: Pop3LineResult = { kind: 'unreadable' };

/**
 * Cuts a client's bytes into lines. RFC 1939 §3 ends them with CRLF; a lone LF is taken too, for people who type.
 * Keeps at most one line's allowed bytes.
 */
export class Pop3LineReader {
  #chunk: Buffer | undefined;
  #at = 0;
  /** What came before `#chunk` of the line that is being read. */
  #partial = '';
  /** Bytes of an overlong line that have been passed over. */
  #skipped = 0;

  /** Takes the next bytes; call it when `next` wants more. */
  push(chunk: Buffer): void {
    this.#chunk = this.#chunk === undefined ? chunk : Buffer.concat([this.#rest(), chunk]);
    this.#at = 0;
  }

  /** Forgets all input that has not been given (RFC 2595 §4: nothing sent before TLS counts after it). */
  reset(): void {
    this.#chunk = undefined;
    this.#partial = '';
    this.#skipped = 0;
  }

  /** Gives the next line of at most `bytesMax` bytes, line end included. */
  next(bytesMax: number): Pop3LineResult {
    if (this.#chunk === undefined) return NEED_MORE;
    const end = this.#chunk.indexOf(LF, this.#at);
    const piece = this.#chunk.toString('latin1', this.#at, end < 0 ? this.#chunk.length : end);
    this.#at = end + 1;
    if (end < 0 || this.#at === this.#chunk.length) this.#chunk = undefined;
    if (end < 0) return this.#keep(piece, bytesMax);
    const line = this.#partial + piece;
    const overlong = this.#skipped > 0 || line.length + 1 > bytesMax;
    this.#partial = '';
    this.#skipped = 0;
    if (overlong) return TOO_LONG;
    return { kind: 'line', text: line.endsWith('\r') ? line.slice(0, -1) : line };
  }

  #keep(piece: string, bytesMax: number): Pop3LineResult {
    if (this.#skipped === 0 && this.#partial.length + piece.length < bytesMax) {
      this.#partial += piece;
      return NEED_MORE;
    }
    this.#skipped += this.#partial.length + piece.length;
    this.#partial = '';
    return this.#skipped > SKIP_BYTES_MAX ? UNREADABLE : NEED_MORE;
  }

  #rest(): Buffer {
    return this.#chunk!.subarray(this.#at);
  }
}
