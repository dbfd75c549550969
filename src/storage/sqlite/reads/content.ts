import type { ContentId } from '#model';
import type { Blobs } from '../../blobs/port.ts';
import type { Statements } from '../statements.ts';

const SELECT_CONTENT = 'SELECT blob, head, body FROM content WHERE content_id = ?';
const SELECT_BLOB = 'SELECT blob, head_bytes, size_bytes FROM content WHERE content_id = ?';
const SELECT_HEAD = 'SELECT head FROM content WHERE content_id = ?';

const SELECT_STRAY = `SELECT value FROM json_each(?) AS b
  WHERE NOT EXISTS (SELECT 1 FROM content AS c WHERE c.blob = b.value)`;

/** Those of the blobs that no content refers to. */
export function readStrayBlobs(sql: Statements, blobs: readonly string[]): readonly string[] {
  return sql.rows(SELECT_STRAY, JSON.stringify(blobs)).map((row) => row[0] as string);
}

/** Reads bytes [start, end) of a message, whose head is in the database and whose body may be a blob. */
export async function readContentBytes(
  sql: Statements,
  blobs: Blobs,
  contentId: ContentId,
  start: number,
  end: number,
): Promise<Buffer | undefined> {
  const place = sql.row(SELECT_BLOB, contentId);
  if (place === undefined) return undefined;
  const [blob, headBytes, sizeBytes] = place as [string | null, number, number];
  const from = Math.min(start, sizeBytes);
  const to = Math.max(from, Math.min(end, sizeBytes));
  if (blob === null) return inlineBytes(sql, contentId, from, to);
  const pieces: Buffer[] = [];
  if (from < headBytes) {
    const head = sql.row(SELECT_HEAD, contentId)?.[0] as unknown as Uint8Array;
    pieces.push(Buffer.from(head.buffer, head.byteOffset, head.byteLength).subarray(from, to));
  }
  if (to > headBytes)
    pieces.push(await blobs.read(blob, Math.max(0, from - headBytes), to - headBytes));
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

function inlineBytes(
  sql: Statements,
  contentId: ContentId,
  from: number,
  to: number,
): Buffer | undefined {
  const row = sql.row(SELECT_CONTENT, contentId) as unknown as
    | [null, Uint8Array, Uint8Array]
    | undefined;
  if (row === undefined) return undefined;
  const [, head, body] = row;
  if (from >= head.length) return Buffer.from(body.subarray(from - head.length, to - head.length));
  if (to <= head.length) return Buffer.from(head.subarray(from, to));
  return Buffer.concat([head.subarray(from), body.subarray(0, to - head.length)]);
}
