/** Counts off the bytes of one BDAT chunk (RFC 3030 §2), over pieces cut anywhere. */
export class ChunkDecoder {
  #remainingBytes: number;

  constructor(sizeBytes: number) {
    this.#remainingBytes = sizeBytes;
  }

  get ended(): boolean {
    return this.#remainingBytes === 0;
  }

  /** The part of a piece that belongs to the chunk, as a view; what is behind it comes after the chunk. */
  take(piece: Buffer): Buffer {
    const own =
      piece.length > this.#remainingBytes ? piece.subarray(0, this.#remainingBytes) : piece;
    this.#remainingBytes -= own.length;
    return own;
  }
}
