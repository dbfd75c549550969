/** Chance from a seed: the same seed gives the same choices on every machine. The generator is sfc32. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string | Uint8Array) {
    const bytes = typeof seed === 'string' ? Buffer.from(seed) : seed;
    let [a, b, c] = [0x9e3779b9, 0x243f6a88, 0xb7e15162];
    for (const byte of bytes) {
      a = Math.imul(a ^ byte, 0x85ebca6b);
      b = Math.imul(b ^ (a >>> 15), 0xc2b2ae35);
      c = Math.imul(c + byte, 0x27d4eb2f) ^ (b >>> 13);
    }
    [this.#a, this.#b, this.#c] = [a, b, c];
    for (let i = 0; i < 12; i++) this.next();
  }

  /** 0 to 2^32 - 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 0 to `count` - 1. */
  below(count: number): number {
    return this.next() % Math.max(1, count);
  }

  /** `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(choices: ArrayLike<T>): T {
    return choices[this.below(choices.length)]!;
  }

  /** What one of the makers gives. */
  one<T>(...makers: readonly (() => T)[]): T {
    return this.pick(makers)();
  }

  /** Up to `max` of what `make` gives; few more often than many. */
  some<T>(min: number, max: number, make: () => T): T[] {
    const wide = this.oneIn(8) ? max : Math.min(max, min + 3);
    return Array.from({ length: this.between(min, wide) }, make);
  }

  /** What `make` gives, or '' as often. */
  maybe(make: () => string): string {
    return this.oneIn(2) ? make() : '';
  }
}

/** Cuts bytes into pieces, where the bytes themselves say: the same bytes are always cut the same way. */
export function inPieces(bytes: Buffer): Buffer[] {
  const random = new Random(bytes);
  const longest = random.pick([1, 2, 3, 7, 40, 300, 5000]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + random.between(1, longest));
    // A copy, so that a piece that is kept and a neighbour that is changed cannot be mistaken for one another.
    pieces.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return pieces;
}
