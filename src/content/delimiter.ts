/** The lines that divide a message: the blank line behind a header, and the delimiters of multiparts. */
import type { OpenPart } from './open-part.ts';

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;
const SPACE = 0x20;
const TAB = 0x09;

/** A line that may be a delimiter is waited for up to this length; longer ones are none. */
const DELIMITER_LINE_BYTES_MAX = 1024;

/** What a line at the start of the window can be: decided, or not before more input is there. */
export const NOT_THIS = -1;
export const UNDECIDED = 0;

/** A delimiter line: the multipart it belongs to (index among the open parts), and whether it closes it. */
export interface Delimiter {
  readonly level: number;
  readonly closes: boolean;
}

/** Behind the blank line at `at`, {@link NOT_THIS} when it is not blank, or {@link UNDECIDED}. */
export function blankLineEnd(window: Buffer, at: number, isLast: boolean): number {
  const byte = window[at];
  if (byte === LF) return at + 1;
  if (byte !== CR) return NOT_THIS;
  if (at + 1 >= window.length) return isLast ? NOT_THIS : UNDECIDED;
  return window[at + 1] === LF ? at + 2 : NOT_THIS;
}

/** Behind the line at `at` if it may be a delimiter, {@link NOT_THIS} when it cannot be one, or {@link UNDECIDED}. */
export function dashedLineEnd(window: Buffer, at: number, isLast: boolean): number {
  if (window[at] !== DASH) return NOT_THIS;
  if (at + 1 >= window.length) return isLast ? NOT_THIS : UNDECIDED;
  if (window[at + 1] !== DASH) return NOT_THIS;
  const lf = window.indexOf(LF, at + 2);
  const end = lf < 0 ? window.length : lf + 1;
  if (end - at > DELIMITER_LINE_BYTES_MAX) return NOT_THIS;
  return lf >= 0 || isLast ? end : UNDECIDED;
}

/**
 * dash-boundary := "--" boundary ;  close-delimiter := delimiter "--" ;  both may be followed by transport-padding
 * (RFC 2046 §5.1.1). The whole line must match, from the innermost multipart outwards, so that of boundaries that are
 * prefixes of each other the right one is found.
 */
export function matchDelimiter(
  open: readonly OpenPart[],
  window: Buffer,
  at: number,
  lineEnd: number,
): Delimiter | undefined {
  let end = lineEnd;
  if (window[end - 1] === LF) end--;
  if (end > at && window[end - 1] === CR) end--;
  while (end > at && (window[end - 1] === SPACE || window[end - 1] === TAB)) end--;
  const start = at + 2;
  for (let level = open.length - 1; level >= 0; level--) {
    const { boundary } = open[level]!;
    if (boundary === undefined) continue;
    const boundaryEnd = start + boundary.length;
    const closes = boundaryEnd + 2 === end && window[end - 1] === DASH && window[end - 2] === DASH;
    if (boundaryEnd !== end && !closes) continue;
    if (boundary.compare(window, start, boundaryEnd) === 0) return { level, closes };
  }
  return undefined;
}
