import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Longer than any completion line. */
const TAIL_BYTES = 4096;
/** Messages of one APPEND. */
const APPEND_AT_ONCE = 200;

/** What came in answer to a command. */
export interface Answer {
  readonly bytes: number;
  readonly ms: number;
  /** The untagged data; empty unless it was asked for. */
  readonly text: string;
}

interface Pending {
  readonly tag: string;
  readonly keep: boolean;
  readonly resolve: (end: string) => void;
  readonly reject: (error: Error) => void;
}

/** A message with its flags and internal date, as APPEND takes it. */
export interface NewMail {
  readonly options: string;
  readonly bytes: Buffer;
}

/** An IMAP client that costs next to nothing: it looks for the end of an answer and leaves the rest unread. */
export class ImapConnection implements Disposable {
  readonly #socket: Socket;
  #pending: Pending | undefined;
  #tail = '';
  #bytes = 0;
  #kept: Buffer[] = [];
  #tags = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#pending?.reject(error));
    socket.on('close', () => this.#pending?.reject(new Error('the server closed')));
  }

  /** Connects and takes the greeting. */
  static async connect(port: number): Promise<ImapConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    await once(socket, 'data');
    return new ImapConnection(socket);
  }

  static async login(port: number, user: string, password: string): Promise<ImapConnection> {
    const connection = await ImapConnection.connect(port);
    await connection.command(`LOGIN ${user} ${password}`);
    return connection;
  }

  /** Sends a command and waits for OK. @param keep whether the answer's text is wanted */
  async command(line: string | readonly (string | Buffer)[], keep = false): Promise<Answer> {
    const tag = `a${++this.#tags}`;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#pending = { tag, keep, resolve, reject };
    this.#tail = '';
    this.#bytes = 0;
    this.#kept = [];
    const startedMs = performance.now();
    const pieces = typeof line === 'string' ? [line] : line;
    const wire = pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
    this.#socket.write(Buffer.concat([Buffer.from(`${tag} `), ...wire, Buffer.from('\r\n')]));
    const end = await promise;
    const ms = performance.now() - startedMs;
    if (!end.startsWith(`${tag} OK`)) throw new Error(`${pieces[0]}: ${end}`);
    return { bytes: this.#bytes, ms, text: Buffer.concat(this.#kept).toString('latin1') };
  }

  /** Appends messages, many in one command (MULTIAPPEND, LITERAL+). */
  async append(folder: string, mails: Iterable<NewMail>): Promise<void> {
    let pieces: (string | Buffer)[] = [];
    let count = 0;
    const flush = async (): Promise<void> => {
      if (count > 0) await this.command([`APPEND ${folder}`, ...pieces]);
      pieces = [];
      count = 0;
    };
    for (const { options, bytes } of mails) {
      pieces.push(` ${options} {${bytes.length}+}\r\n`, bytes);
      if (++count === APPEND_AT_ONCE) await flush();
    }
    await flush();
  }

  [Symbol.dispose](): void {
    this.#pending = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#bytes += chunk.length;
    if (pending.keep) this.#kept.push(chunk);
    const end = chunk.toString('latin1', Math.max(0, chunk.length - TAIL_BYTES));
    this.#tail = (this.#tail + end).slice(-TAIL_BYTES);
    if (!this.#tail.endsWith('\r\n')) return;
    const lines = this.#tail.slice(0, -2);
    const last = lines.slice(lines.lastIndexOf('\n') + 1);
    if (!last.startsWith(`${pending.tag} `)) return;
    this.#pending = undefined;
    pending.resolve(last);
  }
}
