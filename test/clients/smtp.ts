import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { DotEncoder, ReplyReader, type SmtpReply } from '#wire';

export interface SmtpClientOptions {
  readonly port: number;
  readonly host?: string;
  /** TLS from the first byte. */
  readonly tls?: boolean;
}

/** A small SMTP client for tests: it sends what it is told, right or wrong, and reads replies. */
export class SmtpClient implements AsyncDisposable {
  #socket: Socket;
  #replies = new ReplyReader();
  #ready: SmtpReply[] = [];
  #waiting: ((reply: SmtpReply | undefined) => void)[] = [];
  #closed = false;
  #received = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  /** Connects; the greeting is the first reply to read. */
  static async connect(options: SmtpClientOptions): Promise<SmtpClient> {
    const { port, host = '127.0.0.1' } = options;
    if (options.tls === true) {
      const secure = connectTls({ port, host, rejectUnauthorized: false });
      await once(secure, 'secureConnect');
      return new SmtpClient(secure);
    }
    const socket = connect({ port, host, noDelay: true });
    await once(socket, 'connect');
    return new SmtpClient(socket);
  }

  /** Connects, reads the greeting and says EHLO. */
  static async hello(options: SmtpClientOptions): Promise<SmtpClient> {
    const client = await SmtpClient.connect(options);
    await client.reply();
    await client.command('EHLO client.example');
    return client;
  }

  /** Everything the server sent, as a wire string. */
  get received(): string {
    return this.#received;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The next reply. @throws when the connection ends before it. */
  async reply(): Promise<SmtpReply> {
    const reply = await this.#next();
    if (reply === undefined) throw new Error('the server closed the connection');
    return reply;
  }

  /** Sends bytes or a wire string as they are. */
  send(data: string | Uint8Array): void {
    if (typeof data === 'string') this.#socket.write(data, 'latin1');
    else this.#socket.write(data);
  }

  /** Sends a command line, in UTF-8, and gives its reply. */
  command(line: string): Promise<SmtpReply> {
    this.send(Buffer.from(`${line}\r\n`));
    return this.reply();
  }

  /** Sends several command lines at once and gives their replies. */
  async pipeline(...lines: readonly string[]): Promise<readonly SmtpReply[]> {
    this.send(Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
    const replies: SmtpReply[] = [];
    for (const _line of lines) replies.push(await this.reply());
    return replies;
  }

  /** Sends a message with DATA, dots stuffed; gives the reply to its end, or that to DATA if it was refused. */
  async data(message: Uint8Array | string): Promise<SmtpReply> {
    const go = await this.command('DATA');
    if (go.code !== 354) return go;
    const bytes =
      typeof message === 'string' ? Buffer.from(message, 'latin1') : Buffer.from(message);
    const encoder = new DotEncoder();
    for (const piece of encoder.encode(bytes)) this.send(piece);
    this.send(encoder.end());
    return await this.reply();
  }

  /** Sends a whole message; gives the reply to its end. @throws when the envelope is refused. */
  async sendMail(
    from: string,
    to: readonly string[],
    message: string | Uint8Array,
  ): Promise<SmtpReply> {
    const lines = [`MAIL FROM:<${from}>`, ...to.map((address) => `RCPT TO:<${address}>`)];
    for (const { code, lines: text } of await this.pipeline(...lines))
      if (code !== 250) throw new Error(`${code} ${text.join(' / ')}`);
    return await this.data(message);
  }

  /** STARTTLS and the handshake, with any certificate. */
  async startTls(): Promise<SmtpReply> {
    const reply = await this.command('STARTTLS');
    if (reply.code === 220) await this.upgrade();
    return reply;
  }

  /** The TLS handshake alone. */
  async upgrade(): Promise<TLSSocket> {
    const plain = this.#socket;
    plain.removeAllListeners('data');
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    this.#socket = secure;
    this.#listen();
    return secure;
  }

  /** AUTH PLAIN with the initial response. */
  authPlain(user: string, password: string): Promise<SmtpReply> {
    const response = Buffer.from(`\0${user}\0${password}`).toString('base64');
    return this.command(`AUTH PLAIN ${response}`);
  }

  /** Sends the end of our direction; the server may still answer. */
  finish(): void {
    this.#socket.end();
  }

  /** Vanishes. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Waits until the server has closed. */
  async untilClosed(): Promise<void> {
    if (this.#closed) return;
    await new Promise((resolve) => this.#socket.once('close', resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
    await this.untilClosed();
  }

  #next(): Promise<SmtpReply | undefined> {
    const ready = this.#ready.shift();
    if (ready !== undefined || this.#closed) return Promise.resolve(ready);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      for (const waiting of this.#waiting.splice(0)) waiting(undefined);
    });
  }

  #receive(chunk: Buffer): void {
    this.#received += chunk.toString('latin1');
    this.#replies.push(chunk);
    for (let reply = this.#replies.next(); reply !== undefined; reply = this.#replies.next()) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#ready.push(reply);
      else waiting(reply);
    }
  }
}
