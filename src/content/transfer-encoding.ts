/** Content transfer encodings, decoding: whole bodies and streams. RFC 2045 §6. */
import { asBuffer } from './header.ts';
import { decodeQuotedPrintable } from './quoted-printable.ts';
import { decodeUuencode, type UuPlace } from './uuencode.ts';

/** How a body is encoded; `identity` is 7bit, 8bit and binary. */
type Encoding = 'identity' | 'base64' | 'quoted-printable' | 'uuencode';

const LF = 0x0a;
const EQUALS = 0x3d;

function encodingOf(name: string): Encoding | undefined {
  switch (name.trim().toLowerCase()) {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return 'identity';
    case 'base64':
      return 'base64';
    case 'quoted-printable':
      return 'quoted-printable';
    case 'uuencode':
    case 'x-uuencode':
    case 'x-uue':
    case 'uue':
      return 'uuencode';
    default:
      return undefined;
  }
}

/** Whether {@link decodeTransfer} knows this encoding. When not, BINARY answers UNKNOWN-CTE: RFC 3516 §4.3. */
export function isKnownEncoding(encoding: string): boolean {
  return encodingOf(encoding) !== undefined;
}

/**
 * Base64 with everything tolerated that is found in mail: foreign characters are skipped, padding may be missing or
 * stand in the middle (parts glued together). RFC 2045 §6.8.
 */
function decodeBase64(bytes: Buffer): Buffer {
  const pad = bytes.indexOf(EQUALS);
  const all = bytes.toString('latin1');
  // Node reads the alphabet of base64url too; in mail its "-" and "_" are foreign.
  const text = /[-_]/.test(all) ? all.replace(/[-_]+/g, '') : all;
  if (pad < 0 || !/[A-Za-z0-9+/]/.test(all.slice(pad))) return Buffer.from(text, 'base64');
  const pieces = text.split(/=[=\s]*/).map((piece) => Buffer.from(piece, 'base64'));
  return Buffer.concat(pieces);
}

/**
 * Decodes a body.
 * @param encoding the Content-Transfer-Encoding value, any case; empty means 7bit
 * @returns the bytes (the same memory for 7bit, 8bit and binary), or undefined when the encoding is unknown
 */
export function decodeTransfer(bytes: Uint8Array, encoding: string): Buffer | undefined {
  const buffer = asBuffer(bytes);
  const known = encodingOf(encoding);
  switch (known) {
    case undefined:
      return undefined;
    case 'identity':
      return buffer;
    case 'base64':
      return decodeBase64(buffer);
    case 'quoted-printable':
      return decodeQuotedPrintable(buffer);
    case 'uuencode':
      return decodeUuencode(buffer);
  }
}

/** Lines longer than this are decoded in pieces, so that a stream without line breaks is held in constant memory. */
const LINE_BYTES_MAX = 65_536;

/** {@link decodeTransfer} for a stream: push the encoded bytes in chunks of any size, then end. Holds at most a line. */
export class TransferDecoder {
  readonly #encoding: Encoding;
  #rest: Buffer = Buffer.alloc(0);
  readonly #uuPlace: UuPlace = { inside: false };

  /** @throws RangeError when the encoding is unknown: ask {@link isKnownEncoding} first */
  constructor(encoding: string) {
    const known = encodingOf(encoding);
    if (known === undefined) throw new RangeError(`unknown transfer encoding ${encoding}`);
    this.#encoding = known;
  }

  /** Takes encoded bytes and returns what can be decoded so far. The chunk may be reused afterwards. */
  push(chunk: Uint8Array): Buffer {
    if (this.#encoding === 'identity') return Buffer.from(chunk);
    const input = this.#rest.length === 0 ? asBuffer(chunk) : Buffer.concat([this.#rest, chunk]);
    if (this.#encoding === 'base64') return this.#pushBase64(input);
    const lineEnd = input.lastIndexOf(LF) + 1;
    const take = lineEnd > 0 ? lineEnd : input.length > LINE_BYTES_MAX ? this.#safeCut(input) : 0;
    this.#rest = Buffer.from(input.subarray(take));
    return this.#decodeLines(input.subarray(0, take));
  }

  /** Decodes what is left. */
  end(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return this.#encoding === 'base64' ? decodeBase64(rest) : this.#decodeLines(rest);
  }

  /** A cut inside a line that splits no escape and leaves blanks with what follows them. */
  #safeCut(input: Buffer): number {
    let cut = input.length;
    while (cut > input.length - 3 && input[cut - 1] !== EQUALS) cut--;
    if (input[cut - 1] === EQUALS) return cut - 1;
    cut = input.length;
    while (
      cut > 0 &&
      (input[cut - 1] === 0x20 || input[cut - 1] === 0x09 || input[cut - 1] === 0x0d)
    )
      cut--;
    return cut === 0 ? input.length : cut;
  }

  #decodeLines(lines: Buffer): Buffer {
    if (this.#encoding === 'quoted-printable') return decodeQuotedPrintable(lines);
    if (this.#encoding === 'identity') return lines;
    return decodeUuencode(lines, this.#uuPlace);
  }

  /** Decodes whole groups of four digits; keeps the rest. */
  #pushBase64(input: Buffer): Buffer {
    const text = input.toString('latin1').replace(/[^A-Za-z0-9+/=]+/g, '');
    // Behind padding the count of four begins anew.
    const from = text.lastIndexOf('=') + 1;
    const take = from + ((text.length - from) & ~3);
    this.#rest = Buffer.from(text.slice(take), 'latin1');
    return decodeBase64(Buffer.from(text.slice(0, take), 'latin1'));
  }
}
