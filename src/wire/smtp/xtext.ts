// xtext   = *( xchar / hexchar )                                                 ; RFC 3461 §4
// xchar   = any ASCII CHAR between "!" (33) and "~" (126) inclusive, except for "+" and "="
// hexchar = ASCII "+" immediately followed by two upper case hexadecimal digits
const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})*$/;

/**
 * Decodes xtext to a wire string; undefined when it is none. Hexadecimal digits in lower case are
 * accepted, as widespread senders write them.
 */
export function decodeXtext(text: string): string | undefined {
  if (!XTEXT.test(text)) return undefined;
  if (!text.includes('+')) return text;
  return text.replace(/\+(..)/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** Encodes a wire string as xtext. */
export function encodeXtext(text: string): string {
  return text.replace(
    /[^!-*,-<>-~]/g,
    (char) => `+${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

// utf-8-enc-addr      = utf-8-addr-xtext / utf-8-addr-unitext / utf-8-address    ; RFC 6533 §3
// utf-8-addr-xtext    = 1*(QCHAR / EmbeddedUnicodeChar)
// utf-8-addr-unitext  = 1*(QUCHAR / EmbeddedUnicodeChar)
// EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}"                                 ; \x{20AC}
// QCHAR               = %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e
const UTF8_ADDRESS =
  /^(?:[\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e\u{80}-\u{10ffff}]|\\x\{[0-9A-Fa-f]{2,6}\})+$/u;

/** Decodes the address behind `utf-8;` of ORCPT to Unicode; undefined when it is none. */
export function decodeUtf8Address(text: string): string | undefined {
  if (!UTF8_ADDRESS.test(text)) return undefined;
  let possible = true;
  const decoded = text.replace(/\\x\{([^}]+)\}/g, (_all, hex: string) => {
    const point = parseInt(hex, 16);
    if (point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)) return String.fromCodePoint(point);
    possible = false;
    return '';
  });
  return possible ? decoded : undefined;
}

/** Encodes an address for `utf-8;` of ORCPT so that only ASCII is sent (utf-8-addr-xtext). */
export function encodeUtf8Address(text: string): string {
  return text.replace(
    /[^\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e]/gu,
    (char) => `\\x{${char.codePointAt(0)!.toString(16).toUpperCase().padStart(2, '0')}}`,
  );
}
