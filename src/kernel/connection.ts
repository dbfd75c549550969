import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { assert } from './assert.ts';
import { Compression } from './compression.ts';
import type { Guest } from './door/door.ts';
import { plainAddress } from './door/networks.ts';
import { PosthornError } from './errors.ts';
import { acceptTls, bindingOf, type ChannelBindingType, verifiedCertificate } from './tls.ts';
import { waits } from './waits.ts';

export interface ConnectionOptions {
  /** Who this is in the wait registry and the log, e.g. "imap 4711". */
  readonly owner: string;
  /** How long to wait for the peer's next bytes before giving up on it. */
  readonly idleTimeoutMs: number;
  /** How long a peer may take for the backlog that waits for it. */
  readonly writeTimeoutMs?: number;
  /** Whom the door takes it for. */
  readonly guest?: Guest | undefined;
}

export interface TlsDetails {
  readonly version: string;
  readonly cipher: string;
}

const READ_AHEAD_BYTES_MAX = 256 * 1024;
const WRITE_NOW_BYTES = 64 * 1024;
const END_TIMEOUT_MS = 5000;
const HANDSHAKE_TIMEOUT_MS = 30_000;
const WRITE_BACKLOG_BYTES = 512 * 1024;

/**
 * A stream socket as sessions want it: bytes are pulled in, output is gathered and sent in one piece each turn, both
 * directions are bounded. A peer that does not take what waits for it within `writeTimeoutMs` is cut off; errors end the connection and
 * never the process.
 */
export class Connection {
  readonly owner: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly guest: Guest | undefined;
  /** Milliseconds until a silent peer is given up; may be changed at any time. */
  idleTimeoutMs: number;
  readonly #writeTimeoutMs: number;
  #socket: Socket;
  readonly #onData = (chunk: Buffer): void => this.#arrive(chunk);
  readonly #onEnd = (): void => this.#arriveEnd();
  readonly #onClose = (): void => this.#close();
  readonly #onDrain = (): void => {
    this.#compression?.resumeOutput();
    this.#drain();
  };
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #ended = false;
  #closed = false;
  #ending = false;
  #timedOut = false;
  #reader: ((chunk: Buffer | undefined) => void) | undefined;
  #out = '';
  #flushing = false;
  #drained: PromiseWithResolvers<void> | undefined;
  #compression: Compression | undefined;
  #closeListeners: (() => void)[] = [];

  constructor(socket: Socket, options: ConnectionOptions) {
    this.owner = options.owner;
    this.guest = options.guest;
    this.idleTimeoutMs = options.idleTimeoutMs;
    this.#writeTimeoutMs = options.writeTimeoutMs ?? 300_000;
    this.remoteAddress = plainAddress(socket.remoteAddress ?? 'unknown');
    this.remotePort = socket.remotePort ?? 0;
    this.localPort = socket.localPort ?? 0;
    socket.setNoDelay(true);
    this.#socket = socket;
    this.#attach();
  }

  get secure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  get tls(): TlsDetails | undefined {
    if (!(this.#socket instanceof TLSSocket)) return undefined;
    return {
      version: this.#socket.getProtocol() ?? 'TLS',
      cipher: this.#socket.getCipher()?.name ?? 'unknown',
    };
  }

  /** What binds an authentication to this TLS channel; undefined without TLS, or where that binding is not to be had. */
  channelBinding(type: ChannelBindingType): Buffer | undefined {
    if (this.#closed || !(this.#socket instanceof TLSSocket)) return undefined;
    return bindingOf(this.#socket, type);
  }

  /** The certificate that the client has shown, verified against the authorities that the server trusts. */
  get clientCertificate(): X509Certificate | undefined {
    if (this.#closed || !(this.#socket instanceof TLSSocket)) return undefined;
    return verifiedCertificate(this.#socket);
  }

  /** Whether everything is compressed in both directions. */
  get compressed(): boolean {
    return this.#compression !== undefined;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** True when the last read ended because the peer was silent for `idleTimeoutMs`. */
  get timedOut(): boolean {
    return this.#timedOut;
  }

  get loopback(): boolean {
    return this.remoteAddress === '::1' || this.remoteAddress.startsWith('127.');
  }

  /** Calls back once, when the connection is closed for whatever reason. */
  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closeListeners.push(listener);
  }

  /** The peer's next bytes, in the pieces they came; undefined at its end, at an error or after `idleTimeoutMs`. */
  read(): Promise<Buffer | undefined> {
    this.#timedOut = false;
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#chunkBytes -= chunk.length;
      if (this.#chunkBytes < READ_AHEAD_BYTES_MAX) this.#resumeInput();
      return Promise.resolve(chunk);
    }
    if (this.#ended || this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const wait = waits.enter('input from the peer', this.owner, this.idleTimeoutMs, () => {
        this.#timedOut = true;
        this.#reader?.(undefined);
      });
      this.#reader = (got) => {
        this.#reader = undefined;
        wait[Symbol.dispose]();
        resolve(got);
      };
    });
  }

  /** Whether bytes wait to be read: when none do, it is time to send what has been gathered. */
  get hasInput(): boolean {
    return this.#chunkBytes > 0;
  }

  /** Sends a wire string or bytes. Gathered until the end of the turn; order is kept. Nothing goes out after `end`. */
  write(data: string | Uint8Array): void {
    if (this.#closed || this.#ending) return;
    if (typeof data === 'string') {
      this.#out += data;
      if (this.#out.length >= WRITE_NOW_BYTES) this.#handOver();
    } else {
      this.#handOver();
      if (this.#compression === undefined) this.#socket.write(data);
      else this.#compression.write(data);
    }
    if (this.#flushing || (this.#out === '' && this.#compression === undefined)) return;
    this.#flushing = true;
    setImmediate(() => this.flush());
  }

  /** Hands what has been gathered to the system now. */
  flush(): void {
    this.#flushing = false;
    if (this.#closed || this.#ending) return;
    this.#handOver();
    this.#compression?.flush();
  }

  #handOver(): void {
    if (this.#out === '' || this.#closed) return;
    const out = this.#out;
    this.#out = '';
    if (this.#compression === undefined) this.#socket.write(out, 'latin1');
    else this.#compression.write(Buffer.from(out, 'latin1'));
  }

  /** Whether so much output waits for the peer that a producer should await `drained()`. */
  get backlogged(): boolean {
    if (this.#closed) return false;
    const compressing = this.#compression?.pendingBytes ?? 0;
    return this.#socket.writableLength + this.#out.length + compressing > WRITE_BACKLOG_BYTES;
  }

  /** Resolves when the backlog is gone or the connection is closed. Cuts off a peer that is too slow to take it. */
  async drained(): Promise<void> {
    this.flush();
    while (this.backlogged) {
      this.#drained ??= Promise.withResolvers<void>();
      const wait = waits.enter('the peer to take output', this.owner, this.#patienceMs, () =>
        this.destroy(),
      );
      await this.#drained.promise;
      wait[Symbol.dispose]();
    }
  }

  /**
   * Turns the connection into a TLS one, as the server (STARTTLS). Bytes that the peer sent ahead in the clear are
   * dropped (RFC 3207 §4.2). @throws {connection-closed} when the handshake fails.
   */
  async startTls(context: SecureContext): Promise<void> {
    this.flush();
    const plain = this.#socket;
    this.#detach(plain);
    this.#chunks = [];
    this.#chunkBytes = 0;
    const secure = acceptTls(plain, context);
    this.#socket = secure;
    // Attached at once: a peer that goes away in the middle is seen as an end only where somebody reads.
    this.#attach();
    const done = Promise.withResolvers<void>();
    const gone = (): void => done.reject(new PosthornError('connection-closed'));
    secure.once('secure', done.resolve);
    for (const event of ['error', 'end', 'close']) secure.once(event, gone);
    try {
      await waits.track('the TLS handshake', this.owner, HANDSHAKE_TIMEOUT_MS, done.promise);
    } catch (error) {
      secure.destroy();
      plain.destroy();
      this.#close();
      throw new PosthornError('connection-closed', 'TLS handshake failed', { cause: error });
    }
    for (const event of ['error', 'end', 'close']) secure.removeListener(event, gone);
  }

  /**
   * From here on compresses what is sent and inflates what comes, by DEFLATE; what has been written so far goes out as it
   * is. Once only, and nothing of the peer may wait to be read. Data that cannot be inflated closes the connection.
   */
  compress(): void {
    if (this.#closed || this.#ending) return;
    assert(this.#compression === undefined && this.#chunkBytes === 0, 'compression begins once');
    this.flush();
    this.#compression = new Compression(this.#socket, {
      onData: (chunk) => this.#receive(chunk),
      onEnd: () => this.#finish(),
      onBroken: () => this.destroy(),
      onDrain: () => this.#drain(),
    });
  }

  /**
   * Sends what has been gathered, then closes; what the peer still sends is dropped. It has `writeTimeoutMs` to take what
   * waits for it (5 s when it has ended its side of TLS), then 5 s to close too, and is cut off after that.
   */
  end(): void {
    if (this.#closed || this.#ending) return;
    this.flush();
    this.#ending = true;
    this.#chunks = [];
    this.#chunkBytes = 0;
    const socket = this.#socket;
    const cutOff = (): void => void socket.destroy();
    let wait = waits.enter('the peer to take output', this.owner, this.#patienceMs, cutOff);
    const endSocket = (): void => {
      socket.end(() => {
        wait[Symbol.dispose]();
        if (this.#closed) return;
        wait = waits.enter('the peer to close', this.owner, END_TIMEOUT_MS, cutOff);
      });
    };
    if (this.#compression === undefined) endSocket();
    else this.#compression.end(endSocket);
    socket.resume();
    this.onClose(() => wait[Symbol.dispose]());
  }

  /** Sends what has been gathered, then closes without waiting for the peer, which has 5 s to take it. */
  part(): void {
    if (this.#closed || this.#ending) return;
    this.flush();
    this.#ending = true;
    const wait = waits.enter('the peer to take a last word', this.owner, END_TIMEOUT_MS, () =>
      this.destroy(),
    );
    this.onClose(() => wait[Symbol.dispose]());
    this.#socket.destroySoon();
  }

  /** Closes at once; what has not been sent is dropped. */
  destroy(): void {
    this.#socket.destroy();
    this.#close();
  }

  /**
   * Under TLS a reset that one of our writes runs into reaches us as a mere end, and that write never ends (Node 26): so a peer
   * that has ended is given less time.
   */
  get #patienceMs(): number {
    return this.#ended && this.secure ? END_TIMEOUT_MS : this.#writeTimeoutMs;
  }

  #attach(): void {
    const socket = this.#socket;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('drain', this.#onDrain);
    socket.on('error', () => {});
  }

  #detach(socket: Socket): void {
    socket.removeListener('data', this.#onData);
    socket.removeListener('end', this.#onEnd);
    socket.removeListener('close', this.#onClose);
    socket.removeListener('drain', this.#onDrain);
  }

  #arrive(chunk: Buffer): void {
    if (this.#ending) return;
    if (this.#compression === undefined) this.#receive(chunk);
    else this.#compression.push(chunk);
  }

  #arriveEnd(): void {
    if (this.#compression === undefined) this.#finish();
    else this.#compression.pushEnd();
  }

  #resumeInput(): void {
    if (this.#compression === undefined) this.#socket.resume();
    else this.#compression.resumeInput();
  }

  #receive(chunk: Buffer): void {
    if (this.#ending) return;
    if (this.#reader !== undefined) {
      this.#reader(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (this.#chunkBytes < READ_AHEAD_BYTES_MAX) return;
    if (this.#compression === undefined) this.#socket.pause();
    else this.#compression.pauseInput();
  }

  #finish(): void {
    this.#ended = true;
    // Who waits for it to take output waits shorter from now on.
    if (this.secure) this.#drain();
    this.#reader?.(undefined);
  }

  #drain(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#compression?.[Symbol.dispose]();
    this.#finish();
    this.#drain();
    const listeners = this.#closeListeners;
    this.#closeListeners = [];
    for (const listener of listeners) listener();
  }
}
