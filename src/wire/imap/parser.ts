import { isAscii, isUtf8 } from 'node:buffer';
import type { ModSeq } from '#model';
import * as c from './chars.ts';
import type { LiteralAnnouncement } from './literal.ts';

const UINT32_MAX = 0xffff_ffff;
/** 2^63-1 as it comes out digit by digit: rounded up on its way. */
const UINT63_SUM_MAX = 2 ** 63 + 2 ** 12;
const FOUND_CHARS_MAX = 24;

/** What the bytes violate. Thrown inside the grammar only; every door function returns a result. */
export class GrammarError extends Error {
  readonly status: 'BAD' | 'NO';
  readonly code: string | undefined;

  constructor(text: string, status: 'BAD' | 'NO' = 'BAD', code?: string) {
    super(text);
    this.status = status;
    this.code = code;
  }
}

/** A request that was not understood, ready to be answered: `tag status [code] text`. */
export interface ParseError {
  readonly ok: false;
  /** "*" when the line has no usable tag. */
  readonly tag: string;
  readonly status: 'BAD' | 'NO';
  readonly code?: string;
  /** Of a NO, which refuses what was understood: the command's name, with UID before it where it has that. */
  readonly command?: string;
  /** What was wrong and what would be right; printable US-ASCII. */
  readonly text: string;
}

/** Turns what the grammar threw into a result; anything but a GrammarError is a bug and goes on. */
export function parseErrorOf(error: unknown, tag: string, command: string): ParseError {
  if (!(error instanceof GrammarError)) throw error;
  const { status, code, message: text } = error;
  return {
    ok: false,
    tag,
    status,
    text,
    ...(status === 'NO' && { command }),
    ...(code !== undefined && { code }),
  };
}

/** Settings of a session that change what its bytes mean. */
export interface ParseOptions {
  /** Mailbox names are UTF-8, after ENABLE IMAP4rev2 or UTF8=ACCEPT; otherwise modified UTF-7. */
  readonly utf8Names: boolean;
}

/**
 * A reading position in a command's or response's bytes, with the primitives of the grammar. Each
 * primitive consumes what it reads, or throws a GrammarError that says what was expected and found.
 */
export class Cursor {
  readonly bytes: Buffer;
  readonly utf8Names: boolean;
  pos = 0;
  /** What is being read, for error texts: the command's name. */
  context = 'command';
  readonly #forgiving: boolean;

  /**
   * @param forgiving takes any number of spaces where the grammar has one. RFC 9051 §9 wants exactly one, and what is sent
   *   here has one; but widespread servers have always taken more, so that clients were never told.
   */
  constructor(bytes: Buffer, options: ParseOptions = { utf8Names: false }, forgiving = false) {
    this.bytes = bytes;
    this.utf8Names = options.utf8Names;
    this.#forgiving = forgiving;
  }

  get atEnd(): boolean {
    return this.pos >= this.bytes.length;
  }

  /** The next byte, or -1 at the end. */
  get next(): number {
    return this.bytes[this.pos] ?? -1;
  }

  fail(expected: string): never {
    throw new GrammarError(`${this.context}: expected ${expected}, found ${this.#found()}`);
  }

  /** Fails about something that was read already. */
  reject(text: string, status: 'BAD' | 'NO' = 'BAD', code?: string): never {
    throw new GrammarError(`${this.context}: ${text}`, status, code);
  }

  #found(): string {
    if (this.atEnd) return 'the end of the line';
    let end = this.pos + 1;
    const limit = Math.min(this.bytes.length, this.pos + FOUND_CHARS_MAX);
    while (end < limit && this.bytes[end] !== c.SP) end++;
    return `"${printable(this.bytes.toString('latin1', this.pos, end))}"`;
  }

  /** Consumes the byte if it comes next. */
  skip(byte: number): boolean {
    if (this.next !== byte) return false;
    this.pos++;
    return true;
  }

  expect(byte: number, expected: string): void {
    if (!this.skip(byte)) this.fail(expected);
  }

  /** Consumes SP if it comes next. */
  skipSpace(): boolean {
    const isSpace = this.skip(c.SP);
    if (isSpace && this.#forgiving) this.skipSpaces();
    return isSpace;
  }

  /** Consumes SP if that byte comes after it. */
  skipSpaceBefore(byte: number): boolean {
    const start = this.pos;
    if (this.skipSpace() && this.next === byte) return true;
    this.pos = start;
    return false;
  }

  /** Consumes all spaces that come next. */
  skipSpaces(): void {
    while (this.skip(c.SP));
  }

  /** SP, before what `expected` names. */
  space(expected: string): void {
    if (!this.skipSpace()) this.fail(`a space and ${expected}`);
  }

  /** Whether an optional argument follows, of which SP is consumed. Trailing spaces are none. */
  more(): boolean {
    return this.skipSpace() && !this.atEnd;
  }

  /** The end of the command; trailing spaces are forgiven, as every server does. */
  end(): void {
    this.skipSpaces();
    if (!this.atEnd) this.fail('the end of the command');
  }

  /** Bytes of a class as a string; '' when none comes. */
  run(mask: number): string {
    const start = this.pos;
    while (this.pos < this.bytes.length && c.isOf(this.bytes[this.pos]!, mask)) this.pos++;
    return this.bytes.toString('latin1', start, this.pos);
  }

  /** `atom = 1*ATOM-CHAR` */
  atom(expected: string): string {
    const atom = this.run(c.ATOM);
    return atom === '' ? this.fail(expected) : atom;
  }

  /** An atom in upper case: names of commands and items are case-insensitive. */
  keyword(expected: string): string {
    return this.atom(expected).toUpperCase();
  }

  /** Consumes the keyword if it comes next, as a whole atom. `word` is upper case. */
  skipKeyword(word: string): boolean {
    const end = this.pos + word.length;
    if (end > this.bytes.length) return false;
    if (end < this.bytes.length && c.isOf(this.bytes[end]!, c.ATOM)) return false;
    if (this.bytes.toString('latin1', this.pos, end).toUpperCase() !== word) return false;
    this.pos = end;
    return true;
  }

  /** `number = 1*DIGIT`, at most 2^32-1. */
  number(expected: string): number {
    return this.#digits(expected, UINT32_MAX);
  }

  /** `nz-number = digit-nz *DIGIT`, at most 2^32-1. */
  nzNumber(expected: string): number {
    const at = this.pos;
    const value = this.#digits(expected, UINT32_MAX);
    if (value > 0) return value;
    this.pos = at;
    return this.fail(`${expected} above 0`);
  }

  /**
   * `number64 = 1*DIGIT`, an unsigned 63-bit number. Values beyond 2^53-1 become 2^53-1: no size or
   * mod-sequence here is larger, so comparisons come out the same.
   */
  number64(expected: string): number {
    return Math.min(this.#digits(expected, UINT63_SUM_MAX), Number.MAX_SAFE_INTEGER);
  }

  /** `mod-sequence-valzer = "0" / mod-sequence-value` (RFC 7162 §7). */
  modSeq(): ModSeq {
    return this.number64('a mod-sequence') as ModSeq;
  }

  #digits(expected: string, max: number): number {
    const start = this.pos;
    let value = 0;
    for (let byte = this.next; byte >= 48 && byte <= 57; byte = this.next) {
      value = value * 10 + (byte - 48);
      this.pos++;
    }
    if (this.pos > start && value <= max) return value;
    this.pos = start;
    return this.fail(`${expected}${value > max ? ` of at most ${max}` : ''}`);
  }

  /** `string = quoted / literal`, as bytes. */
  stringBytes(expected: string): Buffer {
    if (this.next === c.DQUOTE) return this.#quoted();
    if (this.next === c.LBRACE) return this.#noNul(this.literal());
    return this.fail(expected);
  }

  /** `string` as text. */
  string(expected: string): string {
    return this.text(this.stringBytes(expected));
  }

  /** `astring = 1*ASTRING-CHAR / string`, as bytes. */
  astringBytes(expected: string): Buffer {
    const start = this.pos;
    if (!c.isOf(this.bytes[start] ?? 0, c.ASTRING)) return this.stringBytes(expected);
    while (this.pos < this.bytes.length && c.isOf(this.bytes[this.pos]!, c.ASTRING)) this.pos++;
    return this.bytes.subarray(start, this.pos);
  }

  /** `astring` as text. */
  astring(expected: string): string {
    return this.text(this.astringBytes(expected));
  }

  /** `nstring = string / nil`, as text. */
  nstring(expected: string): string | null {
    return this.skipKeyword('NIL') ? null : this.string(expected);
  }

  /** Decodes UTF-8, which strings may hold anywhere (RFC 9051 §4.3, RFC 6855 §3). */
  text(bytes: Buffer): string {
    if (isAscii(bytes)) return bytes.toString('latin1');
    if (!isUtf8(bytes)) this.reject('a string is not valid UTF-8');
    return bytes.toString('utf8');
  }

  /** The announcement that comes next, if one does; consumes it and its line end. */
  openLiteral(): LiteralAnnouncement | undefined {
    const start = this.pos;
    const binary = this.skip(c.TILDE);
    const digits = this.skip(c.LBRACE) ? this.run(c.DIGIT) : '';
    const synchronizing = !this.skip(c.PLUS);
    if (digits === '' || !this.skip(c.RBRACE)) {
      this.pos = start;
      return undefined;
    }
    this.skip(c.CR);
    this.skip(c.LF);
    return { size: Number(digits), synchronizing, binary };
  }

  /** A whole literal or literal8 with its bytes. */
  literal(): Buffer {
    const announced = this.openLiteral();
    if (announced === undefined || this.bytes[this.pos - 1] !== c.LF) return this.fail('a literal');
    const start = this.pos;
    if (announced.size > this.bytes.length - start) return this.fail('the bytes of the literal');
    this.pos = start + announced.size;
    return this.bytes.subarray(start, this.pos);
  }

  /**
   * ```abnf
   * quoted      = DQUOTE *QUOTED-CHAR DQUOTE
   * QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials / UTF8-2 / UTF8-3 / UTF8-4
   * ```
   */
  #quoted(): Buffer {
    const start = this.pos + 1;
    let escapes = 0;
    for (let at = start; at < this.bytes.length; at++) {
      const byte = this.bytes[at]!;
      if (byte === c.DQUOTE) {
        this.pos = at + 1;
        return escapes === 0 ? this.bytes.subarray(start, at) : this.#unescape(start, at, escapes);
      }
      if (byte === c.LF || byte === c.CR || byte === 0) break;
      if (byte !== c.BACKSLASH) continue;
      const escaped = this.bytes[++at];
      if (escaped !== c.DQUOTE && escaped !== c.BACKSLASH)
        return this.reject('a backslash in a quoted string must precede " or \\');
      escapes++;
    }
    return this.reject('a quoted string is not closed by "');
  }

  #unescape(start: number, end: number, escapes: number): Buffer {
    const bytes = Buffer.allocUnsafe(end - start - escapes);
    let to = 0;
    for (let at = start; at < end; at++) {
      if (this.bytes[at] === c.BACKSLASH) at++;
      bytes[to++] = this.bytes[at]!;
    }
    return bytes;
  }

  #noNul(bytes: Buffer): Buffer {
    return bytes.includes(0) ? this.reject('a literal here must not contain NUL') : bytes;
  }

  /**
   * `"(" item *(SP item) ")"`, at most `max` items. With `empty`, also `"()"`.
   */
  list<T>(expected: string, max: number, item: () => T, empty = false): T[] {
    this.expect(c.LPAREN, `"(" before ${expected}`);
    const items: T[] = [];
    if (this.#forgiving) this.skipSpaces();
    if (empty && this.skip(c.RPAREN)) return items;
    for (;;) {
      if (items.length === max) return this.reject(`more than ${max} items in a list`);
      items.push(item());
      const spaced = this.next === c.SP;
      if (this.#forgiving) this.skipSpaces();
      if (this.skip(c.RPAREN)) return items;
      if (this.#forgiving ? !spaced : !this.skip(c.SP)) this.fail('a space or ")"');
    }
  }
}

/** A wire string cut to what may stand in a response text: no controls, no 8-bit. */
export function printable(wire: string): string {
  return wire.replace(/[^\x20-\x7e]/g, '?').replaceAll('"', "'");
}
