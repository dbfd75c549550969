import {
  decodeCharset,
  foldForSearch,
  htmlToText,
  isKnownEncoding,
  type Part,
  parameterValue,
  TransferDecoder,
} from '#content';
import type { ByteSource } from './text-scan.ts';

/** Text parts up to this are decoded in one go. */
export const WHOLE_BYTES_MAX = 256 * 1024;
const RANGE_BYTES = 128 * 1024;
/** How much markup is held while the place for a cut is looked for; what of a longer script is left then counts as text. */
const HELD_MAX = 1024 * 1024;

const LF = 0x0a;
const SPACE = 0x20;

/**
 * The text of a large text part in pieces, folded for comparison, in bounded memory. Each piece begins with the end
 * of the one before it, so that whatever is at most `needleChars` long stands whole in one of them.
 *
 * Pieces are cut at line breaks where there are any. Undeclared eight-bit text is guessed piece by piece, and a line
 * longer than a range may be cut inside a character: what is found in the rest of it is not affected.
 */
export async function* longText(
  part: Part,
  source: ByteSource,
  needleChars: number,
): AsyncGenerator<string> {
  const isHtml = part.subtype === 'html';
  let markup = '';
  let overlap = '';
  for await (const { text, last } of decodedPieces(part, source)) {
    let piece = text;
    if (isHtml) {
      markup += text;
      const cut = last || markup.length > HELD_MAX ? markup.length : markupCut(markup);
      if (cut === 0) continue;
      piece = htmlToText(markup.slice(0, cut));
      markup = markup.slice(cut);
    }
    const folded = overlap + foldForSearch(piece);
    yield folded;
    overlap = needleChars > 1 ? folded.slice(-(needleChars - 1)) : '';
  }
}

/** Unicode text of the part, range by range. */
async function* decodedPieces(
  part: Part,
  source: ByteSource,
): AsyncGenerator<{ readonly text: string; readonly last: boolean }> {
  const decoder = new TransferDecoder(isKnownEncoding(part.encoding) ? part.encoding : '8bit');
  const declared = parameterValue(part.params, 'charset')?.trim().toLowerCase();
  const wide = declared !== undefined && /^(?:utf-?16|ucs-?2|iso-10646-ucs-2)/.test(declared);
  let charset = declared;
  let rest: Buffer = Buffer.alloc(0);
  for (let at = part.bodyStart; at < part.bodyEnd; at += RANGE_BYTES) {
    const end = Math.min(at + RANGE_BYTES, part.bodyEnd);
    const range = await source(at, end);
    if (range === undefined) return;
    const last = end === part.bodyEnd;
    let bytes: Buffer = Buffer.concat([
      rest,
      decoder.push(range),
      ...(last ? [decoder.end()] : []),
    ]);
    if (at === part.bodyStart && wide && bytes[0] === 0xff && bytes[1] === 0xfe)
      charset = 'utf-16le';
    const cut = last ? bytes.length : wide ? bytes.length & ~1 : lineCut(bytes);
    rest = Buffer.from(bytes.subarray(cut));
    bytes = bytes.subarray(0, cut);
    yield { text: decodeCharset(bytes, charset), last };
  }
}

/**
 * Where bytes can be cut: behind the last line break, else behind the last blank, else anywhere. In no charset of
 * mail but UTF-16 is one of these bytes a part of a longer character.
 */
function lineCut(bytes: Buffer): number {
  const line = bytes.lastIndexOf(LF) + 1;
  if (line > 0) return line;
  const blank = bytes.lastIndexOf(SPACE) + 1;
  return blank > 0 ? blank : bytes.length;
}

/** Where markup can be cut: behind a tag, and before an element whose content is hidden and still open; 0: nowhere yet. */
function markupCut(html: string): number {
  const cut = html.lastIndexOf('>') + 1;
  let open: RegExpMatchArray | undefined;
  for (const match of html.matchAll(/<(?:(style|script|title)\b|!--)/gi)) open = match;
  if (open === undefined) return cut;
  const closer = open[1] === undefined ? /-->/g : new RegExp(`</${open[1]}\\b`, 'gi');
  closer.lastIndex = open.index! + open[0].length;
  return closer.test(html) ? cut : open.index!;
}
