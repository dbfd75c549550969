/** Where large bodies are kept outside the database. */
export interface Blobs {
  /** Bodies of at least this size belong here instead of in the database. */
  readonly thresholdBytes: number;
  /**
   * Makes sure that blobs can be kept there at all: for the start, so that a wrong name or password shows at once.
   * @throws {configuration, unavailable, disk-full}
   */
  verify(): Promise<void>;
  /**
   * Begins a new blob; dispose without `finish` leaves nothing behind. Without a name it gets a fresh one. A given name
   * is for moving blobs from one store to another: what has that name is replaced whole, at `finish` and not before.
   * @throws {invalid} when the given name is not one a blob can have.
   */
  create(blob?: string): Promise<BlobWriter>;
  /**
   * Reads bytes [start, end) of a blob.
   * @throws {corrupt} when the blob is missing, shorter or damaged. @throws {unavailable}
   */
  read(blob: string, start: number, end: number): Promise<Buffer>;
  /** Size of a blob in bytes; undefined when it is missing. @throws {unavailable} */
  size(blob: string): Promise<number | undefined>;
  /** Removes a blob that nothing refers to; it may be gone already. @throws {unavailable} */
  remove(blob: string): Promise<void>;
  /** All blobs. What is written or removed meanwhile may be among them or not. @throws {unavailable} */
  list(): AsyncIterable<StoredBlob>;
  /**
   * Removes what interrupted writes left behind that nobody has touched since a time. Other nodes may be writing: for
   * blobs that several share, give a time a day ago (`UNFINISHED_AGE_MS`). @throws {unavailable}
   */
  removeUnfinished(untouchedSinceMs: number): Promise<void>;
}

/** Older than this, an unfinished write is nobody's any more: no message takes a day to arrive. */
export const UNFINISHED_AGE_MS = 24 * 60 * 60 * 1000;

export interface StoredBlob {
  readonly blob: string;
  readonly sizeBytes: number;
  readonly finishedAtMs: number;
}

export interface BlobWriter extends AsyncDisposable {
  readonly blob: string;
  /** Takes the next bytes; they may change again when it has resolved. @throws {disk-full, unavailable} */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the blob durable; then commands may refer to it. @throws {disk-full, unavailable} */
  finish(): Promise<void>;
}
