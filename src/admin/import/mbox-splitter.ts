import { assert } from '#kernel';
import { FROM_LINE_BYTES_MAX, fromLineDate } from './from-line.ts';

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x3e;
const FROM = Buffer.from('From ');
/** A line of which so much is known to be no separator goes out before its end has come. */
const LINE_BYTES_MAX = 64 * 1024;

export type MboxEvent =
  | { readonly kind: 'begin'; readonly offset: number; readonly receivedMs: number | undefined }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'end' };

/**
 * Cuts an mbox into its messages (RFC 4155 and its relatives mboxo, mboxrd, mboxcl, mboxcl2), in constant memory.
 *
 * - A line `From sender date` begins a message. A line without a date is a separator only in a file whose first one has
 *   none either (`dated` false), and there only behind a blank line.
 * - The blank line before a separator, or at the end of the file, belongs to neither message.
 * - A body line of `>`s and `From ` loses one `>`, as mboxrd has it.
 * - Where the header has a Content-Length, the splitter asks whether a message ends there (`question`, `answer`). If so, what
 *   looks like a separator before that point is text; if not, the field is wrong and counts for nothing.
 *
 * Use: `give` bytes, `advance` to get events, again until `question` is set or the events run dry; `finish` after the last bytes.
 */
export class MboxSplitter {
  readonly #dated: boolean;
  #buffer: Buffer = Buffer.alloc(0);
  /** Offset of the buffer's first byte in the file. */
  #base = 0;
  /** First byte that has not gone out. */
  #start = 0;
  /** Whether `#start` begins a line. */
  #atLine = true;
  /** Where to go on looking; never before `#start`. */
  #at = 0;
  #state: 'between' | 'head' | 'body' = 'between';
  #contentLength: number | undefined;
  /** Offset in the file at which the body ends by a Content-Length that was confirmed. */
  #bodyEnd: number | undefined;
  #question: number | undefined;
  #finished = false;
  #events: MboxEvent[] = [];

  constructor(options: { readonly dated: boolean }) {
    this.#dated = options.dated;
  }

  /** Offset at which a message would end by its Content-Length; `advance` stands still until it is answered. */
  get question(): number | undefined {
    return this.#question;
  }

  /** Says whether a message ends at the offset in question. */
  answer(endsThere: boolean): void {
    assert(this.#question !== undefined, 'there was a question');
    if (endsThere) this.#bodyEnd = this.#question;
    this.#question = undefined;
  }

  /** Takes the next bytes of the file. */
  give(bytes: Buffer): void {
    const kept = this.#buffer.subarray(this.#start);
    this.#buffer = kept.length === 0 ? bytes : Buffer.concat([kept, bytes]);
    this.#base += this.#start;
    this.#at -= this.#start;
    this.#start = 0;
  }

  /** No more bytes will come. */
  finish(): void {
    this.#finished = true;
  }

  /** Works through what is there; gives what came of it. */
  advance(): readonly MboxEvent[] {
    while (this.#question === undefined && this.#step());
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** One line, or one stretch of body; false when more bytes are needed or all is done. */
  #step(): boolean {
    if (this.#state === 'between') return this.#stepBetween();
    return this.#state === 'head' ? this.#stepHead() : this.#stepBody();
  }

  #stepBetween(): boolean {
    const end = this.#lineEnd(this.#at);
    if (end === undefined || this.#at === this.#buffer.length) return false;
    if (!this.#isBlank(this.#at, end)) {
      // The first line was looked at before, and behind a Content-Length that was confirmed stands a separator.
      this.#begin(this.#at, end);
      return true;
    }
    this.#start = end;
    this.#at = end;
    return true;
  }

  #stepHead(): boolean {
    const start = this.#at;
    const end = this.#lineEnd(start);
    if (end === undefined) {
      this.#emitUpTo(start);
      return this.#passLongLine();
    }
    if (start === this.#buffer.length) return this.#endOfFile();
    if (this.#isSeparator(start, end)) {
      this.#endMessage(start);
      this.#begin(start, end);
      return true;
    }
    this.#at = end;
    if (!this.#isBlank(start, end)) {
      this.#noteLength(start, end);
      return true;
    }
    this.#emit(end);
    this.#atLine = true;
    this.#state = 'body';
    this.#bodyEnd = undefined;
    if (this.#contentLength !== undefined) this.#question = this.#base + end + this.#contentLength;
    return true;
  }

  #stepBody(): boolean {
    const counted = this.#bodyEnd === undefined ? undefined : this.#bodyEnd - this.#base;
    const found = this.#buffer.indexOf(FROM, this.#at);
    // A confirmed end comes before whatever stands behind it.
    if (counted !== undefined && counted <= this.#buffer.length && (found < 0 || found >= counted))
      return this.#endCounted(counted);
    if (found < 0) return this.#passBody(this.#buffer.length);
    const first = this.#firstQuote(found);
    if (first === undefined) {
      this.#at = found + FROM.length;
      return true;
    }
    if (first < found) return this.#unquote(first, found);
    if (counted !== undefined && found < counted) {
      this.#at = found + FROM.length;
      return true;
    }
    const end = this.#lineEnd(found);
    if (end === undefined && this.#buffer.length - found <= FROM_LINE_BYTES_MAX)
      return this.#passBody(found);
    if (end === undefined || !this.#isSeparator(found, end)) {
      this.#at = found + FROM.length;
      return true;
    }
    this.#endMessage(this.#beforeBlank(found));
    this.#begin(found, end);
    return true;
  }

  #begin(start: number, end: number): void {
    const receivedMs = fromLineDate(this.#line(start, end));
    this.#events.push({ kind: 'begin', offset: this.#base + start, receivedMs });
    this.#state = 'head';
    this.#contentLength = undefined;
    this.#start = end;
    this.#at = end;
    this.#atLine = true;
  }

  #endMessage(end: number): void {
    this.#emit(end);
    this.#events.push({ kind: 'end' });
    this.#state = 'between';
  }

  #endCounted(end: number): boolean {
    this.#endMessage(end);
    this.#at = end;
    this.#atLine = true;
    return true;
  }

  #endOfFile(): boolean {
    if (!this.#finished) return false;
    const end = this.#buffer.length;
    this.#endMessage(this.#state === 'body' ? this.#beforeBlank(end) : end);
    this.#start = end;
    this.#at = end;
    return true;
  }

  /**
   * Sends out the body up to `limit` except what may still turn out to be a separator, a quoted line or the blank line
   * before one. False: more bytes are needed.
   */
  #passBody(limit: number): boolean {
    if (this.#finished && limit === this.#buffer.length) return this.#endOfFile();
    if (limit < this.#buffer.length) {
      // Stopped at a `From ` line whose end has not come.
      this.#emitUpTo(this.#beforeBlank(limit));
      this.#at = limit;
      return false;
    }
    const lastLf = this.#buffer.lastIndexOf(LF);
    if (lastLf < this.#start) return this.#passLongLine();
    this.#emitUpTo(this.#beforeBlank(lastLf + 1));
    this.#at = lastLf + 1;
    return false;
  }

  #passLongLine(): boolean {
    if (this.#buffer.length - this.#at > LINE_BYTES_MAX) {
      this.#emit(this.#buffer.length - FROM.length);
      this.#atLine = false;
      this.#at = this.#start;
    }
    return false;
  }

  #unquote(first: number, found: number): boolean {
    this.#emit(first);
    this.#start = first + 1;
    this.#atLine = false;
    this.#at = found + FROM.length;
    return true;
  }

  /** Start of the line when nothing but `>` stands between it and `found`; undefined otherwise. */
  #firstQuote(found: number): number | undefined {
    let first = found;
    while (first > this.#start && this.#buffer[first - 1] === QUOTE) first--;
    return this.#beginsLine(first) ? first : undefined;
  }

  #beginsLine(at: number): boolean {
    return at === this.#start ? this.#atLine : this.#buffer[at - 1] === LF;
  }

  #isSeparator(start: number, end: number): boolean {
    if (end - start < FROM.length || end - start > FROM_LINE_BYTES_MAX) return false;
    if (this.#buffer[start] !== FROM[0] || !this.#beginsLine(start)) return false;
    if (this.#buffer.compare(FROM, 0, FROM.length, start, start + FROM.length) !== 0) return false;
    if (this.#dated) return fromLineDate(this.#line(start, end)) !== undefined;
    return this.#state === 'body' && this.#beforeBlank(start) < start;
  }

  /** Where the blank line ends that stands right before `at`: `at` itself when there is none. */
  #beforeBlank(at: number): number {
    const bytes = this.#buffer;
    if (at <= this.#start || bytes[at - 1] !== LF) return at;
    const blank = at - 2 >= this.#start && bytes[at - 2] === CR ? at - 2 : at - 1;
    return this.#beginsLine(blank) ? blank : at;
  }

  /** Behind the line's LF; the end of the buffer when that is the file's; undefined when the end has not come. */
  #lineEnd(at: number): number | undefined {
    const lf = this.#buffer.indexOf(LF, at);
    if (lf >= 0) return lf + 1;
    return this.#finished ? this.#buffer.length : undefined;
  }

  #isBlank(start: number, end: number): boolean {
    const bytes = this.#buffer;
    if (bytes[end - 1] !== LF || !this.#beginsLine(start)) return false;
    return end - start === 1 || (end - start === 2 && bytes[start] === CR);
  }

  #noteLength(start: number, end: number): void {
    if (end - start > 100 || (this.#buffer[start]! | 0x20) !== 0x63) return;
    const value = /^content-length[ \t]*:[ \t]*(\d{1,15})\s*$/i.exec(this.#line(start, end))?.[1];
    if (value !== undefined) this.#contentLength = Number(value);
  }

  #line(start: number, end: number): string {
    return this.#buffer.toString('latin1', start, end).trimEnd();
  }

  /** Sends out up to a line's start. */
  #emitUpTo(end: number): void {
    if (end <= this.#start) return;
    this.#emit(end);
    this.#atLine = true;
  }

  #emit(end: number): void {
    if (end <= this.#start) return;
    this.#events.push({ kind: 'bytes', bytes: this.#buffer.subarray(this.#start, end) });
    this.#start = end;
  }
}
