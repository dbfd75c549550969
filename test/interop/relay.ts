import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createInflateRaw } from 'node:zlib';
import { HOST } from './server.ts';

/** Whether a connection is compressed by now (RFC 4978): both sides begin with it after the server's OK. */
interface Compression {
  active: boolean;
}

/** Stands between a client and the server and writes down what both say, as wire strings, inflated where it is compressed. */
export class Relay implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #said: string[] = [];

  private constructor(target: number) {
    this.#server = createServer((near) => {
      const far = connect(target, HOST);
      const compression = { active: false };
      this.#join(near, far, 'C', compression);
      this.#join(far, near, 'S', compression);
    });
  }

  /** Listens on a free port for connections to `target`. */
  static async listen(target: number): Promise<Relay> {
    const relay = new Relay(target);
    relay.#server.listen(0, HOST);
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The whole conversation, all connections in one: lines that begin with `C: ` or `S: `. */
  get transcript(): string {
    return this.#said.join('');
  }

  /** What IMAP commands the client sent, each once, in order. */
  get imapCommands(): readonly string[] {
    const found = this.transcript.matchAll(/^C: (?=\S*\d)[a-z0-9]+ ((?:UID )?[a-z]+)\b/gim);
    return [...new Set([...found].map(([, name]) => name!.toUpperCase()))];
  }

  /** What the server refused as not understood, with the lines before it. */
  get refusals(): readonly string[] {
    return [...this.transcript.matchAll(/(?:^.*\r?\n){0,3}^S: \S+ BAD .*$/gm)].map(
      ([text]) => text,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(from: Socket, to: Socket, who: 'C' | 'S', compression: Compression): void {
    this.#sockets.add(from);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.end();
    });
    const inflate = createInflateRaw();
    inflate.on('data', (chunk: Buffer) => this.#write(who, chunk));
    // The stream is cut off with its connection.
    inflate.on('error', () => {});
    from.on('data', (chunk: Buffer) => {
      if (compression.active) inflate.write(chunk);
      else {
        this.#write(who, chunk);
        if (who === 'S' && chunk.includes(' OK DEFLATE active\r\n')) compression.active = true;
      }
      to.write(chunk);
    });
  }

  #write(who: 'C' | 'S', chunk: Buffer): void {
    const lines = chunk.toString('latin1').replace(/\r\n$/, '').split('\r\n');
    this.#said.push(`${lines.map((line) => `${who}: ${line}`).join('\n')}\n`);
  }
}
