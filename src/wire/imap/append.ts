import type { SeqNum, Uid } from '#model';
import * as c from './chars.ts';
import { readDateTime } from './date.ts';
import { type FlagName, readFlagList } from './flags.ts';
import type { LiteralAnnouncement } from './literal.ts';
import { readMailbox } from './mailbox.ts';
import { type NumSet, readNumSet } from './number-set.ts';
import { Cursor, type ParseError, type ParseOptions, parseErrorOf } from './parser.ts';
import { readTag } from './tag.ts';

const STEPS_MAX = 10_000;

/** What stands before a message in APPEND. */
export interface AppendHead {
  readonly flags: readonly FlagName[];
  /** INTERNALDATE, milliseconds since 1970; undefined: now. */
  readonly internalDateMs?: number;
  /** The message comes as `UTF8 (~{n}…)`: its header may hold UTF-8 (RFC 6855 §4). */
  readonly utf8: boolean;
}

/** One thing to do for an APPEND; messages are begun and ended one after the other, and their bytes come in between. */
export type AppendStep =
  | { readonly step: 'begin'; readonly head: AppendHead }
  | { readonly step: 'data'; readonly bytes: Buffer }
  /** The bytes that a URL names (RFC 4469 §3). */
  | { readonly step: 'url'; readonly url: string }
  | { readonly step: 'end' };

/** What a literal of an APPEND is: all of a message, a piece of one, or a URL. */
export type AppendPlace = 'message' | 'utf8-message' | 'text' | 'url';

/** How an APPEND goes on: what to do now, and the literal that is announced after it; without one it is complete. */
export interface AppendRun {
  readonly steps: readonly AppendStep[];
  readonly literal?: LiteralAnnouncement & { readonly as: AppendPlace };
}

/** Where messages are to go. */
export type AppendTarget =
  | { readonly name: 'APPEND'; readonly mailbox: string }
  /** One message takes the place of another (RFC 8508 §3); the set names one number. */
  | {
      readonly name: 'REPLACE';
      readonly mailbox: string;
      readonly uid: true;
      readonly set: NumSet<Uid>;
    }
  | {
      readonly name: 'REPLACE';
      readonly mailbox: string;
      readonly uid: false;
      readonly set: NumSet<SeqNum>;
    };

/** A whole APPEND or REPLACE, all its literals inline. */
export type AppendCommand = AppendTarget & { readonly run: AppendRun };

/** What an announced literal is. */
export type AppendLiteral =
  /** The first of an APPEND or REPLACE that is to be streamed. */
  | {
      readonly ok: true;
      readonly kind: 'message';
      readonly tag: string;
      readonly target: AppendTarget;
      readonly run: AppendRun;
    }
  /** Something else, to be collected: an argument of another command, or APPEND's mailbox name. */
  | { readonly ok: true; readonly kind: 'argument' };

/**
 * Tells whether the literal that was just announced belongs to a message, which a session streams, or is an argument, which it
 * collects.
 *
 * ```abnf
 * append         = "APPEND" SP mailbox 1*append-message
 * replace        = "REPLACE" SP seq-number SP mailbox append-message
 * uid-replace    = "UID" SP "REPLACE" SP seq-number SP mailbox append-message
 * append-message = [SP flag-list] [SP date-time] SP append-data
 * append-data    = literal / literal8 / "UTF8" SP "(" literal8 ")" /
 *                  "CATENATE" SP "(" cat-part *(SP cat-part) ")"
 * cat-part       = "TEXT" SP literal / "URL" SP astring
 * ```
 * RFC 9051 §6.3.12, RFC 3502 §6, RFC 6855 §4, RFC 4469 §5, RFC 8508 §5.
 *
 * @param bytes the command so far, ending with the announcement's "}"
 */
export function parseAppendLiteral(
  bytes: Buffer,
  options: ParseOptions,
): AppendLiteral | ParseError {
  const cursor = new Cursor(bytes, options, true);
  let tag = '*';
  try {
    tag = readTag(cursor);
    const name = readName(cursor);
    if (name === undefined) return { ok: true, kind: 'argument' };
    const target = readTarget(cursor, name, () => isOpenAt(cursor));
    if (target === undefined) return { ok: true, kind: 'argument' };
    const run = readRun(cursor, target.name, undefined);
    if (run.literal === undefined) cursor.fail('a literal in its place');
    return { ok: true, kind: 'message', tag, target, run };
  } catch (error) {
    return parseErrorOf(error, tag, cursor.context);
  }
}

type Name = 'APPEND' | 'REPLACE' | 'UID REPLACE';

function readName(cursor: Cursor): Name | undefined {
  const name = ((): Name | undefined => {
    if (cursor.skipKeyword('APPEND')) return 'APPEND';
    if (cursor.skipKeyword('REPLACE')) return 'REPLACE';
    const uid = cursor.skipKeyword('UID') && cursor.skipSpace();
    return uid && cursor.skipKeyword('REPLACE') ? 'UID REPLACE' : undefined;
  })();
  if (name !== undefined) cursor.context = name;
  return name;
}

/** The arguments before the message; undefined when `isOpen` says that the mailbox name is still to come. */
function readTarget(
  cursor: Cursor,
  name: Name,
  isOpen: () => boolean = () => false,
): AppendTarget | undefined {
  const set = name === 'APPEND' ? undefined : readOneNumber(cursor);
  cursor.space('a mailbox name');
  if (isOpen()) return undefined;
  const mailbox = readMailbox(cursor);
  if (set === undefined) return { name: 'APPEND', mailbox };
  return name === 'UID REPLACE'
    ? { name: 'REPLACE', mailbox, uid: true, set: set as NumSet<Uid> }
    : { name: 'REPLACE', mailbox, uid: false, set: set as NumSet<SeqNum> };
}

function readOneNumber(cursor: Cursor): NumSet<never> {
  cursor.space('the number of a message');
  const set = readNumSet<never>(cursor, 'the number of a message');
  const [range] = set.ranges;
  const isOne = set.ranges.length === 1 && !set.saved && range!.first === range!.last;
  return isOne ? set : cursor.reject('exactly one message is replaced');
}

/** Whether the announcement that ends the bytes is the next thing. */
function isOpenAt(cursor: Cursor): boolean {
  const start = cursor.pos;
  const open = cursor.openLiteral() !== undefined && cursor.atEnd;
  cursor.pos = start;
  return open;
}

/**
 * Reads how an APPEND or REPLACE goes on after a literal that was streamed (RFC 3502 §3).
 *
 * @param bytes what came after it: of a `command` result, or of a further `literal` result
 * @param place what the literal was
 * @param tag the command's tag, for errors
 */
export function parseAppendNext(
  bytes: Buffer,
  options: ParseOptions,
  {
    name,
    place,
    tag,
  }: { readonly name: AppendTarget['name']; readonly place: AppendPlace; readonly tag: string },
): ({ readonly ok: true } & AppendRun) | ParseError {
  const cursor = new Cursor(bytes, options, true);
  cursor.context = name;
  try {
    return { ok: true, ...readRun(cursor, name, place) };
  } catch (error) {
    return parseErrorOf(error, tag, cursor.context);
  }
}

/** Reads up to the next literal that is still to come, or the end; `place` is what ended right before. */
function readRun(
  cursor: Cursor,
  name: AppendTarget['name'],
  place: AppendPlace | undefined,
): AppendRun {
  const steps: AppendStep[] = [];
  const isOver = (): boolean => {
    if (steps.length > STEPS_MAX) cursor.reject('too many parts');
    if (isBlank(cursor)) return true;
    return name === 'REPLACE' ? cursor.reject('one message takes the place of one') : false;
  };
  let literal: AppendRun['literal'];
  if (place === 'text' || place === 'url') literal = readParts(cursor, steps, false);
  else if (place !== undefined) closeMessage(cursor, steps, place === 'utf8-message');
  if (literal !== undefined) return { steps, literal };
  if (place !== undefined && isOver()) return { steps };
  do {
    literal = readMessage(cursor, steps);
    if (literal !== undefined) return { steps, literal };
  } while (!isOver());
  return { steps };
}

function closeMessage(cursor: Cursor, steps: AppendStep[], utf8: boolean): void {
  if (utf8) cursor.expect(c.RPAREN, '")" after the message');
  steps.push({ step: 'end' });
}

/** Whether only spaces are left; consumes nothing else. */
function isBlank(cursor: Cursor): boolean {
  const start = cursor.pos;
  cursor.skipSpaces();
  if (cursor.atEnd) return true;
  cursor.pos = start;
  return false;
}

/** `[SP flag-list] [SP date-time] SP append-data`; gives the literal at which the bytes end. */
function readMessage(cursor: Cursor, steps: AppendStep[]): AppendRun['literal'] {
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
  if (cursor.skipKeyword('CATENATE')) {
    cursor.space('"(" and the parts of the message');
    cursor.expect(c.LPAREN, '"(" and the parts of the message');
    steps.push({ step: 'begin', head: { flags, ...date, utf8: false } });
    return readParts(cursor, steps, true);
  }
  const utf8 = cursor.skipKeyword('UTF8');
  if (utf8) {
    cursor.space('"(" and the message as a literal8');
    cursor.expect(c.LPAREN, '"(" and the message as a literal8');
    if (cursor.next !== c.TILDE) cursor.fail('a literal8, such as ~{310}');
  }
  steps.push({ step: 'begin', head: { flags, ...date, utf8 } });
  const literal = readLiteral(cursor, steps, expected);
  if (literal !== undefined) return { ...literal, as: utf8 ? 'utf8-message' : 'message' };
  closeMessage(cursor, steps, utf8);
  return undefined;
}

/** The parts of a CATENATE up to its ")"; gives the literal at which the bytes end. */
function readParts(cursor: Cursor, steps: AppendStep[], first: boolean): AppendRun['literal'] {
  for (let isFirst = first; ; isFirst = false) {
    if (!isFirst && cursor.skip(c.RPAREN)) break;
    if (!isFirst) cursor.space('TEXT, URL or ")"');
    if (steps.length > STEPS_MAX) cursor.reject('too many parts');
    if (cursor.skipKeyword('TEXT')) {
      cursor.space('a literal');
      const literal = readLiteral(cursor, steps, 'a literal');
      if (literal !== undefined) return { ...literal, as: 'text' };
    } else if (cursor.skipKeyword('URL')) {
      cursor.space('a URL');
      if (isOpenAt(cursor)) return { ...cursor.openLiteral()!, as: 'url' };
      steps.push({ step: 'url', url: cursor.astring('a URL') });
    } else cursor.fail('TEXT or URL');
  }
  steps.push({ step: 'end' });
  return undefined;
}

/** A literal: its bytes when they are there, else its announcement, which ends the bytes. */
function readLiteral(
  cursor: Cursor,
  steps: AppendStep[],
  expected: string,
): LiteralAnnouncement | undefined {
  const literal = cursor.openLiteral() ?? cursor.fail(expected);
  const start = cursor.pos;
  if (cursor.atEnd && cursor.bytes[start - 1] !== c.LF) return literal;
  if (cursor.bytes[start - 1] !== c.LF || literal.size > cursor.bytes.length - start)
    return cursor.fail('the bytes of the literal');
  cursor.pos = start + literal.size;
  steps.push({ step: 'data', bytes: cursor.bytes.subarray(start, cursor.pos) });
  return undefined;
}

/** A whole APPEND or REPLACE, its literals inline. The cursor stands after the command's name. */
export function readAppend(cursor: Cursor, name: Name): AppendCommand {
  const target = readTarget(cursor, name)!;
  const run = readRun(cursor, target.name, undefined);
  return run.literal === undefined ? { ...target, run } : cursor.fail('the bytes of the literal');
}
