/** The first words of a message. */
import { decodeCharset } from './charset.ts';
import { htmlToText } from './html-text.ts';
import { type Parameter, parameterValue } from './parameters.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/** RFC 8970 §3.1: a server should limit the preview to 200 characters, and must not exceed 256. */
const PREVIEW_CHARS_MAX = 200;
/** Bytes that nearly always hold a preview; the rest is decoded only when they do not. Markup needs more. */
const PLAIN_BYTES = 512;
const HTML_BYTES = 4096;

/** The beginning of a text part, still encoded. */
export interface TextStart {
  readonly subtype: string;
  readonly params: readonly Parameter[];
  readonly encoding: string;
  readonly bytes: Buffer;
}

/** Characters without width that fill the hidden preheaders of newsletters, and other controls. */
function isInvisible(code: number): boolean {
  if (code < 0x7f) return code < 0x20;
  return (
    code < 0xa0 ||
    code === 0xad ||
    code === 0x34f ||
    code === 0x61c ||
    code === 0xfeff ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2060 && code <= 0x2064)
  );
}

function isSpace(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return (
    code === 0xa0 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x3000 ||
    code === 0x202f
  );
}

/** A preview, and whether there was text enough for all of it. */
interface Squeezed {
  readonly text: string;
  readonly isFull: boolean;
}

/** Collapses whitespace and cuts at the limit, never inside a character. */
function squeeze(text: string): Squeezed {
  let out = '';
  // The run [from, at) is taken over as it stands.
  let from = 0;
  let at = 0;
  let count = 0;
  let afterSpace = true;
  for (; at < text.length && count < PREVIEW_CHARS_MAX; at++) {
    const code = text.charCodeAt(at);
    const space = isSpace(code);
    if (!space && !isInvisible(code)) {
      // The second half of a pair is not counted.
      if (code < 0xdc00 || code > 0xdfff) count++;
      afterSpace = false;
      continue;
    }
    const kept = space && !afterSpace;
    if (kept) count++;
    afterSpace ||= space;
    if (kept && code === 0x20) continue;
    out += kept ? `${text.slice(from, at)} ` : text.slice(from, at);
    from = at + 1;
  }
  const next = text.charCodeAt(at);
  if (next >= 0xdc00 && next <= 0xdfff) at++;
  return { text: (out + text.slice(from, at)).trimEnd(), isFull: count >= PREVIEW_CHARS_MAX };
}

function textOf(start: TextStart, bytes: Buffer): Squeezed {
  const decoded = decodeTransfer(bytes, start.encoding) ?? bytes;
  const text = decodeCharset(decoded, parameterValue(start.params, 'charset'));
  // A character may have been cut in two at the end.
  const whole = text.endsWith('\ufffd') ? text.slice(0, -1) : text;
  return squeeze(start.subtype === 'html' ? htmlToText(whole, PREVIEW_CHARS_MAX * 8) : whole);
}

/**
 * At most 200 characters of the text, whitespace collapsed, markup stripped: RFC 8970 §3.
 * @param starts the beginnings of the first text parts, in order; the first that holds anything is taken
 */
export function previewOf(starts: readonly TextStart[]): string {
  for (const start of starts) {
    const few = start.bytes.subarray(0, start.subtype === 'html' ? HTML_BYTES : PLAIN_BYTES);
    let preview = textOf(start, few);
    if (!preview.isFull && few.length < start.bytes.length) preview = textOf(start, start.bytes);
    if (preview.text !== '') return preview.text;
  }
  return '';
}
