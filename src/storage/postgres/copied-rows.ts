import type { Connection, Row } from './connection.ts';

/** What a column of a copied row is read as. */
export type Kind = 'number' | 'text' | 'bytes';

/** "PGCOPY\n\377\r\n\0", flags, and the length of an extension that there is none of. */
const HEADER_BYTES = 19;
const TRAILER = -1;
const NULL = -1;

/**
 * Rows of a SELECT that names its values itself, by COPY: for many rows, or large ones. Bytes are parts of what came, not copied.
 * The format is that of "Binary Format" in PostgreSQL's manual under COPY.
 */
export async function copiedRows(
  connection: Connection,
  select: string,
  kinds: readonly Kind[],
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const pieces = await connection.copy(select);
  for (const [index, piece] of pieces.entries()) {
    let at = index === 0 ? HEADER_BYTES : 0;
    while (at < piece.length && piece.readInt16BE(at) !== TRAILER) {
      const row: Row[number][] = [];
      at += 2;
      for (const kind of kinds) {
        const length = piece.readInt32BE(at);
        at += 4;
        const end = at + Math.max(0, length);
        row.push(length === NULL ? null : decode(piece, at, end, kind));
        at = end;
      }
      rows.push(row);
    }
  }
  return rows;
}

function decode(piece: Buffer, from: number, end: number, kind: Kind): string | number | Buffer {
  switch (kind) {
    case 'number':
      return end - from === 4
        ? piece.readInt32BE(from)
        : piece.readInt32BE(from) * 2 ** 32 + piece.readUInt32BE(from + 4);
    case 'text':
      return piece.toString('utf8', from, end);
    case 'bytes':
      return piece.subarray(from, end);
  }
}
