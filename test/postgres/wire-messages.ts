/** What of a message is kept: more than any name or SQL text that Posthorn sends. Data beyond it is only counted. */
const HEAD_BYTES_MAX = 64 * 1024;
const LENGTH_BYTES = 4;

/** A message of PostgreSQL's wire protocol, version 3. */
export interface WireMessage {
  /** Its type; '' for one that has none: the first of a client, or a server's bare byte. */
  readonly type: string;
  /** With type and length. */
  readonly bytes: number;
  /** What follows the length, at most 64 KiB of it. */
  readonly head: Buffer;
}

/** What the next message looks like: with a type (nearly all), without (a client's first), or one byte (the answer to SSLRequest). */
export type Shape = 'typed' | 'untyped' | 'byte';

/** Cuts one direction of a connection into messages, however its bytes come. */
export class MessageCutter {
  shape: Shape;
  readonly #header = Buffer.alloc(1 + LENGTH_BYTES);
  #headerBytes = 0;
  #head = Buffer.alloc(0);
  #headBytes = 0;
  /** What of the body has not come yet. */
  #missing = 0;

  constructor(shape: Shape) {
    this.shape = shape;
  }

  /** Part of a message has come. */
  get isWithin(): boolean {
    return this.#headerBytes > 0;
  }

  /** Takes bytes. `began` hears of a message with its first byte, `whole` with its last; `whole` may change `shape` for the next. */
  push(chunk: Buffer, began: () => void, whole: (message: WireMessage) => void): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#headerBytes === 0) began();
      if (this.shape === 'byte') {
        whole({ type: '', bytes: 1, head: chunk.subarray(at, ++at) });
        continue;
      }
      const headerLength = this.shape === 'typed' ? 1 + LENGTH_BYTES : LENGTH_BYTES;
      if (this.#headerBytes < headerLength) {
        const end = Math.min(chunk.length, at + headerLength - this.#headerBytes);
        chunk.copy(this.#header, this.#headerBytes, at, end);
        this.#headerBytes += end - at;
        at = end;
        if (this.#headerBytes < headerLength) return;
        this.#missing = this.#bodyLength(headerLength);
        this.#head = Buffer.alloc(Math.min(this.#missing, HEAD_BYTES_MAX));
        this.#headBytes = 0;
      }
      const end = Math.min(chunk.length, at + this.#missing);
      const kept = Math.min(end, at + this.#head.length - this.#headBytes);
      chunk.copy(this.#head, this.#headBytes, at, kept);
      this.#headBytes += kept - at;
      this.#missing -= end - at;
      at = end;
      if (this.#missing === 0) this.#finish(headerLength, whole);
    }
  }

  #bodyLength(headerLength: number): number {
    const length = this.#header.readUInt32BE(headerLength - LENGTH_BYTES) - LENGTH_BYTES;
    if (length < 0) throw new Error('this is not the protocol of PostgreSQL');
    return length;
  }

  #finish(headerLength: number, whole: (message: WireMessage) => void): void {
    const isTyped = headerLength > LENGTH_BYTES;
    const length = this.#header.readUInt32BE(headerLength - LENGTH_BYTES);
    const type = isTyped ? String.fromCharCode(this.#header[0]!) : '';
    this.#headerBytes = 0;
    whole({ type, bytes: length + (isTyped ? 1 : 0), head: this.#head });
  }
}
