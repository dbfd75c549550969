/** Where large bodies are kept outside the database. */
export interface Blobs {
  /** Bodies of at least this size belong here instead of in the database. */
  readonly thresholdBytes: number;
  /** Begins a new blob under a fresh name; dispose without `finish` leaves nothing behind. */
  create(): Promise<BlobWriter>;
  /** Reads bytes [start, end) of a blob. @throws {corrupt} when the blob is missing or shorter. */
  read(blob: string, start: number, end: number): Promise<Buffer>;
  /** Removes a blob that nothing refers to. */
  remove(blob: string): Promise<void>;
  /** All blobs. */
  list(): AsyncIterable<StoredBlob>;
}

export interface StoredBlob {
  readonly blob: string;
  readonly sizeBytes: number;
  readonly finishedAtMs: number;
}

export interface BlobWriter extends AsyncDisposable {
  readonly blob: string;
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the blob durable; then commands may refer to it. @throws {disk-full} */
  finish(): Promise<void>;
}
