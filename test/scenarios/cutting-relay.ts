import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** How a client goes: with a word to TCP, or without one. */
export type Parting = 'FIN' | 'RST';

/** After so many of the client's bytes its connection is cut; no more than those reach the server. */
export interface Cut {
  readonly afterBytes: number;
  readonly how: Parting;
}

/** Stands between one client and the server: counts what the client sends, and cuts there if it is told to. */
export class CuttingRelay implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: number;
  readonly #cut: Cut | undefined;
  readonly #sockets = new Set<Socket>();
  /** Bytes of the client that went on to the server. */
  bytes = 0;

  private constructor(target: number, cut: Cut | undefined) {
    this.#target = target;
    this.#cut = cut;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#join(near));
  }

  static async listen(target: number, cut?: Cut): Promise<CuttingRelay> {
    const relay = new CuttingRelay(target, cut);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket): void {
    const far = connect({
      port: this.#target,
      host: '127.0.0.1',
      allowHalfOpen: true,
      noDelay: true,
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    far.on('data', (chunk: Buffer) => near.write(chunk));
    far.on('end', () => near.end());
    near.on('end', () => far.end());
    near.on('data', (chunk: Buffer) => this.#pass(chunk, near, far));
    if (this.#cut?.afterBytes === 0) this.#part(near, far);
  }

  #pass(chunk: Buffer, near: Socket, far: Socket): void {
    const left = (this.#cut?.afterBytes ?? Number.POSITIVE_INFINITY) - this.bytes;
    const passes = Math.min(left, chunk.length);
    this.bytes += passes;
    if (passes === 0) return;
    far.write(chunk.subarray(0, passes), () => {
      if (passes === left) this.#part(near, far);
    });
  }

  #part(near: Socket, far: Socket): void {
    if (this.#cut?.how === 'FIN') {
      far.end();
      return;
    }
    far.resetAndDestroy();
    near.destroy();
  }
}
