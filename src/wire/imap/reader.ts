import { isOf, LF, SP, TAG } from './chars.ts';
import {
  ANNOUNCEMENT_BYTES_MAX,
  announcementAt,
  type LiteralAnnouncement,
  trimCr,
} from './literal.ts';
import { PendingBytes } from './pending.ts';

/** Bounds of one command; each has a default. */
export interface ReaderLimits {
  /** Bytes of a command outside its literals. */
  readonly lineBytesMax: number;
  /** Bytes of all literals of a command that are collected into memory. */
  readonly collectedBytesMax: number;
  /** Literals in one command, streamed ones included. */
  readonly literalsMax: number;
}

export type ReaderErrorCode =
  /** A line, or a command's lines together, exceed `lineBytesMax` (or the limit of `expectLine`). */
  | 'line-too-long'
  /** The session asked to collect more than `collectedBytesMax`. */
  | 'literals-too-large'
  /** More than `literalsMax` literals in a command. */
  | 'too-many-literals'
  /** A literal of 2^53 bytes or more that cannot be refused: the session must close. */
  | 'unreadable-literal';

/** One step of a client's byte stream. Every `bytes` is a view that stays valid and unchanged. */
export type ReaderResult =
  /** Nothing more to give until the next `push`. */
  | { readonly kind: 'need-more' }
  /**
   * A whole command without its line end, its collected literals inline as they came. After a
   * streamed literal: only what followed it.
   */
  | { readonly kind: 'command'; readonly bytes: Buffer }
  /** A literal is announced; `bytes` is the command so far up to its "}". Answer before `next()`. */
  | ({ readonly kind: 'literal'; readonly bytes: Buffer } & LiteralAnnouncement)
  /** Some bytes of the streamed literal. */
  | { readonly kind: 'data'; readonly bytes: Buffer }
  /** The streamed literal is complete; the command goes on. */
  | { readonly kind: 'literal-end' }
  /** The raw line asked for with `expectLine`, without its line end. */
  | { readonly kind: 'line'; readonly bytes: Buffer }
  /** A limit was exceeded; the reader goes on at the next command. `tag` is "*" if there is none. */
  | {
      readonly kind: 'error';
      readonly error: ReaderErrorCode;
      readonly tag: string;
      readonly text: string;
    };

type State = 'line' | 'announced' | 'collect' | 'stream' | 'discard' | 'skip' | 'dead';

const DEFAULTS: ReaderLimits = {
  lineBytesMax: 65536,
  collectedBytesMax: 1024 * 1024,
  literalsMax: 256,
};
const TAG_BYTES_MAX = 256;
const NEED_MORE: ReaderResult = { kind: 'need-more' };
const LITERAL_END: ReaderResult = { kind: 'literal-end' };

/**
 * Cuts a client's byte stream into commands, literals and raw lines, without looking at what they
 * mean. A line ends with LF or CRLF; RFC 9051 §2.2 wants CRLF, but people type at servers. Empty lines
 * between commands are passed over. Inside a literal every byte is content.
 *
 * The common case, a chunk of whole commands, is neither copied nor turned into strings.
 */
export class CommandReader {
  readonly #limits: ReaderLimits;
  readonly #input = new PendingBytes();
  #state: State = 'line';
  /** Where the current line of the command starts; earlier bytes are lines and literals before it. */
  #lineStart = 0;
  /** How far the current line has been searched for its end. */
  #scanned = 0;
  /** Bytes of the command's lines before the current one. */
  #lineBytes = 0;
  #collectedBytes = 0;
  #literals = 0;
  /** Bytes of the literal still to come, in the states that consume one. */
  #left = 0;
  #announced: (LiteralAnnouncement & { readonly afterLine: number }) | undefined;
  #tag: string | undefined;
  #rawBytesMax: number | undefined;
  #rawSkip = false;
  #error: ReaderErrorCode | undefined;

  constructor(limits: Partial<ReaderLimits> = {}) {
    this.#limits = { ...DEFAULTS, ...limits };
  }

  /** Bytes that have come and were not given out yet. After STARTTLS they must be dropped. */
  get bufferedBytes(): number {
    return this.#input.length;
  }

  /** Whether nothing of a command has come: the point where a session may be closed politely. */
  get betweenCommands(): boolean {
    return this.#state === 'line' && this.#input.length === 0 && this.#literals === 0;
  }

  /** Adds bytes from the network. The reader keeps views on `chunk`; do not overwrite it. */
  push(chunk: Buffer): void {
    if (this.#state !== 'dead') this.#input.push(chunk);
  }

  /** Forgets all input, for instance what came in plain text before TLS (RFC 9051 §6.2.1). */
  clear(): void {
    this.#input.clear();
    this.#reset();
  }

  /** Makes the next result a raw line of at most `bytesMax` bytes. Call between commands. */
  expectLine(bytesMax: number): void {
    if (this.#state !== 'line' || this.#lineStart !== 0 || this.#literals > 0)
      throw new Error('bug: expectLine inside a command');
    this.#rawBytesMax = bytesMax;
  }

  /**
   * Takes the announced literal into memory as part of the command.
   *
   * @returns false when that exceeds `collectedBytesMax`: give no go-ahead, `next()` has the error
   */
  collect(): boolean {
    const { size } = this.#announcement();
    if (this.#collectedBytes + size > this.#limits.collectedBytesMax) {
      this.#error = 'literals-too-large';
      this.refuse();
      return false;
    }
    this.#collectedBytes += size;
    this.#lineStart = this.#decide();
    this.#left = size;
    this.#state = 'collect';
    return true;
  }

  /** Gives the announced literal out as `data` results, ended by `literal-end`. */
  stream(): void {
    const { size } = this.#announcement();
    this.#input.consume(this.#decide());
    this.#lineStart = 0;
    this.#left = size;
    this.#state = 'stream';
  }

  /**
   * Drops the command. Of a non-synchronizing literal the bytes and the rest of the command are
   * still to come and are discarded (RFC 7888 §4); after a synchronizing one the client starts a
   * new command. The session answers the command's tag with NO or BAD.
   */
  refuse(): void {
    const { size, synchronizing } = this.#announcement();
    this.#input.consume(this.#decide());
    if (synchronizing) this.#reset();
    else this.#discard(size);
  }

  /** Treats the announcement as mere text that happens to end the line: the command is complete. */
  asText(): Buffer {
    this.#announcement();
    const after = this.#decide();
    const bytes = this.#input.view(0, trimCr(this.#input.bytes, 0, after - 1));
    this.#input.consume(after);
    this.#reset();
    return bytes;
  }

  /** The next step of the stream. Makes progress on every input; never throws because of bytes. */
  next(): ReaderResult {
    for (;;) {
      if (this.#error !== undefined) return this.#takeError(this.#error);
      const result = this.#step();
      if (result !== undefined) return result;
    }
  }

  #step(): ReaderResult | undefined {
    switch (this.#state) {
      case 'line':
        return this.#readLine();
      case 'announced':
        throw new Error('bug: an announced literal wants collect, stream or refuse');
      case 'collect':
        return this.#collectLiteral();
      case 'stream':
        return this.#streamLiteral();
      case 'discard':
        return this.#discardLiteral();
      case 'skip':
        return this.#skipLine();
      case 'dead':
        this.#input.clear();
        return NEED_MORE;
    }
  }

  #readLine(): ReaderResult | undefined {
    const input = this.#input;
    const lf = input.indexOf(LF, Math.max(this.#scanned, this.#lineStart));
    const raw = this.#rawBytesMax;
    const bytesMax = raw ?? this.#limits.lineBytesMax;
    // A last CR may be half of a line end: it must not count before its LF has come.
    const lineEnd = trimCr(input.bytes, this.#lineStart, lf < 0 ? input.length : lf);
    if (this.#lineBytes + lineEnd - this.#lineStart > bytesMax) {
      this.#tag ??= raw === undefined ? this.#readTag() : '*';
      this.#rawSkip = raw !== undefined;
      this.#skipFrom(this.#lineStart);
      this.#error = 'line-too-long';
      return undefined;
    }
    this.#scanned = input.length;
    if (lf < 0) return NEED_MORE;
    // RFC 9051 §2.2.1: a command line begins with a tag. Some clients send one line end too many after a literal.
    if (raw === undefined && lineEnd === 0 && this.#literals === 0) {
      input.consume(lf + 1);
      this.#scanned = 0;
      return undefined;
    }
    const literal =
      raw === undefined ? announcementAt(input.bytes, this.#lineStart, lineEnd) : undefined;
    if (literal !== undefined) return this.#announce(literal, lineEnd, lf + 1);
    const bytes = input.view(0, lineEnd);
    input.consume(lf + 1);
    this.#reset();
    return { kind: raw === undefined ? 'command' : 'line', bytes };
  }

  #announce(
    literal: LiteralAnnouncement,
    lineEnd: number,
    afterLine: number,
  ): ReaderResult | undefined {
    this.#tag ??= this.#readTag();
    this.#lineBytes += lineEnd - this.#lineStart;
    this.#literals++;
    this.#announced = { ...literal, afterLine };
    this.#state = 'announced';
    if (this.#literals > this.#limits.literalsMax) {
      this.#error = 'too-many-literals';
      this.refuse();
      return undefined;
    }
    return { kind: 'literal', bytes: this.#input.view(0, lineEnd), ...literal };
  }

  #collectLiteral(): ReaderResult | undefined {
    const end = this.#lineStart + this.#left;
    if (this.#input.length < end) return NEED_MORE;
    this.#lineStart = end;
    this.#scanned = end;
    this.#left = 0;
    this.#state = 'line';
    return undefined;
  }

  #streamLiteral(): ReaderResult {
    if (this.#left === 0) {
      this.#scanned = 0;
      this.#state = 'line';
      return LITERAL_END;
    }
    const bytes = this.#takeOfLiteral();
    return bytes === undefined ? NEED_MORE : { kind: 'data', bytes };
  }

  #discardLiteral(): ReaderResult | undefined {
    if (this.#left > 0) return this.#takeOfLiteral() === undefined ? NEED_MORE : undefined;
    this.#skipFrom(0);
    return undefined;
  }

  #takeOfLiteral(): Buffer | undefined {
    const taken = Math.min(this.#left, this.#input.length);
    if (taken === 0) return undefined;
    const bytes = this.#input.view(0, taken);
    this.#input.consume(taken);
    this.#left -= taken;
    return bytes;
  }

  /** Passes over the rest of a dropped command: its line and the literals the client sends unasked. */
  #skipLine(): ReaderResult | undefined {
    const input = this.#input;
    const lf = input.indexOf(LF, this.#scanned);
    if (lf < 0) {
      input.consume(Math.max(0, input.length - ANNOUNCEMENT_BYTES_MAX));
      this.#scanned = input.length;
      return NEED_MORE;
    }
    const literal = this.#rawSkip
      ? undefined
      : announcementAt(input.bytes, 0, trimCr(input.bytes, 0, lf));
    input.consume(lf + 1);
    if (literal === undefined || literal.synchronizing) this.#reset();
    else this.#discard(literal.size);
    return undefined;
  }

  #skipFrom(offset: number): void {
    this.#input.consume(offset);
    this.#lineStart = 0;
    this.#scanned = 0;
    this.#state = 'skip';
  }

  #discard(size: number): void {
    this.#left = size;
    this.#state = 'discard';
    if (Number.isFinite(size)) return;
    this.#error = 'unreadable-literal';
    this.#state = 'dead';
  }

  #announcement(): LiteralAnnouncement & { readonly afterLine: number } {
    if (this.#announced === undefined) throw new Error('bug: no literal is announced');
    return this.#announced;
  }

  /** Ends the decision about the announced literal; the offset where the literal's bytes start. */
  #decide(): number {
    const { afterLine } = this.#announcement();
    this.#announced = undefined;
    return afterLine;
  }

  #readTag(): string {
    const { bytes } = this.#input;
    let at = 0;
    while (at < bytes.length && at < TAG_BYTES_MAX && isOf(bytes[at]!, TAG)) at++;
    return at > 0 && bytes[at] === SP ? bytes.toString('latin1', 0, at) : '*';
  }

  #takeError(error: ReaderErrorCode): ReaderResult {
    const tag = this.#tag ?? '*';
    this.#error = undefined;
    this.#tag = undefined;
    return { kind: 'error', error, tag, text: this.#textOf(error) };
  }

  #textOf(error: ReaderErrorCode): string {
    switch (error) {
      case 'line-too-long':
        return `Line too long: at most ${this.#rawBytesMax ?? this.#limits.lineBytesMax} bytes`;
      case 'literals-too-large':
        return `Literals too large: at most ${this.#limits.collectedBytesMax} bytes in this command`;
      case 'too-many-literals':
        return `Too many literals: at most ${this.#limits.literalsMax} in a command`;
      case 'unreadable-literal':
        return 'Literal size is beyond what can be sent';
    }
  }

  /** Back to the start of a command; a pending error keeps its tag. */
  #reset(): void {
    this.#state = 'line';
    this.#lineStart = 0;
    this.#scanned = 0;
    this.#lineBytes = 0;
    this.#collectedBytes = 0;
    this.#literals = 0;
    this.#left = 0;
    this.#announced = undefined;
    this.#rawBytesMax = undefined;
    this.#rawSkip = false;
    if (this.#error === undefined) this.#tag = undefined;
  }
}
