import { type Clock, PosthornError, randomId } from '#kernel';
import { nameOrFresh, THRESHOLD_BYTES } from '../blobs/name.ts';
import type { Blobs, BlobWriter, StoredBlob } from '../blobs/port.ts';
import type { Pool } from './pool.ts';

const OWNER = 'blobs';
const PIECE_BYTES = 512 * 1024;
const LISTED_AT_ONCE = 1000;

const INSERT_PIECE = `INSERT INTO blob_piece(blob, version, nth, bytes, written_ms) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT(blob, version, nth) DO NOTHING`;
const LOCK_BLOB = 'SELECT version FROM stored_blob WHERE blob = $1 FOR UPDATE';
const PUT_BLOB = `INSERT INTO stored_blob(blob, version, size_bytes, finished_ms) VALUES ($1, $2, $3, $4)
  ON CONFLICT(blob) DO UPDATE SET version = excluded.version, size_bytes = excluded.size_bytes, finished_ms = excluded.finished_ms`;
const DELETE_VERSION = 'DELETE FROM blob_piece WHERE blob = $1 AND version = $2';
const SELECT_PIECES = `SELECT s.size_bytes, p.nth, p.bytes FROM stored_blob AS s
  LEFT JOIN blob_piece AS p ON p.blob = s.blob AND p.version = s.version AND p.nth BETWEEN $2 AND $3
  WHERE s.blob = $1 ORDER BY p.nth`;
const SELECT_SIZE = 'SELECT size_bytes FROM stored_blob WHERE blob = $1';
const DELETE_PIECES = 'DELETE FROM blob_piece WHERE blob = $1';
const DELETE_BLOB = 'DELETE FROM stored_blob WHERE blob = $1';
const SELECT_PAGE =
  'SELECT blob, size_bytes, finished_ms FROM stored_blob WHERE blob > $1 ORDER BY blob LIMIT $2';
const DELETE_UNFINISHED = `DELETE FROM blob_piece AS p WHERE p.written_ms < $1
  AND NOT EXISTS (SELECT 1 FROM stored_blob AS s WHERE s.blob = p.blob AND s.version = p.version)`;

/**
 * Blobs in the database, in pieces, for those who give no other place: every node reaches them, and nothing else has to be set up.
 * Each writer has a version of its own; the blob's row says which one is the blob.
 */
export class PostgresBlobs implements Blobs {
  readonly thresholdBytes: number;
  readonly #pool: Pool;
  readonly #clock: Clock;

  constructor(pool: Pool, clock: Clock, thresholdBytes = THRESHOLD_BYTES) {
    this.#pool = pool;
    this.#clock = clock;
    this.thresholdBytes = thresholdBytes;
  }

  async verify(): Promise<void> {
    await this.size('verify');
  }

  async create(given?: string): Promise<BlobWriter> {
    return new PostgresBlobWriter(nameOrFresh(given), this.#pool, this.#clock);
  }

  async read(blob: string, start: number, end: number): Promise<Buffer> {
    const first = Math.floor(start / PIECE_BYTES);
    const last = Math.floor(Math.max(start, end - 1) / PIECE_BYTES);
    const rows = await this.#pool.ask(OWNER, (connection) =>
      connection.query(SELECT_PIECES, blob, first, last),
    );
    const size = rows[0]?.[0] as number | undefined;
    if (size === undefined) throw new PosthornError('corrupt', `blob ${blob} is missing`);
    const pieces = rows.map((row) => (row[2] as Buffer | null) ?? Buffer.alloc(0));
    const bytes = Buffer.concat(pieces).subarray(start - first * PIECE_BYTES);
    if (end > size || bytes.length < end - start)
      throw new PosthornError('corrupt', `blob ${blob} is shorter than ${end} bytes`);
    return bytes.subarray(0, end - start);
  }

  async size(blob: string): Promise<number | undefined> {
    const rows = await this.#pool.ask(OWNER, (connection) => connection.query(SELECT_SIZE, blob));
    return rows[0]?.[0] as number | undefined;
  }

  async remove(blob: string): Promise<void> {
    await this.#pool.ask(OWNER, (connection) =>
      connection.flight([
        [DELETE_BLOB, blob],
        [DELETE_PIECES, blob],
      ]),
    );
  }

  async *list(): AsyncIterable<StoredBlob> {
    for (let after = ''; ; ) {
      const from = after;
      const rows = await this.#pool.ask(OWNER, (connection) =>
        connection.query(SELECT_PAGE, from, LISTED_AT_ONCE),
      );
      for (const [blob, sizeBytes, finishedAtMs] of rows)
        yield {
          blob: blob as string,
          sizeBytes: sizeBytes as number,
          finishedAtMs: finishedAtMs as number,
        };
      if (rows.length < LISTED_AT_ONCE) return;
      after = rows.at(-1)![0] as string;
    }
  }

  async removeUnfinished(untouchedSinceMs: number): Promise<void> {
    await this.#pool.ask(OWNER, (connection) =>
      connection.query(DELETE_UNFINISHED, Math.min(untouchedSinceMs, Number.MAX_SAFE_INTEGER)),
    );
  }
}

class PostgresBlobWriter implements BlobWriter {
  readonly blob: string;
  readonly #version = randomId(16);
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #piece = Buffer.alloc(PIECE_BYTES);
  #filled = 0;
  #pieces = 0;
  #finished = false;

  constructor(blob: string, pool: Pool, clock: Clock) {
    this.blob = blob;
    this.#pool = pool;
    this.#clock = clock;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const taken = Math.min(PIECE_BYTES - this.#filled, bytes.length - at);
      this.#piece.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === PIECE_BYTES) await this.#put();
    }
  }

  async finish(): Promise<void> {
    const sizeBytes = this.#pieces * PIECE_BYTES + this.#filled;
    if (this.#filled > 0) await this.#put();
    await this.#pool.ask(OWNER, async (connection) => {
      try {
        const [, before] = await connection.flight([['BEGIN'], [LOCK_BLOB, this.blob]]);
        const replaced = before![0]?.[0] as string | undefined;
        await connection.flight([
          [PUT_BLOB, this.blob, this.#version, sizeBytes, this.#clock.now()],
          ...(replaced === undefined || replaced === this.#version
            ? []
            : [[DELETE_VERSION, this.blob, replaced] as const]),
          ['COMMIT'],
        ]);
      } catch (error) {
        if (!connection.broken) await connection.query('ROLLBACK');
        throw error;
      }
    });
    this.#finished = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#finished || this.#pieces === 0) return;
    // Out of reach, they are left for `removeUnfinished`.
    await this.#pool
      .use(OWNER, (connection) => connection.query(DELETE_VERSION, this.blob, this.#version))
      .catch(() => {});
  }

  async #put(): Promise<void> {
    const bytes = this.#piece.subarray(0, this.#filled);
    const nth = this.#pieces;
    await this.#pool.ask(OWNER, (connection) =>
      connection.query(INSERT_PIECE, this.blob, this.#version, nth, bytes, this.#clock.now()),
    );
    this.#pieces++;
    this.#filled = 0;
  }
}
