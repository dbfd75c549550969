/** The incremental message parser: bytes in chunks of any size to properties, in constant memory. */
import {
  blankLineEnd,
  type Delimiter,
  dashedLineEnd,
  matchDelimiter,
  NOT_THIS,
  UNDECIDED,
} from './delimiter.ts';
import { renderEnvelope } from './envelope.ts';
import { asBuffer } from './header.ts';
import { OpenPart } from './open-part.ts';
import { isMessageType, type Part } from './part.ts';
import { HeadFields, type MessageHead, readMessageHead, readPartHead } from './part-head.ts';
import { type MessageProperties, messageProperties } from './properties.ts';
import { TextCaptures } from './text-capture.ts';

/** Parts nested deeper stay opaque. */
export const DEPTH_MAX = 50;
/** Behind this many parts the rest of the message belongs to the last one. */
export const PARTS_MAX = 1000;
/** Of a message's own header this much is interpreted; what follows is kept in the offsets only. */
export const HEAD_BYTES_MAX = 262_144;
/** The same for the header of a part, and for those of all parts together. */
export const PART_HEAD_BYTES_MAX = 65_536;
export const PART_HEADS_BYTES_MAX = 1_048_576;

const LF = 0x0a;
const CR = 0x0d;

/** Encodings under which an embedded message can be read in place. RFC 2046 §5.2.1. */
const IDENTITY: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary']);

/**
 * Reads one message: {@link push} its bytes as they come, then {@link end}. Never throws on bad input; every byte is
 * looked at a bounded number of times. Memory is bounded by the limits above, whatever the size of the message.
 */
export class MessageParser {
  /** Open parts from the root to the innermost. */
  readonly #open: OpenPart[] = [new OpenPart(0, undefined, true)];
  readonly #texts = new TextCaptures();
  /** Bytes kept because what they are is known only with the next chunk: at most one short line. */
  #carry: Buffer | undefined;
  /** Offset in the message of the window's first byte. */
  #base = 0;
  #isLast = false;
  /** The line at hand cannot be decided before more input is there. */
  #starved = false;
  #inHead = true;
  #atLineStart = true;
  /** Last byte of the window before, when a line goes on across windows. */
  #lastByte = 0;
  #lineBreaks = 0;
  /** Where the line break before the line at hand begins. */
  #breakAt = 0;
  /** How many open multiparts are searched for delimiters. */
  #searched = 0;
  #parts = 1;
  #partHeadsLeft = PART_HEADS_BYTES_MAX;
  #message: MessageHead | undefined;
  #headBytes: number | undefined;

  /** Bytes of the header block with its blank line; undefined until that went by. */
  get headBytes(): number | undefined {
    return this.#headBytes;
  }

  /** Takes the next bytes. The caller may reuse the chunk afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const carry = this.#carry;
    const window = carry === undefined ? asBuffer(chunk) : Buffer.concat([carry, chunk]);
    const used = this.#consume(window);
    this.#carry = used < window.length ? Buffer.from(window.subarray(used)) : undefined;
    this.#base += used;
  }

  /** Ends the message and gives its properties. The parser is of no use afterwards. */
  end(): MessageProperties {
    this.#isLast = true;
    if (this.#carry !== undefined) this.#base += this.#consume(this.#carry);
    const sizeBytes = this.#base;
    this.#breakAt = sizeBytes;
    const root = this.#closeAbove(-1, this.#lineBreaks)!;
    return messageProperties(sizeBytes, root, this.#message!, this.#texts.starts());
  }

  /** Works through the window as far as it can be decided; gives the count of bytes that are done with. */
  #consume(window: Buffer): number {
    let at = 0;
    this.#starved = false;
    while (at < window.length && !this.#starved)
      at = this.#inHead ? this.#headLines(window, at) : this.#bodyLines(window, at);
    return at;
  }

  /** Header lines up to the blank line or a delimiter. Gives where reading goes on. */
  #headLines(window: Buffer, from: number): number {
    let at = from;
    while (at < window.length) {
      if (this.#atLineStart) {
        const blank = blankLineEnd(window, at, this.#isLast);
        if (blank > 0) {
          this.#keepHead(window, from, blank);
          this.#headDone(blank);
          return blank;
        }
        const line = this.#searched > 0 ? dashedLineEnd(window, at, this.#isLast) : NOT_THIS;
        if (blank === UNDECIDED || line === UNDECIDED) {
          this.#starved = true;
          break;
        }
        const delimiter = line > 0 ? matchDelimiter(this.#open, window, at, line) : undefined;
        if (delimiter !== undefined) {
          // A header without its blank line: there is no body, and the line break before is the header's.
          this.#keepHead(window, from, at);
          this.#breakAt = this.#base + at;
          return this.#delimit(delimiter, this.#lineBreaks, window, line);
        }
      }
      at = this.#skipLine(window, at);
    }
    this.#keepHead(window, from, at);
    return at;
  }

  /** Body lines up to a delimiter; preambles and epilogues are bodies too. Gives where reading goes on. */
  #bodyLines(window: Buffer, from: number): number {
    if (this.#searched === 0) {
      this.#countLines(window, from);
      this.#texts.keep(window, from, window.length);
      return window.length;
    }
    let at = from;
    while (at < window.length) {
      if (this.#atLineStart) {
        const line = dashedLineEnd(window, at, this.#isLast);
        if (line === UNDECIDED) {
          this.#starved = true;
          break;
        }
        const delimiter = line > 0 ? matchDelimiter(this.#open, window, at, line) : undefined;
        if (delimiter !== undefined) {
          this.#texts.keep(window, from, at);
          return this.#delimit(delimiter, this.#lineBreaks - 1, window, line);
        }
      }
      at = this.#skipLine(window, at);
    }
    this.#texts.keep(window, from, at);
    return at;
  }

  /** Behind this line's break, or the end of the window. Notes where the break is. */
  #skipLine(window: Buffer, at: number): number {
    const lf = window.indexOf(LF, at);
    if (lf < 0) {
      this.#lastByte = window[window.length - 1]!;
      this.#atLineStart = false;
      return window.length;
    }
    const before = lf > at ? window[lf - 1] : this.#atLineStart ? LF : this.#lastByte;
    this.#breakAt = this.#base + lf - (before === CR ? 1 : 0);
    this.#lineBreaks++;
    this.#atLineStart = true;
    return lf + 1;
  }

  #countLines(window: Buffer, from: number): void {
    let count = 0;
    for (let lf = window.indexOf(LF, from); lf >= 0; lf = window.indexOf(LF, lf + 1)) count++;
    this.#lineBreaks += count;
  }

  /** Acts on a delimiter line that ends at `lineEnd`: closes what it ends, opens the next part. */
  #delimit(delimiter: Delimiter, linesBefore: number, window: Buffer, lineEnd: number): number {
    const multipart = this.#open[delimiter.level]!;
    this.#closeAbove(delimiter.level, linesBefore);
    const hasBreak = window[lineEnd - 1] === LF;
    if (hasBreak) {
      this.#lineBreaks++;
      this.#breakAt = this.#base + lineEnd - (window[lineEnd - 2] === CR ? 2 : 1);
    }
    this.#atLineStart = true;
    this.#inHead = false;
    if (delimiter.closes) this.#stopSearch(multipart);
    else this.#openChild(new OpenPart(this.#base + lineEnd, multipart, false));
    return lineEnd;
  }

  #stopSearch(part: OpenPart): void {
    if (part.boundary === undefined) return;
    part.boundary = undefined;
    this.#searched--;
  }

  #openChild(part: OpenPart): void {
    this.#open.push(part);
    this.#inHead = true;
    this.#parts++;
    if (this.#parts >= PARTS_MAX) for (const open of this.#open) this.#stopSearch(open);
  }

  /** Closes every open part above `level`, the innermost first, where the last line break begins. */
  #closeAbove(level: number, linesBefore: number): Part | undefined {
    let closed: Part | undefined;
    let end = this.#breakAt;
    let lines = linesBefore;
    this.#texts.stop();
    while (this.#open.length - 1 > level) {
      const part = this.#open.pop()!;
      if (part.head === undefined) this.#interpretHead(part, end);
      this.#stopSearch(part);
      if (end < part.bodyStart) {
        // The break before the delimiter is the header's blank line: it stays inside this part and all around it.
        end = part.bodyStart;
        lines = this.#lineBreaks;
      }
      closed = part.close(end, lines - part.linesBefore);
      part.parent?.children.push(closed);
    }
    return closed;
  }

  /** Keeps header text of the innermost part, within the limits. */
  #keepHead(window: Buffer, from: number, to: number): void {
    const part = this.#open[this.#open.length - 1]!;
    const isRoot = part.parent === undefined;
    const room = isRoot
      ? HEAD_BYTES_MAX - part.headText.length
      : Math.min(PART_HEAD_BYTES_MAX - part.headText.length, this.#partHeadsLeft);
    const take = Math.min(to - from, room);
    if (take <= 0) return;
    part.headText += window.toString('latin1', from, from + take);
    if (!isRoot) this.#partHeadsLeft -= take;
  }

  /** The blank line that ends at `end` in the window went by. */
  #headDone(end: number): void {
    const part = this.#open[this.#open.length - 1]!;
    const bodyStart = this.#base + end;
    this.#lineBreaks++;
    this.#breakAt = bodyStart - 1;
    this.#atLineStart = true;
    this.#inHead = false;
    this.#interpretHead(part, bodyStart);
    this.#enterBody(part);
  }

  /** Reads the gathered header of a part. */
  #interpretHead(part: OpenPart, bodyStart: number): void {
    const fields = new HeadFields(part.headText);
    part.headText = '';
    part.bodyStart = bodyStart;
    part.linesBefore = this.#lineBreaks;
    part.head = readPartHead(fields, part.inDigest);
    if (part.parent === undefined) {
      this.#headBytes = bodyStart;
      this.#message = readMessageHead(fields);
    } else if (part.isMessage) part.parent.envelope = renderEnvelope(readMessageHead(fields));
  }

  /** Looks at what a body is and prepares for reading it. */
  #enterBody(part: OpenPart): void {
    const { type, subtype, encoding, boundary } = part.head!;
    const mayNest = this.#open.length < DEPTH_MAX && this.#parts < PARTS_MAX;
    if (type === 'text') {
      if (!this.#open.some((open) => open.isMessage && open.parent !== undefined))
        this.#texts.start(part.head!);
    } else if (!mayNest) return;
    else if (boundary !== undefined) {
      part.boundary = Buffer.from(boundary, 'latin1');
      part.wasSearched = true;
      this.#searched++;
    } else if (isMessageType(type, subtype) && IDENTITY.has(encoding))
      this.#openChild(new OpenPart(part.bodyStart, part, true));
  }
}
