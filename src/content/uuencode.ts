/** Uuencode, decoding only: the `x-uuencode` transfer encoding of old mail. */

const LF = 0x0a;
const CR = 0x0d;

/** Whether a `begin` line is open. */
export interface UuPlace {
  inside: boolean;
}

/**
 * Decodes the lines between `begin MODE NAME` and `end`; several files follow each other. Malformed lines give what
 * they hold. Without a `begin` line nothing is decoded.
 * @param place where the decoder stands; handed on from chunk to chunk when a stream is decoded by whole lines
 */
export function decodeUuencode(bytes: Buffer, place: UuPlace = { inside: false }): Buffer {
  // A line gives no more bytes than it has, but the last one, without its line break, may.
  const out = Buffer.allocUnsafe(bytes.length + 3);
  let size = 0;
  let { inside } = place;
  for (let at = 0; at < bytes.length; ) {
    const lf = bytes.indexOf(LF, at);
    const next = lf < 0 ? bytes.length : lf + 1;
    let end = lf < 0 ? bytes.length : lf;
    if (end > at && bytes[end - 1] === CR) end--;
    if (!inside) inside = bytes.toString('latin1', at, Math.min(at + 6, end)) === 'begin ';
    else if (end - at === 3 && bytes.toString('latin1', at, end) === 'end') inside = false;
    else if (end > at) size = decodeLine(bytes, at, end, out, size);
    at = next;
  }
  place.inside = inside;
  return out.subarray(0, size);
}

/** One line: its first character is the count of bytes, then groups of four characters for three bytes each. */
function decodeLine(bytes: Buffer, start: number, end: number, out: Buffer, size: number): number {
  const count = (bytes[start]! - 0x20) & 0x3f;
  const stop = size + count;
  let to = size;
  const digit = (index: number): number => (index < end ? (bytes[index]! - 0x20) & 0x3f : 0);
  for (let at = start + 1; at < end && to < stop; at += 4) {
    const group = (digit(at) << 18) | (digit(at + 1) << 12) | (digit(at + 2) << 6) | digit(at + 3);
    out[to++] = group >> 16;
    if (to < stop) out[to++] = (group >> 8) & 0xff;
    if (to < stop) out[to++] = group & 0xff;
  }
  return to;
}
