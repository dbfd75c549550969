/** Strings in IMAP responses, as the renderings of this room need them. */

const UNQUOTABLE = /[\x00\r\n\x80-\xff]/;

/**
 * string = quoted / literal   (RFC 9051 §9). Eight-bit bytes and line breaks go into a literal, which every client
 * takes; NUL exists in neither form and becomes `?`.
 */
export function imapString(wire: string): string {
  if (UNQUOTABLE.test(wire)) {
    const clean = wire.includes('\0') ? wire.replaceAll('\0', '?') : wire;
    return `{${clean.length}}\r\n${clean}`;
  }
  return /["\\]/.test(wire) ? `"${wire.replace(/["\\]/g, '\\$&')}"` : `"${wire}"`;
}

/** nstring = string / nil */
export function imapNstring(wire: string | undefined): string {
  return wire === undefined ? 'NIL' : imapString(wire);
}
