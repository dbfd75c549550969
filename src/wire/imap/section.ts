import * as c from './chars.ts';
import type { Cursor } from './parser.ts';

const PARTS_MAX = 64;
const FIELDS_MAX = 256;

/** Which part of a message, and what of it. */
export type Section =
  /** `part` is the path of part numbers; the whole message or part when `text` is undefined. */
  | { readonly part: readonly number[]; readonly text?: 'HEADER' | 'TEXT' | 'MIME' }
  | {
      readonly part: readonly number[];
      readonly text: 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT';
      /** Field names as the client spelt them. */
      readonly fields: readonly string[];
    };

/** Bytes `offset` up to `offset + length` of a section (RFC 9051 §6.4.5). */
export interface FetchPartial {
  readonly offset: number;
  readonly length: number;
}

/**
 * ```abnf
 * section         = "[" [section-spec] "]"
 * section-spec    = section-msgtext / (section-part ["." section-text])
 * section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
 * section-text    = section-msgtext / "MIME"
 * header-list     = "(" header-fld-name *(SP header-fld-name) ")"
 * ```
 */
export function readSection(cursor: Cursor): Section {
  cursor.expect(c.LBRACKET, '"["');
  const { part, dot } = readParts(cursor);
  if (part.length > 0 && !dot) {
    cursor.expect(c.RBRACKET, '"]"');
    return { part };
  }
  if (part.length === 0 && cursor.skip(c.RBRACKET)) return { part };
  const start = cursor.pos;
  const text = cursor.keyword('a section such as HEADER or TEXT');
  const section = withText(cursor, part, text);
  if (section === undefined) {
    cursor.pos = start;
    return cursor.fail(
      `HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT${part.length > 0 ? ', MIME' : ''} or TEXT`,
    );
  }
  cursor.expect(c.RBRACKET, '"]"');
  return section;
}

function withText(cursor: Cursor, part: readonly number[], text: string): Section | undefined {
  switch (text) {
    case 'HEADER':
    case 'TEXT':
      return { part, text };
    case 'MIME':
      return part.length > 0 ? { part, text } : undefined;
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT':
      return { part, text, fields: readFields(cursor) };
    default:
      return undefined;
  }
}

/** `header-fld-name = astring`, here printable US-ASCII without ":" (RFC 5322 §2.2). */
function readFields(cursor: Cursor): readonly string[] {
  cursor.space('a list of field names');
  return cursor.list('field names', FIELDS_MAX, () => {
    const name = cursor.astring('a field name');
    return /^[\x21-\x39\x3b-\x7e]+$/.test(name) ? name : cursor.reject('not a header field name');
  });
}

/** `section-part = nz-number *("." nz-number)`, and whether a "." follows it. */
function readParts(cursor: Cursor): { part: readonly number[]; dot: boolean } {
  const part: number[] = [];
  while (cursor.next >= 0 && c.isOf(cursor.next, c.DIGIT)) {
    if (part.length === PARTS_MAX) cursor.reject(`a part is nested more than ${PARTS_MAX} deep`);
    part.push(cursor.nzNumber('a part number'));
    if (!cursor.skip(0x2e)) return { part, dot: false };
  }
  return { part, dot: part.length > 0 };
}

/** `section-binary = "[" [section-part] "]"` (RFC 3516 §7). */
export function readBinarySection(cursor: Cursor): readonly number[] {
  cursor.expect(c.LBRACKET, '"["');
  const { part, dot } = readParts(cursor);
  if (dot) cursor.fail('a part number');
  cursor.expect(c.RBRACKET, '"]"');
  return part;
}

/** `partial = "<" number64 "." nz-number64 ">"`, if one comes. */
export function readPartial(cursor: Cursor): FetchPartial | undefined {
  if (!cursor.skip(0x3c)) return undefined;
  const offset = cursor.number64('an offset');
  cursor.expect(0x2e, '"." in a partial <offset.length>');
  const length = cursor.number64('a length');
  if (length === 0) cursor.reject('the length of a partial must be above 0');
  cursor.expect(0x3e, '">"');
  return { offset, length };
}
