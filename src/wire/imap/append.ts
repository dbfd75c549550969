import * as c from './chars.ts';
import { readDateTime } from './date.ts';
import { type FlagName, readFlagList } from './flags.ts';
import type { LiteralAnnouncement } from './literal.ts';
import { readMailbox } from './mailbox.ts';
import { Cursor, type ParseError, type ParseOptions, parseErrorOf } from './parser.ts';
import { readTag } from './tag.ts';

/** What stands before a message in APPEND. */
export interface AppendHead {
  readonly flags: readonly FlagName[];
  /** INTERNALDATE, milliseconds since 1970; undefined: now. */
  readonly internalDateMs?: number;
  /** The message came as `UTF8 (~{n}…)`: its header may hold UTF-8 (RFC 6855 §4). */
  readonly utf8: boolean;
}

/** An APPEND whose messages were collected into memory. */
export interface AppendCommand {
  readonly name: 'APPEND';
  readonly mailbox: string;
  readonly messages: readonly (AppendHead & { readonly data: Buffer })[];
}

/** What an announced literal is. */
export type AppendLiteral =
  /** The message of an APPEND: of its first, with the tag and mailbox, or of a further one. */
  | {
      readonly ok: true;
      readonly kind: 'message';
      readonly tag: string;
      readonly mailbox: string;
      readonly head: AppendHead;
      readonly literal: LiteralAnnouncement;
    }
  /** Something else, to be collected: an argument of another command, or APPEND's mailbox name. */
  | { readonly ok: true; readonly kind: 'argument' };

/** How an APPEND goes on after a streamed message. */
export type AppendNext =
  | { readonly ok: true; readonly kind: 'end' }
  | {
      readonly ok: true;
      readonly kind: 'message';
      readonly head: AppendHead;
      readonly literal: LiteralAnnouncement;
    };

/**
 * Looks at a command up to an announced literal, before the literal is taken: is it the message
 * of an APPEND? An error means that the literal should be refused and the error answered.
 *
 * ```abnf
 * append         = "APPEND" SP mailbox 1*append-message
 * append-message = [SP flag-list] [SP date-time] SP append-data
 * append-data    = literal / literal8 / "UTF8" SP "(" literal8 ")"
 * ```
 * RFC 9051 §6.3.12, RFC 3502 §6, RFC 6855 §4.
 *
 * @param bytes the command so far, ending with the announcement's "}"
 */
export function parseAppendLiteral(
  bytes: Buffer,
  options: ParseOptions,
): AppendLiteral | ParseError {
  const cursor = new Cursor(bytes, options);
  let tag = '*';
  try {
    tag = readTag(cursor);
    if (!cursor.skipKeyword('APPEND')) return { ok: true, kind: 'argument' };
    cursor.context = 'APPEND';
    cursor.space('a mailbox name');
    if (isOpenAt(cursor)) return { ok: true, kind: 'argument' };
    const mailbox = readMailbox(cursor);
    for (;;) {
      const { head, literal } = readHead(cursor);
      if (cursor.atEnd) return { ok: true, kind: 'message', tag, mailbox, head, literal };
      readData(cursor, head, literal);
    }
  } catch (error) {
    return parseErrorOf(error, tag);
  }
}

/** Whether the announcement that ends the bytes is the next thing. */
function isOpenAt(cursor: Cursor): boolean {
  const start = cursor.pos;
  const open = cursor.openLiteral() !== undefined && cursor.atEnd;
  cursor.pos = start;
  return open;
}

/**
 * Reads how an APPEND goes on after a streamed message: its end, or the head of the next message up to
 * the announcement (RFC 3502 §3).
 *
 * @param bytes what came after the message: of a `command` result, or of a further `literal` result
 * @param utf8 the message before was `UTF8 (~{n}…)`, so ")" comes first
 * @param tag the command's tag, for errors
 */
export function parseAppendNext(
  bytes: Buffer,
  options: ParseOptions,
  { utf8, tag }: { readonly utf8: boolean; readonly tag: string },
): AppendNext | ParseError {
  const cursor = new Cursor(bytes, options);
  cursor.context = 'APPEND';
  try {
    if (utf8) cursor.expect(c.RPAREN, '")" after the message');
    if (isBlank(cursor)) return { ok: true, kind: 'end' };
    const next = readHead(cursor);
    if (!cursor.atEnd) cursor.fail('nothing after the announced size of the message');
    return { ok: true, kind: 'message', ...next };
  } catch (error) {
    return parseErrorOf(error, tag);
  }
}

/** Whether only spaces are left; consumes nothing else. */
function isBlank(cursor: Cursor): boolean {
  const start = cursor.pos;
  while (cursor.skip(c.SP));
  if (cursor.atEnd) return true;
  cursor.pos = start;
  return false;
}

/** `[SP flag-list] [SP date-time] SP` and the announcement of the message. */
function readHead(cursor: Cursor): { head: AppendHead; literal: LiteralAnnouncement } {
  const expected = 'the message as a literal';
  cursor.space(expected);
  let flags: readonly FlagName[] = [];
  if (cursor.next === c.LPAREN) {
    flags = readFlagList(cursor);
    cursor.space(expected);
  }
  let date = {};
  if (cursor.next === c.DQUOTE) {
    date = { internalDateMs: readDateTime(cursor) };
    cursor.space(expected);
  }
  const utf8 = cursor.skipKeyword('UTF8');
  if (utf8) {
    cursor.space('"(" and the message as a literal8');
    cursor.expect(c.LPAREN, '"(" and the message as a literal8');
    if (cursor.next !== c.TILDE) cursor.fail('a literal8, such as ~{310}');
  }
  const literal = cursor.openLiteral() ?? cursor.fail(expected);
  return { head: { flags, ...date, utf8 }, literal };
}

/** The bytes of a collected message and what closes it. */
function readData(cursor: Cursor, { utf8 }: AppendHead, { size }: LiteralAnnouncement): Buffer {
  const start = cursor.pos;
  if (cursor.bytes[start - 1] !== c.LF || size > cursor.bytes.length - start)
    return cursor.fail('the bytes of the message');
  cursor.pos = start + size;
  const data = cursor.bytes.subarray(start, cursor.pos);
  if (utf8) cursor.expect(c.RPAREN, '")" after the message');
  return data;
}

/** A whole APPEND with collected messages. The cursor stands after "APPEND". */
export function readAppend(cursor: Cursor): AppendCommand {
  cursor.space('a mailbox name');
  const mailbox = readMailbox(cursor);
  const messages: (AppendHead & { readonly data: Buffer })[] = [];
  do {
    const { head, literal } = readHead(cursor);
    messages.push({ ...head, data: readData(cursor, head, literal) });
  } while (!isBlank(cursor));
  return { name: 'APPEND', mailbox, messages };
}
