const LF = 10;
const CR = 13;
const DOT = 46;
const NOTHING = Buffer.alloc(0);
const END = Buffer.from('\r\n.\r\n');

/** Where in a line the next byte stands. */
type Place = 'line-start' | 'within' | 'after-cr' | 'after-dot' | 'after-dot-cr';

/**
 * Undoes dot stuffing and finds the end of mail data, over chunks cut anywhere (RFC 5321 §4.5.2).
 *
 * Only `<CRLF>.<CRLF>` ends the data: RFC 5321 §4.1.1.4 forbids to take `<LF>.<LF>` or anything else for it, since what
 * two servers take for the end differently lets a second message be smuggled through the first. A CR or LF that stands
 * alone (RFC 5321 §2.3.8) makes the data `broken`: from there on nothing more is given out, and only the end is looked
 * for.
 *
 * What comes out are views of the chunks, never copies. Use: `push(chunk)`, then `next()` until undefined, then look at
 * `ended`; behind the end, `rest()` has what follows.
 */
export class DotDecoder {
  #chunk: Buffer = NOTHING;
  #at = 0;
  #place: Place = 'line-start';
  #broken = false;
  #ended = false;
  /** How much of END the bytes up to #at are; counted only while broken. */
  #matched = 0;

  /** The end of data was seen. */
  get ended(): boolean {
    return this.#ended;
  }

  /** A CR or LF stood alone: the message is to be refused. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Gives the next bytes; those before must have been used up. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The next piece of the message; undefined when more bytes are needed or the data has ended. */
  next(): Buffer | undefined {
    while (!this.#ended && this.#at < this.#chunk.length) {
      if (this.#broken) {
        this.#seekEnd();
        return undefined;
      }
      const from = this.#begin();
      if (from === undefined) continue;
      this.#scan();
      if (this.#broken) continue;
      if (this.#at > from) return this.#chunk.subarray(from, this.#at);
    }
    return undefined;
  }

  /** The bytes behind the end of data; empty when there are none. */
  rest(): Buffer {
    return this.#chunk.subarray(this.#at);
  }

  /**
   * Settles what the last byte left open. Gives where the next piece begins; undefined when all that could be done was
   * to go one byte on.
   */
  #begin(): number | undefined {
    const at = this.#at;
    const byte = this.#chunk[at];
    switch (this.#place) {
      case 'within':
        return at;
      case 'line-start':
        if (byte !== DOT) return at;
        this.#go(at + 1, 'after-dot');
        return undefined;
      case 'after-dot':
        if (byte === CR) {
          this.#go(at + 1, 'after-dot-cr');
          return undefined;
        }
        this.#place = 'within';
        return at;
      case 'after-dot-cr':
        if (byte !== LF) return this.#break(at);
        this.#at = at + 1;
        this.#ended = true;
        return undefined;
      case 'after-cr':
        if (byte !== LF) return this.#break(at);
        this.#go(at + 1, 'line-start');
        return at;
    }
  }

  /** Goes over whole lines as long as none begins with a dot. */
  #scan(): void {
    const chunk = this.#chunk;
    const end = chunk.length;
    let at = this.#at;
    let atLineStart = this.#place === 'line-start';
    while (at < end) {
      if (atLineStart && chunk[at] === DOT) break;
      const lf = chunk.indexOf(LF, at);
      const cr = chunk.indexOf(CR, at);
      if (lf < 0) {
        if (cr < 0) this.#go(end, 'within');
        else if (cr === end - 1) this.#go(end, 'after-cr');
        else this.#break(cr + 1);
        return;
      }
      if (cr !== lf - 1 || cr < at) {
        this.#break((cr < 0 || cr > lf ? lf : cr) + 1);
        return;
      }
      at = lf + 1;
      atLineStart = true;
    }
    this.#go(at, 'line-start');
  }

  #go(at: number, place: Place): void {
    this.#at = at;
    this.#place = place;
  }

  /** Notes a CR or LF that stands alone; neither can be part of the end of data. */
  #break(at: number): undefined {
    this.#at = at;
    this.#broken = true;
  }

  #seekEnd(): void {
    const chunk = this.#chunk;
    let at = this.#at;
    while (this.#matched > 0 && at < chunk.length && !this.#ended) this.#match(chunk[at++]!);
    if (!this.#ended && at < chunk.length) {
      const found = chunk.indexOf(END, at);
      if (found >= 0) {
        at = found + END.length;
        this.#ended = true;
      } else {
        at = Math.max(at, chunk.length - END.length + 1);
        while (at < chunk.length) this.#match(chunk[at++]!);
      }
    }
    this.#at = at;
  }

  #match(byte: number): void {
    if (byte === END[this.#matched]) this.#matched++;
    else this.#matched = byte === CR ? 1 : 0;
    if (this.#matched === END.length) this.#ended = true;
  }
}
