const LF = 10;
const CR = 13;
const NOTHING = Buffer.alloc(0);

/**
 * What a line was if it was no line: longer than the limit (its rest is skipped), or ended by LF without CR, which
 * RFC 5321 §2.3.8 forbids.
 */
export type LineFault = 'line-too-long' | 'bare-lf';

/**
 * Cuts a byte stream into lines. A line that lies in one chunk is given as a view of it; only one that is spread over
 * chunks is copied. Bytes behind a line can be taken out raw, for what follows some commands.
 */
export class LineReader {
  readonly #limit: number;
  #chunk: Buffer = NOTHING;
  #at = 0;
  #held: Buffer = NOTHING;
  #heldLength = 0;
  #skipping = false;

  /** @param limit the most bytes of a line, its line end included. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Gives the next bytes. Whatever was there before must have been read: `next()` said undefined. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The next line without its line end, or what is wrong with it; undefined when more bytes are needed. */
  next(): Buffer | LineFault | undefined {
    const start = this.#at;
    const chunk = this.#chunk;
    if (start === chunk.length) return undefined;
    const lf = chunk.indexOf(LF, start);
    if (lf < 0) {
      this.#at = chunk.length;
      this.#hold(chunk.subarray(start));
      return undefined;
    }
    this.#at = lf + 1;
    if (this.#skipping || this.#heldLength > 0) return this.#join(chunk.subarray(start, lf + 1));
    if (lf + 1 - start > this.#limit) return 'line-too-long';
    if (lf === start || chunk[lf - 1] !== CR) return 'bare-lf';
    return chunk.subarray(start, lf - 1);
  }

  /** Takes out the bytes behind the last line; undefined when there are none. */
  takeRest(): Buffer | undefined {
    const rest = this.#at < this.#chunk.length ? this.#chunk.subarray(this.#at) : undefined;
    this.#chunk = NOTHING;
    this.#at = 0;
    return rest;
  }

  /** Forgets everything, also the beginning of a line. */
  clear(): void {
    this.#chunk = NOTHING;
    this.#at = 0;
    this.#held = NOTHING;
    this.#heldLength = 0;
    this.#skipping = false;
  }

  /** Whether a line has begun but not ended, or bytes are left. */
  get pending(): boolean {
    return this.#at < this.#chunk.length || this.#heldLength > 0 || this.#skipping;
  }

  #hold(piece: Buffer): void {
    if (this.#skipping) return;
    const length = this.#heldLength + piece.length;
    if (length > this.#limit) {
      this.#skipping = true;
      this.#held = NOTHING;
      this.#heldLength = 0;
      return;
    }
    if (length > this.#held.length) {
      const wider = Buffer.allocUnsafe(Math.min(this.#limit, Math.max(512, length * 2)));
      this.#held.copy(wider, 0, 0, this.#heldLength);
      this.#held = wider;
    }
    piece.copy(this.#held, this.#heldLength);
    this.#heldLength = length;
  }

  #join(piece: Buffer): Buffer | LineFault {
    this.#hold(piece);
    const line = this.#held.subarray(0, this.#heldLength);
    const skipped = this.#skipping;
    this.#held = NOTHING;
    this.#heldLength = 0;
    this.#skipping = false;
    if (skipped) return 'line-too-long';
    if (line.length < 2 || line[line.length - 2] !== CR) return 'bare-lf';
    return line.subarray(0, line.length - 2);
  }
}
