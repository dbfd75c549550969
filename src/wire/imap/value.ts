import * as c from './chars.ts';
import type { Cursor } from './parser.ts';

const DEPTH_MAX = 64;
const ITEMS_MAX = 10_000_000;

/**
 * Any data in a response: NIL is null, an atom of digits a number, other atoms and quoted strings
 * (UTF-8) are strings, literals are Buffers, parenthesized lists arrays.
 */
export type Value = null | number | string | Buffer | readonly Value[];

/** A string or literal as text; undefined for anything else. A literal that is not UTF-8 is read as latin1. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (!Buffer.isBuffer(value)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return value.toString('latin1');
  }
}

/** The next value. Atoms here end only at space, parentheses and controls, as servers take liberties. */
export function readValue(cursor: Cursor, depth = 0): Value {
  if (depth > DEPTH_MAX) return cursor.reject(`lists are nested more than ${DEPTH_MAX} deep`);
  switch (cursor.next) {
    case c.LPAREN:
      return readValues(cursor, depth);
    case c.DQUOTE: {
      const bytes = cursor.stringBytes('a string');
      return textOf(bytes) ?? null;
    }
    case c.LBRACE:
    case c.TILDE: {
      const start = cursor.pos;
      if (cursor.openLiteral() === undefined) return readAtomValue(cursor);
      cursor.pos = start;
      return cursor.literal();
    }
    default:
      return readAtomValue(cursor);
  }
}

/** A list. Body structures and addresses put no space between lists, so spaces are optional. */
function readValues(cursor: Cursor, depth: number): readonly Value[] {
  const values: Value[] = [];
  cursor.pos++;
  while (!cursor.skip(c.RPAREN)) {
    if (cursor.atEnd) return cursor.fail('")"');
    if (cursor.skip(c.SP)) continue;
    if (values.length === ITEMS_MAX) return cursor.reject('too many items in a list');
    values.push(readValue(cursor, depth + 1));
  }
  return values;
}

function readAtomValue(cursor: Cursor): Value {
  const atom = readLooseAtom(cursor);
  if (atom === '') return cursor.fail('a value');
  if (atom.toUpperCase() === 'NIL') return null;
  const value = /^\d{1,16}$/.test(atom) ? Number(atom) : Number.NaN;
  return Number.isSafeInteger(value) ? value : atom;
}

/** Characters up to a space, a parenthesis or a control. */
export function readLooseAtom(cursor: Cursor): string {
  const start = cursor.pos;
  for (let byte = cursor.next; byte > c.SP; byte = cursor.next) {
    if (byte === c.LPAREN || byte === c.RPAREN || byte === c.DQUOTE) break;
    cursor.pos++;
  }
  return cursor.bytes.toString('latin1', start, cursor.pos);
}
