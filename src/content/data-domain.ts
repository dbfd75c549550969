/** Which of the domains of RFC 2045 §2.7 to §2.9 bytes are in. */
import { isAscii } from 'node:buffer';
import { LineEnds } from '#wire';

/** From the narrowest to the widest; each holds those before it. */
export type DataDomain = '7bit' | '8bit' | 'binary';

const LF = 0x0a;

/** RFC 2045 §2.7: a line of 7bit or 8bit data has no more octets than this, its CRLF not counted. */
const LINE_BYTES_MAX = 998;
const CRLF_BYTES = 2;

/** The wider one of two domains. */
export function widerDomain(one: DataDomain, other: DataDomain): DataDomain {
  if (one === 'binary' || other === 'binary') return 'binary';
  return one === '8bit' ? one : other;
}

/**
 * Finds the domain of bytes that come in pieces cut anywhere: `binary` when there is a NUL, a CR or LF that stands alone, or a line of
 * more than 998 octets (RFC 2045 §2.7, §2.8), else `8bit` when an octet is above 127, else `7bit`.
 */
export class DomainScanner {
  #domain: DataDomain = '7bit';
  readonly #lineEnds = new LineEnds();
  /** Of the line at hand, which goes on in the next piece. */
  #lineBytes = 0;

  /** Takes the next bytes. @returns false when nothing that follows can change the outcome. */
  push(piece: Buffer): boolean {
    if (this.#domain === 'binary') return false;
    if (piece.includes(0) || !this.#lineEnds.check(piece) || this.#hasLongLine(piece)) {
      this.#domain = 'binary';
      return false;
    }
    if (!isAscii(piece)) this.#domain = '8bit';
    return true;
  }

  /** Ends the bytes. */
  end(): DataDomain {
    if (!this.#lineEnds.finish() || this.#lineBytes > LINE_BYTES_MAX) this.#domain = 'binary';
    return this.#domain;
  }

  /** Whether a line is too long that ends in this piece, or is so already without its end. */
  #hasLongLine(piece: Buffer): boolean {
    let from = 0;
    for (let lf = piece.indexOf(LF); lf >= 0; lf = piece.indexOf(LF, from)) {
      if (this.#lineBytes + lf + 1 - from > LINE_BYTES_MAX + CRLF_BYTES) return true;
      this.#lineBytes = 0;
      from = lf + 1;
    }
    this.#lineBytes += piece.length - from;
    // The last octet may be the CR of the line's end.
    return this.#lineBytes > LINE_BYTES_MAX + 1;
  }
}
