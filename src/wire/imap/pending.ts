const STORE_BYTES_MIN = 1024;

/**
 * Bytes that have come and are not consumed yet, always contiguous. A chunk that comes when
 * nothing is pending is used as it is; otherwise it is appended to a growing store. A view given
 * out is never overwritten: consumed room is not used again.
 */
export class PendingBytes {
  /** The pending bytes. */
  bytes: Buffer = Buffer.alloc(0);
  /** Our own memory behind `bytes`, if it is ours. */
  #store: Buffer | undefined;
  /** Where `bytes` ends in the store. */
  #storeEnd = 0;

  get length(): number {
    return this.bytes.length;
  }

  push(chunk: Buffer): void {
    if (this.bytes.length === 0) {
      this.#store = undefined;
      this.bytes = chunk;
      return;
    }
    const pending = this.bytes.length;
    const needed = pending + chunk.length;
    if (this.#store === undefined || this.#store.length - this.#storeEnd < chunk.length) {
      this.#store = Buffer.allocUnsafeSlow(Math.max(STORE_BYTES_MIN, needed, pending * 2));
      this.bytes.copy(this.#store, 0);
      this.#storeEnd = pending;
    }
    chunk.copy(this.#store, this.#storeEnd);
    this.#storeEnd += chunk.length;
    this.bytes = this.#store.subarray(this.#storeEnd - needed, this.#storeEnd);
  }

  /** A view of the pending bytes from `from` up to `to`. */
  view(from: number, to: number): Buffer {
    return this.bytes.subarray(from, to);
  }

  consume(count: number): void {
    if (count > 0) this.bytes = this.bytes.subarray(count);
  }

  indexOf(byte: number, from: number): number {
    return this.bytes.indexOf(byte, from);
  }

  clear(): void {
    this.bytes = Buffer.alloc(0);
    this.#store = undefined;
  }
}
