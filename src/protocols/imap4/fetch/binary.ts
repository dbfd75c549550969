import {
  decodeTransfer,
  findPart,
  isKnownEncoding,
  isMultipart,
  type Part,
  TransferDecoder,
} from '#content';
import type { FetchPartial } from '#wire';
import { type ByteRange, cutRange, type MessageContent, type Payload } from './content.ts';
import type { PayloadPlan } from './section.ts';

const COLUMNS = { wire: true, head: true, body: true, structure: true } as const;

/** A part's transfer encoding is not known, so it cannot be decoded (RFC 3516 §4.3). */
export class UnknownEncoding extends Error {}

interface Encoded {
  readonly range: ByteRange;
  readonly encoding: string;
}

/**
 * Prepares BINARY[part]<partial>: a part without its transfer encoding (RFC 3516 §4.2, RFC 9051 §6.4.5.2).
 * Its payload fails with `UnknownEncoding`.
 */
export function planBinary(
  path: readonly number[],
  partial: FetchPartial | undefined,
): PayloadPlan {
  return {
    columns: COLUMNS,
    payload: (content) => {
      const encoded = find(content, path);
      return encoded && decode(content, encoded, partial);
    },
  };
}

/**
 * The size of a part without its transfer encoding; 0 when there is no such part (RFC 3516 §4.2).
 *
 * @throws {UnknownEncoding}
 */
export async function decodedSize(
  content: MessageContent,
  path: readonly number[],
): Promise<number> {
  const encoded = find(content, path);
  if (encoded === undefined) return 0;
  let sizeBytes = 0;
  for await (const piece of decodedPieces(content, encoded)) sizeBytes += piece.length;
  return sizeBytes;
}

/** The columns that `decodedSize` needs. */
export const BINARY_COLUMNS = COLUMNS;

function find(content: MessageContent, path: readonly number[]): Encoded | undefined {
  const { entry } = content;
  if (path.length === 0) return { range: { start: 0, end: entry.sizeBytes }, encoding: '' };
  const part = findPart(content.structure, path);
  if (part === undefined) return undefined;
  const encoding = encodingOf(part);
  if (!isKnownEncoding(encoding)) throw new UnknownEncoding(encoding);
  return { range: { start: part.bodyStart, end: part.bodyEnd }, encoding };
}

/** What holds parts is not encoded itself (RFC 2045 §6.4). */
function encodingOf(part: Part): string {
  return isMultipart(part) ? '' : part.encoding;
}

function decode(
  content: MessageContent,
  encoded: Encoded,
  partial: FetchPartial | undefined,
): Payload | Promise<Payload> {
  const wire = content.atHand(encoded.range);
  if (wire === undefined) return decodeAsSent(content, encoded, partial);
  const decoded = decodeTransfer(Buffer.from(wire, 'latin1'), encoded.encoding)!;
  const { start, end } = cutRange({ start: 0, end: decoded.length }, partial);
  return decoded.toString('latin1', start, end);
}

/** Decodes twice, first to learn the size, which comes first in a literal: memory stays constant. */
async function decodeAsSent(
  content: MessageContent,
  encoded: Encoded,
  partial: FetchPartial | undefined,
): Promise<Payload> {
  let sizeBytes = 0;
  let binary = false;
  for await (const piece of decodedPieces(content, encoded)) {
    sizeBytes += piece.length;
    binary ||= piece.includes(0);
  }
  const range = cutRange({ start: 0, end: sizeBytes }, partial);
  return {
    sizeBytes: range.end - range.start,
    binary,
    pieces: cutPieces(decodedPieces(content, encoded), range),
  };
}

async function* decodedPieces(
  content: MessageContent,
  { range, encoding }: Encoded,
): AsyncGenerator<Buffer> {
  const decoder = new TransferDecoder(encoding);
  for await (const piece of content.read(range)) yield decoder.push(piece);
  yield decoder.end();
}

async function* cutPieces(
  pieces: AsyncIterable<Buffer>,
  { start, end }: ByteRange,
): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const piece of pieces) {
    if (at + piece.length > start && at < end)
      yield piece.subarray(Math.max(0, start - at), end - at);
    at += piece.length;
    if (at >= end) return;
  }
}
