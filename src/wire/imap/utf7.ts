const AMPERSAND = 0x26;

/** Big-endian UTF-16 bytes of a string, in base64 with "," for "/" and without padding. */
function encodeShift(text: string): string {
  const bytes = Buffer.from(text, 'utf16le').swap16();
  return bytes.toString('base64').replace(/=+$/, '').replaceAll('/', ',');
}

/** Undoes encodeShift; undefined unless the input is exactly what encodeShift writes. */
function decodeShift(shift: string): string | undefined {
  const bytes = Buffer.from(shift.replaceAll(',', '/'), 'base64');
  if (bytes.length === 0 || bytes.length % 2 !== 0) return undefined;
  const text = bytes.swap16().toString('utf16le');
  return text.isWellFormed() && encodeShift(text) === shift ? text : undefined;
}

/**
 * Writes text in modified UTF-7, pure printable US-ASCII. Lone surrogates become U+FFFD.
 *
 * Printable US-ASCII stands for itself, "&" is "&-", anything else is "&" base64 "-" (RFC 3501 §5.1.3).
 */
export function encodeUtf7(text: string): string {
  if (/^[\x20-\x25\x27-\x7e]*$/.test(text)) return text;
  return text
    .toWellFormed()
    .replace(/&|[^\x20-\x7e]+/g, (part) => (part === '&' ? '&-' : `&${encodeShift(part)}-`));
}

/**
 * Reads modified UTF-7.
 *
 * Refused, because RFC 3501 §5.1.3 allows one spelling of a name only: 8-bit bytes, controls, "&" that
 * starts no shift, base64 with padding or stray bits, lone surrogates, printable US-ASCII in base64,
 * and a shift that follows another.
 *
 * @returns undefined when the input is not modified UTF-7
 */
export function decodeUtf7(wire: string): string | undefined {
  if (!/^[\x20-\x7e]*$/.test(wire)) return undefined;
  if (!wire.includes('&')) return wire;
  let text = '';
  let shiftEnd = -1;
  for (let at = 0; at < wire.length; ) {
    if (wire.charCodeAt(at) !== AMPERSAND) {
      text += wire[at++];
      continue;
    }
    const dash = wire.indexOf('-', at);
    if (dash < 0) return undefined;
    if (dash === at + 1) {
      text += '&';
    } else {
      const part = at === shiftEnd ? undefined : decodeShift(wire.slice(at + 1, dash));
      if (part === undefined || /[\x20-\x7e]/.test(part)) return undefined;
      text += part;
      shiftEnd = dash + 1;
    }
    at = dash + 1;
  }
  return text;
}
