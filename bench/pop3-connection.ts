import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const END = '\r\n.\r\n';
/** Commands that are on their way at the same time. */
const PIPELINE = 100;

/** A POP3 client that costs next to nothing: it looks for the ends of answers and leaves the rest unread. */
export class Pop3Connection implements Disposable {
  readonly #socket: Socket;
  #mark = '\r\n';
  #onMark: (() => void) | undefined;
  /** The end of what came, as long as a mark that may have begun in it; in a one-line answer all of it. */
  #rest = '';
  #bytes = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => socket.destroy(error));
  }

  static async connect(port: number): Promise<Pop3Connection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    await once(socket, 'data');
    return new Pop3Connection(socket);
  }

  /** Sends a command that is answered by one line; gives it. */
  async line(command: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#rest = '';
    this.#mark = '\r\n';
    this.#onMark = () => resolve(this.#rest);
    this.#socket.write(`${command}\r\n`);
    const line = await promise;
    if (!line.startsWith('+OK')) throw new Error(`${command}: ${line}`);
    return line;
  }

  /** Sends commands that are answered by several lines, several ahead; gives the bytes that came. */
  async multiline(commands: readonly string[]): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let sent = 0;
    let ended = 0;
    const send = (): void => {
      const wire = commands.slice(sent, ended + PIPELINE).map((command) => `${command}\r\n`);
      sent += wire.length;
      this.#socket.write(wire.join(''));
    };
    this.#rest = '';
    this.#bytes = 0;
    this.#mark = END;
    this.#onMark = () => {
      ended++;
      if (ended === commands.length) resolve();
      else if (sent < commands.length && sent - ended <= PIPELINE / 2) send();
    };
    send();
    await promise;
    return this.#bytes;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#mark !== END) {
      this.#rest += chunk.toString('latin1');
      if (this.#rest.endsWith(this.#mark)) this.#onMark?.();
      return;
    }
    const seam = this.#rest + chunk.toString('latin1', 0, END.length - 1);
    const before = this.#rest.length;
    const atSeam = seam.indexOf(END);
    let from = 0;
    let marks = 0;
    if (atSeam >= 0) {
      marks++;
      from = atSeam + END.length - before;
    }
    for (let at = chunk.indexOf(END, from); at >= 0; at = chunk.indexOf(END, from)) {
      marks++;
      from = at + END.length;
    }
    const tail = chunk.toString('latin1', Math.max(from, chunk.length - END.length + 1));
    this.#rest = (from > 0 ? tail : this.#rest + tail).slice(-(END.length - 1));
    for (; marks > 0; marks--) this.#onMark?.();
  }
}
