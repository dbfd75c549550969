/** Base64 as a body is written in it. RFC 2045 §6.8. */
import { asBuffer } from './header.ts';

/** A line of 76 characters, the most there may be. */
const BYTES_A_LINE = 57;
const CHARS_A_LINE = 76;
const CRLF = '\r\n';

/** Encodes a stream of bytes: push chunks of any size, then end. CRLF stands between the lines, not behind the last one. */
export class Base64Lines {
  #rest: Buffer = Buffer.alloc(0);
  #isFirst = true;

  /** Takes the next bytes and gives the lines that are full. The chunk may be reused afterwards. */
  push(chunk: Uint8Array): Buffer {
    const input = this.#rest.length === 0 ? asBuffer(chunk) : Buffer.concat([this.#rest, chunk]);
    const full = input.length - (input.length % BYTES_A_LINE);
    this.#rest = Buffer.from(input.subarray(full));
    return this.#encode(input.subarray(0, full));
  }

  /** Gives the last line, if there is one that is not full. */
  end(): Buffer {
    return this.#encode(this.#rest);
  }

  #encode(bytes: Buffer): Buffer {
    const lines = Math.ceil(bytes.length / BYTES_A_LINE);
    const out = Buffer.allocUnsafe(lines * (CHARS_A_LINE + CRLF.length));
    let to = 0;
    for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
      if (!this.#isFirst) to += out.write(CRLF, to, 'latin1');
      this.#isFirst = false;
      to += out.write(bytes.toString('base64', at, at + BYTES_A_LINE), to, 'latin1');
    }
    return out.subarray(0, to);
  }
}
