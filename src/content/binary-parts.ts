/**
 * Parts with `Content-Transfer-Encoding: binary`, for a store whose bytes go out in literals: those are CHAR8, which has no NUL
 * (RFC 9051 §4.3.1). What the parser saw is planned as edits by offset, then the message is copied through them.
 */
import { Base64Lines } from './base64-lines.ts';
import { type DataDomain, DomainScanner, widerDomain } from './data-domain.ts';
import { asBuffer, fieldSpans } from './header.ts';
import { HEAD_BYTES_MAX } from './message-parser.ts';
import { tokenSpan } from './parameters.ts';
import { isMessageType, type Part } from './part.ts';
import { HeadFields, readPartHead } from './part-head.ts';

/** Gives bytes of a message from `start` on, at least one and none from `end` on. */
export type PieceReader = (start: number, end: number) => Promise<Uint8Array>;

/** What stands instead of bytes [start, end): a text (wire string), or the same bytes in base64. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly to: { readonly text: string } | 'base64';
}

/** A part labelled `binary`, with those in it. */
interface Labelled {
  readonly part: Part;
  readonly isSigned: boolean;
  readonly inner: readonly Labelled[];
  /** Of its bytes, those of `inner` left out. */
  domain: DataDomain;
  isEncoded: boolean;
}

type Range = readonly [start: number, end: number];

/** Whether a part of the structure is labelled `binary`. */
export function hasBinaryLabel(part: Part): boolean {
  return part.encoding === 'binary' || part.children.some(hasBinaryLabel);
}

/**
 * Plans how a message is kept without binary data: base64 for each leaf that is labelled `binary` and needs the label, having NUL, a
 * bare CR or LF, or a line over 998 octets. When there is one, the other labels `binary`, of parts and of what holds parts, say what
 * is there then, 7bit or 8bit (RFC 2045 §6.2). When there is none the message stays as it is: a label `binary` on 7bit or 8bit
 * data is no error, and a change would break what was signed over it (DKIM).
 *
 * What is in a multipart/signed may only be 7bit (RFC 1847 §2.1); if it is binary nevertheless it is encoded, which the signature does
 * not survive, but no label in it is changed without that. A multipart or message that could not be taken apart (no delimiter in it,
 * too deep, too many) looks like a leaf and is not encoded: RFC 2045 §6.4 forbids it, and delimiters that close what is around it may
 * be in there.
 * @returns edits in the order of the message; none when it stays as it is
 */
export async function planEncoding(structure: Part, read: PieceReader): Promise<readonly Edit[]> {
  const labelled = labelledParts(structure, false);
  const all = [...flat(labelled)];
  const leaves = all.filter(isLeaf);
  for (const leaf of leaves) {
    leaf.domain = await domainOf(ownRanges(leaf), read);
    leaf.isEncoded = leaf.domain === 'binary' && !(await isComposite(leaf.part, read));
  }
  if (!leaves.some(({ isEncoded }) => isEncoded)) return [];
  for (const one of all) if (!isLeaf(one)) one.domain = await domainOf(ownRanges(one), read);
  const edits: Edit[] = [];
  for (const one of all) {
    const label = one.isEncoded ? 'base64' : labelOf(one);
    if (label === 'binary' || (one.isSigned && label !== 'base64')) continue;
    edits.push(...(await labelEdits(one.part, label, read)));
    const { bodyStart: start, bodyEnd: end } = one.part;
    if (label === 'base64') edits.push({ start, end, to: 'base64' });
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

function labelledParts(part: Part, isSigned: boolean): readonly Labelled[] {
  const signs = part.type === 'multipart' && part.subtype === 'signed';
  const inner = part.children.flatMap((child) => labelledParts(child, isSigned || signs));
  return part.encoding === 'binary'
    ? [{ part, isSigned, inner, domain: '7bit', isEncoded: false }]
    : inner;
}

/** In the order of the message: what holds parts before these. */
function* flat(labelled: readonly Labelled[]): Generator<Labelled> {
  for (const one of labelled) {
    yield one;
    yield* flat(one.inner);
  }
}

function isLeaf({ part }: Labelled): boolean {
  return part.children.length === 0;
}

/** The label of a part that is not encoded itself; what is encoded in it is 7bit. */
function labelOf(one: Labelled): DataDomain {
  const inner = one.inner.map((each): DataDomain => (each.isEncoded ? '7bit' : labelOf(each)));
  return inner.reduce(widerDomain, one.domain);
}

/** The body of a part without the bodies of labelled parts in it. */
function* ownRanges({ part, inner }: Labelled): Generator<Range> {
  let at = part.bodyStart;
  for (const { bodyStart, bodyEnd } of inner.map((each) => each.part)) {
    yield [at, bodyStart];
    at = bodyEnd;
  }
  yield [at, part.bodyEnd];
}

async function* pieces([start, end]: Range, read: PieceReader): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    const piece = asBuffer(await read(at, end));
    yield piece;
    at += piece.length;
  }
}

async function domainOf(ranges: Iterable<Range>, read: PieceReader): Promise<DataDomain> {
  let domain: DataDomain = '7bit';
  for (const range of ranges) {
    const scanner = new DomainScanner();
    for await (const piece of pieces(range, read)) if (!scanner.push(piece)) break;
    domain = widerDomain(domain, scanner.end());
    if (domain === 'binary') break;
  }
  return domain;
}

async function headText({ headStart, bodyStart }: Part, read: PieceReader): Promise<string> {
  const end = Math.min(bodyStart, headStart + HEAD_BYTES_MAX);
  let text = '';
  for await (const piece of pieces([headStart, end], read)) text += piece.toString('latin1');
  return text;
}

/** Whether a leaf is one only because it could not be taken apart; a multipart is then shown as something else. */
async function isComposite(part: Part, read: PieceReader): Promise<boolean> {
  if (isMessageType(part.type, part.subtype)) return true;
  const fields = new HeadFields(await headText(part, read));
  return readPartHead(fields, false).boundary !== undefined;
}

/**
 * Changes the word of Content-Transfer-Encoding and nothing else, comments and line ends included. Of several such fields the first
 * counts here, but not everywhere, so all of them get the word.
 */
async function labelEdits(part: Part, label: string, read: PieceReader): Promise<readonly Edit[]> {
  const text = await headText(part, read);
  const edits: Edit[] = [];
  for (const span of fieldSpans(text)) {
    if (span.name !== 'content-transfer-encoding') continue;
    const word = tokenSpan(text.slice(0, span.end), span.valueStart);
    if (word.start === word.end) continue;
    edits.push({
      start: part.headStart + word.start,
      end: part.headStart + word.end,
      to: { text: label },
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
