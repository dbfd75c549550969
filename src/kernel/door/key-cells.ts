import { hash } from 'node:crypto';

/** Rows of a table: a key has one cell in each. */
export const ROWS = 4;
/** Cells of a row. */
export const CELLS = 16_384;
/** Bytes of the secret by which keys are hashed, so that nobody can choose names that share cells. */
export const SECRET_BYTES = 32;
/** Keys whose cells are remembered: a login asks for those of its address and its name several times. */
const REMEMBERED_MAX = 1000;

/** Where keys stand in a table of `ROWS * CELLS`. */
export class KeyCells {
  readonly #secret: Uint8Array;
  readonly #remembered = new Map<string, readonly number[]>();

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** The cells of a key, one a row, as offsets in the table. */
  of(key: string): readonly number[] {
    let cells = this.#remembered.get(key);
    if (cells === undefined) {
      if (this.#remembered.size === REMEMBERED_MAX) this.#remembered.clear();
      cells = this.#hash(key);
      this.#remembered.set(key, cells);
    }
    return cells;
  }

  #hash(key: string): readonly number[] {
    const digest = hash('sha256', Buffer.concat([this.#secret, Buffer.from(key)]), 'buffer');
    return Array.from(
      { length: ROWS },
      (_, row) => row * CELLS + (digest.readUInt32LE(row * 4) % CELLS),
    );
  }
}
