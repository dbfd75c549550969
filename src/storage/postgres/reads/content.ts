import type { ContentId, MailboxId } from '#model';
import type { Blobs } from '../../blobs/port.ts';
import type { Connection } from '../connection.ts';
import { textArray } from '../literals.ts';

// Cut on the server: a piece of a large message does not bring the rest along. $3 and $4: first byte from 1, and how many.
const SELECT_PIECE = `SELECT blob, head_bytes, size_bytes,
    CASE WHEN $3::bigint <= head_bytes THEN substr(head, $3::integer, $4::integer) ELSE ''::bytea END,
    CASE WHEN $3::bigint + $4::bigint - 1 > head_bytes AND body IS NOT NULL
      THEN substr(body, greatest($3::bigint - head_bytes, 1)::integer,
        ($3::bigint + $4::bigint - greatest($3::bigint, head_bytes + 1))::integer)
      ELSE ''::bytea END
  FROM content WHERE mailbox_id = $1 AND content_id = $2`;
const SELECT_USED = 'SELECT DISTINCT blob FROM content WHERE blob = ANY($1::text[])';
// One that is owed to a mailbox is not stray, and which ones are stands in the promise: while there are any, none is.
const SELECT_PROMISE = 'SELECT 1 FROM promise LIMIT 1';
const LENGTH_MAX = 2 ** 31 - 1;

/** Those of the blobs that no content refers to. */
export async function readStrayBlobs(
  connection: Connection,
  blobs: readonly string[],
): Promise<readonly string[]> {
  if (blobs.length === 0) return [];
  const [promises, used] = await connection.flight([
    [SELECT_PROMISE],
    [SELECT_USED, textArray(blobs)],
  ]);
  if (promises!.length > 0) return [];
  const known = new Set(used!.map((row) => row[0] as string));
  return blobs.filter((blob) => !known.has(blob));
}

/** Where bytes [start, end) of a message are: those kept in the database, and what of its blob is wanted beside them. */
interface Piece {
  readonly bytes: Buffer;
  readonly blob:
    | { readonly name: string; readonly start: number; readonly end: number }
    | undefined;
}

export async function readPiece(
  connection: Connection,
  content: { readonly mailboxId: MailboxId; readonly contentId: ContentId },
  start: number,
  end: number,
): Promise<Piece | undefined> {
  const length = Math.min(Math.max(end - start, 0), LENGTH_MAX - 1);
  const from = Math.min(start, LENGTH_MAX - 1 - length);
  const { mailboxId, contentId } = content;
  const [row] = await connection.query(SELECT_PIECE, mailboxId, contentId, from + 1, length);
  if (row === undefined) return undefined;
  const [blob, headBytes, sizeBytes, head, body] = row as unknown as [
    string | null,
    number,
    number,
    Buffer,
    Buffer,
  ];
  const to = Math.min(end, sizeBytes);
  if (blob !== null && to > headBytes && to > start)
    return {
      bytes: head,
      blob: { name: blob, start: Math.max(0, start - headBytes), end: to - headBytes },
    };
  return { bytes: Buffer.concat([head, body]), blob: undefined };
}

/** The bytes of a piece, with what is in its blob. */
export async function bytesOf(piece: Piece, blobs: Blobs): Promise<Buffer> {
  if (piece.blob === undefined) return piece.bytes;
  const { name, start, end } = piece.blob;
  const rest = await blobs.read(name, start, end);
  return piece.bytes.length === 0 ? rest : Buffer.concat([piece.bytes, rest]);
}
