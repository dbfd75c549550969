/**
 * Header blocks: where each field stands, and its unfolded value. Works on wire strings (each char code one byte),
 * so that a header is turned into a string once and never again.
 */

/** Where one field stands in its header block. Offsets are characters (= bytes) from the start of the block. */
export interface FieldSpan {
  /** Field name in lower case; empty for a line that is no field (no colon, or blanks inside the name). */
  readonly name: string;
  readonly start: number;
  /** First character after the colon. */
  readonly valueStart: number;
  /** Behind the last folded line, its line break included. */
  readonly end: number;
}

/** One field as {@link headerLines} gives it: the name as written, the raw value unfolded and trimmed (wire strings). */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;

/** The bytes as a wire string, without copying them first. */
export function wireOf(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1');
}

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Lower case of the ASCII letters only: the other characters of a wire string are bytes, not letters. */
export function lowerAscii(wire: string): string {
  if (!/[\x80-\xff]/.test(wire)) return wire.toLowerCase();
  return wire.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Start of the line behind `at`; the length of the text when there is none. */
export function lineAfter(text: string, at: number): number {
  const lf = text.indexOf('\n', at);
  return lf < 0 ? text.length : lf + 1;
}

/** A blank as folded lines begin with. */
export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Behind the folded lines that begin at `at`; `at` where none does. RFC 5322 §2.2.3 */
export function foldsAfter(text: string, at: number): number {
  while (at < text.length && isBlank(text.charCodeAt(at))) at = lineAfter(text, at);
  return at;
}

/** Whether the line at `at` is the one behind a header. */
export function isBlankLine(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === LF || (code === CR && text.charCodeAt(at + 1) === LF);
}

/** Behind the name of the field, when [start, colon) is one, else `start`: RFC 5322 §3.6.8, blanks before the colon as in §4.5. */
function nameEnd(text: string, start: number, colon: number): number {
  let end = colon;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code <= SPACE || code === 0x7f) return start;
  }
  return end;
}

/** Takes a field, or a line that is none, in which nothing is the name: `nameEnd` is `start`. */
type TakeField = (start: number, nameEnd: number, valueStart: number, end: number) => void;

/** Goes through a header block, up to its blank line; gives where that stands. */
function eachField(text: string, take: TakeField): number {
  let at = 0;
  // Looked for once for all lines without one.
  let colon = -1;
  while (at < text.length && !isBlankLine(text, at)) {
    const start = at;
    const lineEnd = lineAfter(text, start);
    at = foldsAfter(text, lineEnd);
    if (colon < start) colon = text.indexOf(':', start);
    if (colon < 0) colon = text.length;
    const isField = colon > start && colon < lineEnd;
    if (isField) take(start, nameEnd(text, start, colon), colon + 1, at);
    else take(start, start, start, at);
  }
  return at;
}

/**
 * All fields of a header block, in order, up to its blank line. Lines that are no field are listed too, with an empty
 * name, so that the spans cover the block without gaps.
 */
export function fieldSpans(text: string): FieldSpan[] {
  const spans: FieldSpan[] = [];
  eachField(text, (start, nameEnd, valueStart, end) => {
    spans.push({ name: lowerAscii(text.slice(start, nameEnd)), start, valueStart, end });
  });
  return spans;
}

/** Whether [start, end) is one of some names in lower case, compared where it stands. */
function isNamed(text: string, start: number, end: number, names: readonly string[]): boolean {
  const length = end - start;
  for (const name of names) {
    if (name.length !== length) continue;
    let at = 0;
    while (at < length && lowerCode(text.charCodeAt(start + at)) === name.charCodeAt(at)) at++;
    if (at === length) return true;
  }
  return false;
}

/** As `lowerAscii`, of one character's code. */
export function lowerCode(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}

/** Unfolds and trims a raw field value: line breaks before blanks vanish, the last one too. RFC 5322 §2.2.3. */
export function unfold(value: string): string {
  const trimmed = value.trim();
  return trimmed.includes('\n') ? trimmed.replace(/\r?\n(?=[ \t])/g, '') : trimmed;
}

/** The unfolded value of a field of `text`. */
export function spanValue(text: string, span: FieldSpan): string {
  return unfold(text.slice(span.valueStart, span.end));
}

/**
 * Fields of a header block one by one, malformed lines left out.
 * @param head the header block, with or without its blank line
 */
export function* headerLines(head: Uint8Array): Generator<HeaderField> {
  const text = wireOf(head);
  for (const span of fieldSpans(text)) {
    if (span.name === '') continue;
    const name = text.slice(span.start, span.start + span.name.length);
    yield { name, value: spanValue(text, span) };
  }
}

/** Raw unfolded values (wire strings) of every field called `name` (any case), in order. */
export function readHeader(head: Uint8Array, name: string): string[] {
  const text = wireOf(head);
  const wanted = wantedNames([name]);
  const values: string[] = [];
  eachField(text, (start, nameEnd, valueStart, end) => {
    if (isNamed(text, start, nameEnd, wanted)) values.push(unfold(text.slice(valueStart, end)));
  });
  return values;
}

/** In lower case; the empty name, which lines have that are no field, is none. */
function wantedNames(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== '').map(lowerAscii);
}
