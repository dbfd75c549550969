/** Quoted-printable, decoding only. */

const EQUALS = 0x3d;
const CR = 0x0d;
const LF = 0x0a;

/** Value of a hexadecimal digit, -1 for anything else. Lower case is tolerated: RFC 2045 §6.7 (note 2). */
const HEX = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/**
 * Decodes quoted-printable. Malformed escapes stay as they are. RFC 2045 §6.7.
 * @param form `text` drops soft line breaks and the blanks before a line break; `word` is the Q encoding of an encoded
 *   word (RFC 2047 §4.2), where neither exists
 */
export function decodeQuotedPrintable(bytes: Buffer, form: 'text' | 'word' = 'text'): Buffer {
  if (form === 'word' && !bytes.includes(EQUALS)) return bytes;
  const out = Buffer.allocUnsafe(bytes.length);
  const { length } = bytes;
  let size = 0;
  let at = 0;
  // `blanksFrom` is where the blanks at the end of `out` begin: they go if the line ends here.
  let blanksFrom = -1;
  for (; at < length; at++) {
    const byte = bytes[at]!;
    if (byte === EQUALS) {
      blanksFrom = -1;
      const value = (HEX[bytes[at + 1] ?? 0]! << 4) | HEX[bytes[at + 2] ?? 0]!;
      if (value >= 0) {
        out[size++] = value;
        at += 2;
        continue;
      }
      const next = form === 'text' ? softBreakEnd(bytes, at) : -1;
      if (next >= 0) {
        at = next - 1;
        continue;
      }
    } else if (form === 'text') {
      if (byte === 0x20 || byte === 0x09) {
        if (blanksFrom < 0) blanksFrom = size;
      } else {
        if (blanksFrom >= 0 && (byte === LF || (byte === CR && bytes[at + 1] === LF)))
          size = blanksFrom;
        blanksFrom = -1;
      }
    }
    out[size++] = byte;
  }
  return out.subarray(0, size);
}

/** Behind the soft line break that starts with the `=` at `at`, or -1 when there is none. A last `=` counts as one. */
function softBreakEnd(bytes: Buffer, at: number): number {
  let end = at + 1;
  while (bytes[end] === 0x20 || bytes[end] === 0x09) end++;
  if (end >= bytes.length) return end;
  if (bytes[end] === CR && (bytes[end + 1] === LF || end + 1 >= bytes.length)) end++;
  if (end >= bytes.length) return end;
  return bytes[end] === LF ? end + 1 : -1;
}
