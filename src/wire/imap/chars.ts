/**
 * The character classes of the IMAP grammar as lookup tables, one bit each (RFC 9051 §9).
 *
 * ```abnf
 * atom-specials   = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
 * list-wildcards  = "%" / "*"
 * quoted-specials = DQUOTE / "\"
 * resp-specials   = "]"
 * ATOM-CHAR       = <any CHAR except atom-specials>
 * ASTRING-CHAR    = ATOM-CHAR / resp-specials
 * list-char       = ATOM-CHAR / list-wildcards / resp-specials
 * tag             = 1*<any ASTRING-CHAR except "+">
 * ```
 */
export const ATOM = 1;
/** ASTRING-CHAR, and every byte above 127: UTF-8 that the caller checks as a whole. */
export const ASTRING = 2;
/** list-char, and every byte above 127. */
export const LIST = 4;
export const TAG = 8;
export const DIGIT = 16;

export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SP = 32;
export const DQUOTE = 34;
export const LPAREN = 40;
export const RPAREN = 41;
export const PLUS = 43;
export const MINUS = 45;
export const BACKSLASH = 92;
export const LBRACKET = 91;
export const RBRACKET = 93;
export const LBRACE = 123;
export const RBRACE = 125;
export const TILDE = 126;

function classesOf(byte: number): number {
  if (byte > 127) return ASTRING | LIST;
  if (byte <= SP || byte === 127) return 0;
  const char = String.fromCharCode(byte);
  if ('%*'.includes(char)) return LIST;
  if (char === ']') return ASTRING | LIST | TAG;
  if ('(){"\\'.includes(char)) return 0;
  const all = ATOM | ASTRING | LIST;
  if (char >= '0' && char <= '9') return all | TAG | DIGIT;
  return char === '+' ? all : all | TAG;
}

const CLASSES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => classesOf(byte));

/** Whether a byte (0-255) belongs to one of the classes in `mask`. */
export function isOf(byte: number, mask: number): boolean {
  return (CLASSES[byte]! & mask) !== 0;
}

/** Whether every character of a wire string belongs to one of the classes in `mask`; '' does not. */
export function consistsOf(wire: string, mask: number): boolean {
  for (let i = 0; i < wire.length; i++) {
    const code = wire.charCodeAt(i);
    if (code > 255 || !isOf(code, mask)) return false;
  }
  return wire.length > 0;
}
