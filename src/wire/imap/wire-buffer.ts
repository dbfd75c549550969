/** Up to this many characters, writing them one by one is cheaper than a call that writes them all. */
const SHORT_CHARS = 40;
const DIGITS_MAX = 10;
const INT32_MAX = 0x7fffffff;
const ZERO = 0x30;

/**
 * Puts wire strings together as bytes, one after the other. For many short pieces in a row that costs much less than joining strings does, which are all
 * kept as they are until the whole is sent.
 */
export class WireBuffer {
  readonly #bytes: Buffer;
  #at = 0;
  /** What did not fit in any more. */
  #before = '';

  /** @param capacityBytes beyond which what was put is made a string; it may be any length in all */
  constructor(capacityBytes: number) {
    this.#bytes = Buffer.alloc(Math.max(DIGITS_MAX, capacityBytes));
  }

  /** Adds a wire string. */
  put(wire: string): void {
    const { length } = wire;
    const bytes = this.#bytes;
    if (length > bytes.length - this.#at) this.#spill();
    const at = this.#at;
    if (length > bytes.length) {
      this.#before += wire;
      return;
    }
    if (length > SHORT_CHARS) bytes.write(wire, at, 'latin1');
    else for (let i = 0; i < length; i++) bytes[at + i] = wire.charCodeAt(i);
    this.#at = at + length;
  }

  /** Adds a whole number, not below 0, in decimal digits. */
  putNumber(number: number): void {
    if (number > INT32_MAX) {
      this.put(String(number));
      return;
    }
    const bytes = this.#bytes;
    if (bytes.length - this.#at < DIGITS_MAX) this.#spill();
    let rest = number | 0;
    let at = this.#at + digitsOf(rest);
    this.#at = at;
    do {
      const tenth = (rest / 10) | 0;
      bytes[--at] = ZERO + rest - tenth * 10;
      rest = tenth;
    } while (rest > 0);
  }

  /** Gives what is put meanwhile. Whoever threw in the middle leaves nothing behind. */
  gather(put: () => void): string {
    this.#at = 0;
    this.#before = '';
    put();
    this.#spill();
    return this.#before;
  }

  #spill(): void {
    if (this.#at > 0) this.#before += this.#bytes.toString('latin1', 0, this.#at);
    this.#at = 0;
  }
}

/** How many decimal digits a number below 2^31 has. */
function digitsOf(number: number): number {
  let digits = 1;
  for (let bound = 10; digits < DIGITS_MAX && number >= bound; bound *= 10) digits++;
  return digits;
}
