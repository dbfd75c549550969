/**
 * Parts with `Content-Transfer-Encoding: binary`, for a store whose bytes go out in literals: those are CHAR8, which has no NUL
 * (RFC 9051 §4.3.1). What the parser saw is planned as edits by offset, then the message is copied through them.
 */
import { Base64Lines } from './base64-lines.ts';
import { asBuffer, fieldSpans } from './header.ts';
import { HEAD_BYTES_MAX } from './message-parser.ts';
import { tokenSpan } from './parameters.ts';
import { isMessageType, leafParts, type Part } from './part.ts';
import { HeadFields, readPartHead } from './part-head.ts';

/** Gives bytes of a message from `start` on, at least one and none from `end` on. */
export type PieceReader = (start: number, end: number) => Promise<Uint8Array>;

/** What stands instead of bytes [start, end): a text (wire string), or the same bytes in base64. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly to: { readonly text: string } | 'base64';
}

/** Whether a leaf of the structure is labelled `binary`. */
export function hasBinaryLabel(structure: Part): boolean {
  return binaryLeaves(structure).next().done !== true;
}

/**
 * Plans how a message is kept without NUL: base64 for each leaf that is labelled `binary` and has one. Everything else stays as it
 * came, because what is signed over it (DKIM) would break: long lines, bare CR and LF, and the label `binary` of what holds such
 * a leaf, which says no more than that there may be binary data in it (RFC 2045 §6.2).
 *
 * A multipart or message that could not be taken apart (no delimiter in it, too deep, too many) looks like a leaf and is not encoded:
 * RFC 2045 §6.4 forbids it, and delimiters that close what is around it may be in there.
 * @returns edits in the order of the message; none when it stays as it is
 */
export async function planEncoding(structure: Part, read: PieceReader): Promise<readonly Edit[]> {
  const edits: Edit[] = [];
  for (const part of binaryLeaves(structure)) {
    const { bodyStart: start, bodyEnd: end } = part;
    if (!(await hasNul([start, end], read))) continue;
    const head = await headText(part, read);
    if (isComposite(part, head)) continue;
    edits.push(...labelEdits(part, head), { start, end, to: 'base64' });
  }
  return edits;
}

/** Copies a message through its edits, piece by piece. */
export async function* applyEdits(
  sizeBytes: number,
  edits: readonly Edit[],
  read: PieceReader,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const { start, end, to } of edits) {
    yield* pieces([at, start], read);
    if (to === 'base64') yield* inBase64([start, end], end === sizeBytes, read);
    else yield Buffer.from(to.text, 'latin1');
    at = end;
  }
  yield* pieces([at, sizeBytes], read);
}

type Range = readonly [start: number, end: number];

function* binaryLeaves(structure: Part): Generator<Part> {
  for (const part of leafParts(structure)) if (part.encoding === 'binary') yield part;
}

async function* pieces([start, end]: Range, read: PieceReader): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    const piece = asBuffer(await read(at, end));
    yield piece;
    at += piece.length;
  }
}

async function hasNul(range: Range, read: PieceReader): Promise<boolean> {
  for await (const piece of pieces(range, read)) if (piece.includes(0)) return true;
  return false;
}

async function headText({ headStart, bodyStart }: Part, read: PieceReader): Promise<string> {
  const end = Math.min(bodyStart, headStart + HEAD_BYTES_MAX);
  let text = '';
  for await (const piece of pieces([headStart, end], read)) text += piece.toString('latin1');
  return text;
}

/** Whether a leaf is one only because it could not be taken apart; a multipart is then shown as something else. */
function isComposite({ type, subtype }: Part, head: string): boolean {
  if (isMessageType(type, subtype)) return true;
  return readPartHead(new HeadFields(head), false).boundary !== undefined;
}

/**
 * Changes the word of Content-Transfer-Encoding and nothing else, comments and line ends included. Of several such fields the first
 * counts here, but not everywhere, so all of them get the word.
 */
function labelEdits({ headStart }: Part, head: string): readonly Edit[] {
  const edits: Edit[] = [];
  for (const span of fieldSpans(head)) {
    if (span.name !== 'content-transfer-encoding') continue;
    const word = tokenSpan(head.slice(0, span.end), span.valueStart);
    if (word.start === word.end) continue;
    edits.push({
      start: headStart + word.start,
      end: headStart + word.end,
      to: { text: 'base64' },
    });
  }
  return edits;
}

/** The bytes in base64, with a line's end where no delimiter brings it. */
async function* inBase64(range: Range, isLast: boolean, read: PieceReader): AsyncGenerator<Buffer> {
  const lines = new Base64Lines();
  for await (const piece of pieces(range, read)) yield lines.push(piece);
  yield lines.end();
  if (isLast) yield Buffer.from('\r\n', 'latin1');
}
