import { hash } from 'node:crypto';

/** Rows of a table: a key has one cell in each. */
export const ROWS = 4;
/** Cells of a row. */
export const CELLS = 16_384;
/** Bytes of the secret by which keys are hashed, so that nobody can choose names that share cells. */
export const SECRET_BYTES = 32;

/** The cells of a key, one a row, as offsets in a table of `ROWS * CELLS`. */
export function cellsOf(secret: Uint8Array, key: string): readonly number[] {
  const digest = hash('sha256', Buffer.concat([secret, Buffer.from(key)]), 'buffer');
  return Array.from(
    { length: ROWS },
    (_, row) => row * CELLS + (digest.readUInt32LE(row * 4) % CELLS),
  );
}
