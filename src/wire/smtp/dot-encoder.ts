const DOT = 46;
const LINE_START_DOT = Buffer.from('\r\n.');
const DOT_ALONE = Buffer.from('.');
const END_AFTER_LINE = Buffer.from('.\r\n');
const END_WITHIN_LINE = Buffer.from('\r\n.\r\n');

/**
 * Stuffs dots for DATA and for multi-line answers of POP3 (RFC 5321 §4.5.2, RFC 1939 §3), over chunks cut anywhere. What
 * comes out are views of the chunks with dots between them. The message must have CRLF line ends: others are passed on
 * as they are, and a strict receiver refuses them.
 */
export class DotEncoder {
  /** How much of CRLF the last bytes are; a message begins as if behind one. */
  #matched = 2;

  /** Gives the pieces to send for a chunk. */
  *encode(chunk: Buffer): Generator<Buffer, void> {
    if (chunk.length === 0) return;
    let from = 0;
    for (let dot = this.#firstDot(chunk); dot >= 0; ) {
      if (dot > from) yield chunk.subarray(from, dot);
      yield DOT_ALONE;
      from = dot;
      const next = chunk.indexOf(LINE_START_DOT, dot);
      dot = next < 0 ? -1 : next + 2;
    }
    this.#remember(chunk);
    yield from === 0 ? chunk : chunk.subarray(from);
  }

  /** Gives what ends the data; a last line without line end gets one. */
  end(): Buffer {
    const tail = this.#matched === 2 ? END_AFTER_LINE : END_WITHIN_LINE;
    this.#matched = 2;
    return tail;
  }

  /** Where the first dot stands that opens a line; -1 when there is none. */
  #firstDot(chunk: Buffer): number {
    if (this.#matched === 2 && chunk[0] === DOT) return 0;
    if (this.#matched === 1 && chunk[0] === 10 && chunk[1] === DOT) return 1;
    const found = chunk.indexOf(LINE_START_DOT);
    return found < 0 ? -1 : found + 2;
  }

  #remember(chunk: Buffer): void {
    const last = chunk[chunk.length - 1];
    const before = chunk.length > 1 ? chunk[chunk.length - 2] === 13 : this.#matched === 1;
    if (last === 13) this.#matched = 1;
    else this.#matched = last === 10 && before ? 2 : 0;
  }
}
