import type { Socket } from 'node:net';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';

/**
 * A window of 4 KiB and the tables to it: 32 KiB a connection where zlib would take 256 by itself. What is said in a
 * dialogue repeats what was said shortly before, so a larger window gains little.
 */
const DEFLATE = { level: 5, windowBits: 12, memLevel: 5 } as const;
/** A peer may look back as far as DEFLATE allows (RFC 1951 §2); one that ends without a last block has still ended. */
const INFLATE = { windowBits: 15, finishFlush: constants.Z_SYNC_FLUSH } as const;

/** Whom a compression tells of what happens. */
export interface CompressionPeer {
  /** Bytes that the peer sent, as they were before it compressed them. */
  readonly onData: (chunk: Buffer) => void;
  /** The peer ended its stream. */
  readonly onEnd: () => void;
  /** What the peer sent is no DEFLATE data: nothing behind it can be read. */
  readonly onBroken: () => void;
  /** Output that waited has been compressed. */
  readonly onDrain: () => void;
}

/**
 * DEFLATE in both directions over a socket (RFC 1951). Both are bounded: output waits where the socket does not take it,
 * and input is inflated piece by piece as it is taken, so a few bytes that stand for many cost no memory.
 */
export class Compression implements Disposable {
  readonly #socket: Socket;
  readonly #deflate = createDeflateRaw(DEFLATE);
  readonly #inflate = createInflateRaw(INFLATE);
  #unflushed = false;

  constructor(socket: Socket, peer: CompressionPeer) {
    this.#socket = socket;
    this.#deflate.on('data', (bytes: Buffer) => {
      if (!socket.write(bytes)) this.#deflate.pause();
    });
    this.#deflate.on('drain', peer.onDrain);
    this.#deflate.on('error', peer.onBroken);
    this.#inflate.on('data', peer.onData);
    this.#inflate.on('end', peer.onEnd);
    this.#inflate.on('drain', () => socket.resume());
    this.#inflate.on('error', peer.onBroken);
  }

  /** Bytes of output that the socket has not been given. */
  get pendingBytes(): number {
    return this.#deflate.writableLength + this.#deflate.readableLength;
  }

  /** Compresses output; it goes out at the latest with the next `flush`. The bytes may not change afterwards. */
  write(data: Uint8Array): void {
    this.#unflushed = true;
    this.#deflate.write(data);
  }

  /** Sees to it that the peer can read all that has been written. */
  flush(): void {
    if (!this.#unflushed) return;
    this.#unflushed = false;
    this.#deflate.flush(constants.Z_SYNC_FLUSH);
  }

  /** Ends the output; `done` is called when the socket has been given all of it. */
  end(done: () => void): void {
    this.#deflate.once('end', done);
    this.#deflate.end();
  }

  /** Takes what the socket received. */
  push(chunk: Buffer): void {
    if (!this.#inflate.write(chunk)) this.#socket.pause();
  }

  /** The socket's input has ended. */
  pushEnd(): void {
    this.#inflate.end();
  }

  /** Gives no more input for now. */
  pauseInput(): void {
    this.#inflate.pause();
  }

  /** Goes on giving input. */
  resumeInput(): void {
    this.#inflate.resume();
  }

  /** The socket takes output again. */
  resumeOutput(): void {
    this.#deflate.resume();
  }

  [Symbol.dispose](): void {
    this.#deflate.destroy();
    this.#inflate.destroy();
  }
}
