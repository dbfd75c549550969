const CR = 0x0d;
const LF = 0x0a;

/**
 * Cuts a message as TOP wants it (RFC 1939 §7): the header, the blank line, and so many lines of the body. Takes the
 * message in pieces cut anywhere; once `done`, the rest need not be read.
 */
export class TopCutter {
  #linesLeft: number;
  #inHead = true;
  #done = false;
  /** Whether the current line has no bytes yet, or only a CR. */
  #line: 'empty' | 'cr' | 'text' = 'empty';

  constructor(lines: number) {
    this.#linesLeft = lines;
  }

  get done(): boolean {
    return this.#done;
  }

  /** Gives what is wanted of the next piece, a view of it. */
  take(piece: Buffer): Buffer {
    let at = 0;
    while (!this.#done && at < piece.length) {
      const end = piece.indexOf(LF, at);
      this.#look(piece, at, end < 0 ? piece.length : end);
      if (end < 0) return piece;
      at = end + 1;
      this.#endLine();
    }
    return piece.subarray(0, at);
  }

  #look(piece: Buffer, start: number, end: number): void {
    if (start === end) return;
    const onlyCr = this.#line === 'empty' && end - start === 1 && piece[start] === CR;
    this.#line = onlyCr ? 'cr' : 'text';
  }

  #endLine(): void {
    if (!this.#inHead) this.#linesLeft--;
    else if (this.#line !== 'text') this.#inHead = false;
    this.#line = 'empty';
    this.#done = !this.#inHead && this.#linesLeft <= 0;
  }
}
