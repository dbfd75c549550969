/** Unstructured header text to Unicode: encoded words, raw UTF-8, and the mistakes of real mailers. */
import { decodeCharset, decodeWire } from './charset.ts';
import { decodeQuotedPrintable } from './quoted-printable.ts';

/**
 * encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="      (RFC 2047 §2, RFC 2231 §5)
 * Blanks inside encoded-text are tolerated: many mailers write them.
 */
const ENCODED_WORD = /=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*)\?=/g;

/** Neighbouring words of one charset, whose bytes belong together because a character may be split between them. */
interface Run {
  charset: string;
  chunks: Buffer[];
}

function flush(run: Run | undefined): string {
  if (run === undefined) return '';
  const [first] = run.chunks;
  const bytes = run.chunks.length === 1 ? first! : Buffer.concat(run.chunks);
  return decodeCharset(bytes, run.charset);
}

function wordBytes(encoding: string, text: string): Buffer {
  if (encoding === 'b' || encoding === 'B') return Buffer.from(text, 'base64');
  return decodeQuotedPrintable(Buffer.from(text.replaceAll('_', ' '), 'latin1'), 'word');
}

/**
 * Decodes a header value (wire string, unfolded) to Unicode: RFC 2047 encoded words wherever they stand, blanks between
 * neighbours dropped (§6.2), the rest as UTF-8 (RFC 6532 §3.2) or else windows-1252. Malformed words stay as they are.
 */
export function decodeHeader(value: string): string {
  if (!value.includes('=?')) return decodeWire(value);
  let out = '';
  let at = 0;
  let run: Run | undefined;
  for (const word of value.matchAll(ENCODED_WORD)) {
    const gap = value.slice(at, word.index);
    const charset = word[1]!.split('*', 1)[0]!.toLowerCase();
    if (run !== undefined && gap.trim() !== '') {
      out += flush(run);
      run = undefined;
    }
    if (run === undefined) out += decodeWire(gap);
    else if (run.charset !== charset) {
      out += flush(run);
      run = undefined;
    }
    run ??= { charset, chunks: [] };
    run.chunks.push(wordBytes(word[2]!, word[3]!));
    at = word.index + word[0].length;
  }
  return out + flush(run) + decodeWire(value.slice(at));
}
