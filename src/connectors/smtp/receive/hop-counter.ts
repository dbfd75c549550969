const NAME = Buffer.from('received:');
const LF = 10;
const CR = 13;

/** Counts the `Received` fields of a message while it passes by, over pieces cut anywhere. */
export class HopCounter {
  #hops = 0;
  /** How much of NAME the line begins with; -1 when it begins with something else. */
  #matched = 0;
  #inHeader = true;

  get hops(): number {
    return this.#hops;
  }

  /** Looks at the next bytes; costs nothing once the header is over. */
  push(piece: Buffer): void {
    let at = 0;
    while (this.#inHeader && at < piece.length) {
      if (this.#matched < 0) {
        const lf = piece.indexOf(LF, at);
        if (lf < 0) return;
        at = lf + 1;
        this.#matched = 0;
        continue;
      }
      this.#match(piece[at++]!);
    }
  }

  #match(byte: number): void {
    // An empty line ends the header (RFC 5322 §2.1).
    if (this.#matched === 0 && (byte === CR || byte === LF)) {
      this.#inHeader = false;
      return;
    }
    const lower = byte >= 65 && byte <= 90 ? byte | 32 : byte;
    if (lower !== NAME[this.#matched]) {
      this.#matched = byte === LF ? 0 : -1;
      return;
    }
    this.#matched++;
    if (this.#matched < NAME.length) return;
    this.#hops++;
    this.#matched = -1;
  }
}
