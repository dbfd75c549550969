/**
 * Writing the grammar's small pieces. Everything here takes and gives wire strings: one character
 * a byte, to be sent as latin1. Text becomes a wire string with `wireOf`.
 */
import { isUtf8 } from 'node:buffer';
import * as c from './chars.ts';
import type { FlagName } from './flags.ts';
import type { Section } from './section.ts';
import { encodeUtf7 } from './utf7.ts';

const QUOTED_BYTES_MAX = 1024;

/** Text as UTF-8 in a wire string. Lone surrogates become U+FFFD. */
export function wireOf(text: string): string {
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** `"…"` with `"` and `\` escaped. The input must hold no CR, LF or NUL. */
export function encodeQuoted(wire: string): string {
  return /["\\]/.test(wire) ? `"${wire.replace(/["\\]/g, '\\$&')}"` : `"${wire}"`;
}

/** `{n}` CRLF and the bytes. NUL, which no literal may hold, becomes byte 0x80. */
export function encodeLiteral(wire: string): string {
  return `{${wire.length}}\r\n${wire.includes('\0') ? wire.replaceAll('\0', '\x80') : wire}`;
}

/** `~{n}` CRLF and the bytes, whatever they are (RFC 3516 §4.4). */
export function encodeLiteral8(wire: string): string {
  return `~{${wire.length}}\r\n${wire}`;
}

/**
 * A `string`: quoted where that is possible and short, else a literal.
 *
 * @param utf8 the client takes UTF-8 in quoted strings, after ENABLE of UTF8=ACCEPT or IMAP4rev2;
 *   bytes that are not UTF-8 still go into a literal
 */
export function encodeString(wire: string, utf8 = false): string {
  if (wire.length > QUOTED_BYTES_MAX || /[\r\n\0]/.test(wire)) return encodeLiteral(wire);
  if (/^[\x01-\x7f]*$/.test(wire)) return encodeQuoted(wire);
  return utf8 && isUtf8(Buffer.from(wire, 'latin1')) ? encodeQuoted(wire) : encodeLiteral(wire);
}

/** `nstring`: NIL for null. */
export function encodeNstring(wire: string | null, utf8 = false): string {
  return wire === null ? 'NIL' : encodeString(wire, utf8);
}

/** `astring`: bare where it is an atom other than NIL. */
export function encodeAstring(wire: string, utf8 = false): string {
  return c.consistsOf(wire, c.ATOM) && wire.toUpperCase() !== 'NIL'
    ? wire
    : encodeString(wire, utf8);
}

/**
 * A mailbox name: UTF-8 after ENABLE of IMAP4rev2 or UTF8=ACCEPT, else modified UTF-7 (RFC 9051 §5.1,
 * RFC 6855 §3).
 *
 * @param name text, not a wire string
 */
export function encodeMailbox(name: string, utf8Names: boolean): string {
  return utf8Names ? encodeAstring(wireOf(name), true) : encodeAstring(encodeUtf7(name));
}

/** `flag-list`: flags and keywords in parentheses. */
export function encodeFlags(flags: readonly FlagName[]): string {
  return `(${flags.join(' ')})`;
}

/**
 * A section with its brackets and, when only a part of it was asked for, where that part starts:
 * `[1.HEADER.FIELDS (DATE)]<0>` as it follows BODY in a FETCH response (RFC 9051 §7.5.2).
 */
export function encodeSection(section: Section, offset?: number): string {
  const part = section.part.join('.');
  const text = section.text ?? '';
  const dot = part !== '' && text !== '' ? '.' : '';
  const fields =
    'fields' in section ? ` (${section.fields.map((name) => encodeAstring(name)).join(' ')})` : '';
  return `[${part}${dot}${text}${fields}]${encodeOrigin(offset)}`;
}

/** A BINARY section with its brackets, and where it starts: `[1.2]<0>` (RFC 3516 §4.2). */
export function encodeBinarySection(part: readonly number[], offset?: number): string {
  return `[${part.join('.')}]${encodeOrigin(offset)}`;
}

function encodeOrigin(offset: number | undefined): string {
  return offset === undefined ? '' : `<${offset}>`;
}
