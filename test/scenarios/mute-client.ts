import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client that sends and reads nothing unless it waits for something. */
export class MuteClient {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.pause();
  }

  static async connect(port: number): Promise<MuteClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new MuteClient(socket);
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends and waits until the system has taken it, or the server has gone. */
  async sent(bytes: Buffer): Promise<void> {
    if (this.#socket.destroyed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.once('close', resolve);
    this.#socket.write(bytes, () => resolve());
    await promise;
    this.#socket.removeListener('close', resolve);
  }

  /** Reads until something has come, or the server has gone. */
  async until(wanted: RegExp): Promise<void> {
    let got = '';
    const { promise, resolve } = Promise.withResolvers<void>();
    const take = (chunk: Buffer): void => {
      got += chunk.toString('latin1');
      if (wanted.test(got)) resolve();
    };
    this.#socket.on('data', take).once('close', resolve).resume();
    await promise;
    this.#socket.pause().removeListener('data', take).removeListener('close', resolve);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
