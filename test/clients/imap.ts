import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw } from 'node:zlib';
import type { StatusText, Untagged } from '../../src/wire/imap/index.ts';
import { encodeAstring, type Response, ResponseReader, wireOf } from '../../src/wire/imap/index.ts';

const WAIT_MS = 10_000;

/** Where and how to connect; the server's certificate is not checked. */
export interface ImapClientOptions {
  readonly port: number;
  readonly host?: string;
  /** TLS from the first byte. */
  readonly tls?: boolean;
  /** How long anything is waited for. */
  readonly waitMs?: number;
}

/** How a command ended, with all untagged data that came since it was sent. */
export interface ImapCompletion extends StatusText {
  /** OK, NO or BAD. */
  readonly status: string;
  readonly untagged: readonly Untagged[];
}

/** A piece of a command: text goes out as UTF-8, a Buffer as a literal. */
export type CommandPiece = string | Buffer;

type Fetched = Extract<Untagged, { readonly type: 'FETCH' }>;

/** A running IDLE. */
export interface ImapIdle {
  /** The next untagged data; rejects after the client's `waitMs`. */
  next(): Promise<Untagged>;
  /** Waits until data arrives for which `wanted` holds, and returns it; what came before it is dropped. */
  waitFor(wanted: (data: Untagged) => boolean, what: string): Promise<Untagged>;
  /** Ends the IDLE; the completion's `untagged` is what was not taken with `next`. */
  done(): Promise<ImapCompletion>;
}

/**
 * An IMAP client for tests: one command at a time, every wait bounded. When a wait ends in vain it
 * rejects with what was awaited and what had arrived.
 */
export class ImapClient implements AsyncDisposable {
  readonly #waitMs: number;
  #socket: Socket;
  #deflate: DeflateRaw | undefined;
  #reader: ResponseReader;
  #responses: Response[] = [];
  /** The last lines that arrived, for errors. */
  #arrived: string[] = [];
  #wake: (() => void) | undefined;
  #ended: string | undefined;
  #tags = 0;
  /** What the server said first: OK, PREAUTH or BYE. */
  greeting: StatusText = { condition: 'BYE', text: '' };

  private constructor(socket: Socket, waitMs: number) {
    this.#waitMs = waitMs;
    this.#socket = socket;
    this.#reader = new ResponseReader({ utf8Names: false });
    this.#listen(socket);
  }

  /** Connects and takes the greeting. */
  static async connect(options: ImapClientOptions): Promise<ImapClient> {
    const { port, host = '127.0.0.1', tls = false, waitMs = WAIT_MS } = options;
    const socket = tls
      ? connectTls({ port, host, rejectUnauthorized: false })
      : connectTcp({ port, host });
    const client = new ImapClient(socket, waitMs);
    try {
      const greeting = await client.#take('the greeting', isStatusResponse);
      client.greeting = greeting.data;
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Whether the server or `close()` ended the connection. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Reads mailbox names as UTF-8, after ENABLE of IMAP4rev2 or UTF8=ACCEPT. */
  useUtf8Names(): void {
    this.#reader = new ResponseReader({ utf8Names: true });
  }

  /**
   * Sends a command without its tag and CRLF, and waits for its end.
   *
   * Buffers go out as literals after the server's go-ahead; if it answers NO or BAD instead, that is
   * the completion.
   */
  async command(...pieces: readonly CommandPiece[]): Promise<ImapCompletion> {
    const tag = this.#nextTag();
    const untagged: Untagged[] = [];
    let line = `${tag} `;
    for (const piece of pieces) {
      if (typeof piece === 'string') {
        line += wireOf(piece);
        continue;
      }
      this.send(`${line}{${piece.length}}\r\n`);
      const refused = await this.#goAhead(tag, untagged);
      if (refused !== undefined) return refused;
      this.send(piece);
      line = '';
    }
    this.send(`${line}\r\n`);
    return this.completion(tag, untagged);
  }

  /** `command`, rejecting unless it ends with OK. */
  async ok(...pieces: readonly CommandPiece[]): Promise<ImapCompletion> {
    const completion = await this.command(...pieces);
    if (completion.status === 'OK') return completion;
    const sent = pieces.map((piece) => (typeof piece === 'string' ? piece : `{${piece.length}}`));
    throw new Error(`${sent.join('')}: ${completion.status} ${completion.text}`);
  }

  async login(user: string, password: string): Promise<ImapCompletion> {
    const [name, secret] = [user, password].map((text) => encodeAstring(wireOf(text)));
    // Strings with line breaks or 8-bit characters are literals; LITERAL+ saves the round trips.
    const line = `${name} ${secret}`.replace(/\{(\d+)\}\r\n/g, '{$1+}\r\n');
    const tag = this.#nextTag();
    this.send(`${tag} LOGIN ${line}\r\n`);
    return this.completion(tag);
  }

  /** FETCH data of a command, in order. */
  async fetch(set: string, items: string, uid = false): Promise<readonly Fetched[]> {
    const { untagged } = await this.ok(`${uid ? 'UID ' : ''}FETCH ${set} ${items}`);
    return untagged.filter((data): data is Fetched => data.type === 'FETCH');
  }

  /** APPENDs a message; `options` is what stands before it: `(\Seen) "01-Feb-2026 …"`. */
  append(mailbox: string, message: Buffer, options = ''): Promise<ImapCompletion> {
    const name = encodeAstring(wireOf(mailbox));
    return this.command(`APPEND ${name} ${options === '' ? '' : `${options} `}`, message);
  }

  /** STARTTLS and the handshake. */
  async startTls(): Promise<void> {
    await this.ok('STARTTLS');
    const plain = this.#socket;
    plain.removeAllListeners();
    this.#reader.clear();
    this.#socket = connectTls({ socket: plain, rejectUnauthorized: false });
    this.#listen(this.#socket);
    await this.#wait('the TLS handshake', (wake) => {
      this.#wake = wake;
      this.#socket.once('secureConnect', wake);
    });
    if (this.#ended !== undefined) throw this.#inVain('the TLS handshake');
  }

  /** COMPRESS DEFLATE; from here on everything is compressed. */
  async compress(): Promise<void> {
    await this.ok('COMPRESS DEFLATE');
    const socket = this.#socket;
    socket.removeAllListeners('data');
    const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
    socket.on('data', (chunk: Buffer) => inflate.write(chunk));
    inflate.on('data', (chunk: Buffer) => this.#onData(chunk));
    inflate.on('error', (error) => this.#end(error.message));
    socket.removeAllListeners('close');
    socket.on('close', () => inflate.end());
    inflate.on('end', () => this.#end('closed by the server'));
    this.#deflate = createDeflateRaw();
    this.#deflate.on('data', (chunk: Buffer) => socket.write(chunk));
  }

  /** Starts IDLE; resolves when the server said "+". */
  async idle(): Promise<ImapIdle> {
    const tag = this.#nextTag();
    this.send(`${tag} IDLE\r\n`);
    const before: Untagged[] = [];
    const refused = await this.#goAhead(tag, before);
    if (refused !== undefined) throw new Error(`IDLE: ${refused.status} ${refused.text}`);
    const next = async (what = 'untagged data in IDLE'): Promise<Untagged> =>
      before.shift() ?? (await this.#take(what, isUntagged)).data;
    return {
      next,
      waitFor: async (wanted, what) => {
        for (;;) {
          const data = await next(what);
          if (wanted(data)) return data;
        }
      },
      done: () => {
        this.send('DONE\r\n');
        return this.completion(tag, before);
      },
    };
  }

  /** Repeats NOOP until untagged data arrives for which `wanted` holds; returns it. */
  async waitFor(wanted: (data: Untagged) => boolean, what: string): Promise<Untagged> {
    const deadline = performance.now() + this.#waitMs;
    while (performance.now() < deadline) {
      const { untagged } = await this.ok('NOOP');
      const found = untagged.find(wanted);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw this.#inVain(what);
  }

  /** Writes bytes as they are: half a command, nonsense. A string is a wire string. */
  send(bytes: string | Buffer): void {
    const raw = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    if (this.#deflate === undefined) this.#socket.write(raw);
    else {
      this.#deflate.write(raw);
      this.#deflate.flush(constants.Z_SYNC_FLUSH);
    }
  }

  /** The next response, whatever it is. */
  response(what = 'a response'): Promise<Response> {
    return this.#take(what, (response): response is Response => response !== undefined);
  }

  /** Waits for the end of a command that was written with `send`. */
  async completion(tag: string, untagged: Untagged[] = []): Promise<ImapCompletion> {
    for (;;) {
      const response = await this.response(`the completion of ${tag}`);
      if (response.kind === 'untagged') untagged.push(response.data);
      else if (response.kind === 'tagged' && response.tag === tag)
        return { ...response, status: response.condition, untagged };
      else throw new Error(`awaiting the completion of ${tag}: ${JSON.stringify(response)}`);
    }
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    // Not the socket's: what it brought last may still be inflated.
    while (this.#ended === undefined)
      await this.#wait('the end of the connection', (wake) => {
        this.#wake = wake;
      });
  }

  async logout(): Promise<void> {
    if (this.#ended === undefined) await this.command('LOGOUT');
    this.close();
  }

  /** Drops the connection, without a word to the server. */
  close(): void {
    this.#end('closed by the client');
    this.#socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #nextTag(): string {
    this.#tags++;
    return `t${this.#tags}`;
  }

  /** Waits for "+"; the completion if the server ends the command instead. */
  async #goAhead(tag: string, untagged: Untagged[]): Promise<ImapCompletion | undefined> {
    for (;;) {
      const response = await this.response(`a continuation of ${tag}`);
      if (response.kind === 'continue') return undefined;
      if (response.kind === 'untagged') untagged.push(response.data);
      else if (response.kind === 'tagged' && response.tag === tag)
        return { ...response, status: response.condition, untagged };
      else throw new Error(`awaiting a continuation of ${tag}: ${JSON.stringify(response)}`);
    }
  }

  #listen(socket: Socket): void {
    // What follows a literal is not held back until the server has acknowledged the literal's bytes.
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (error) => this.#end(error.message));
    socket.on('close', () => this.#end('closed by the server'));
  }

  #onData(chunk: Buffer): void {
    this.#arrived.push(chunk.toString('latin1', 0, 500));
    if (this.#arrived.length > 10) this.#arrived.shift();
    this.#reader.push(chunk);
    for (let next = this.#reader.next(); next !== undefined; next = this.#reader.next())
      this.#responses.push(next);
    this.#wake?.();
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    this.#wake?.();
  }

  /** The next response, which must be of the wanted kind. */
  async #take<R extends Response>(
    what: string,
    wanted: (response: Response) => response is R,
  ): Promise<R> {
    while (this.#responses.length === 0) {
      if (this.#ended !== undefined) throw this.#inVain(what);
      await this.#wait(what, (wake) => {
        this.#wake = wake;
      });
    }
    const response = this.#responses.shift()!;
    if (wanted(response)) return response;
    throw new Error(`awaiting ${what}, arrived: ${JSON.stringify(response)}`);
  }

  /** Waits until `start` has its callback called, at most `waitMs`. */
  async #wait(what: string, start: (wake: () => void) => void): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const woken = await new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, this.#waitMs, false);
      start(() => resolve(true));
    });
    clearTimeout(timer);
    if (!woken) throw this.#inVain(what);
  }

  #inVain(what: string): Error {
    const why = this.#ended ?? `waited ${this.#waitMs} ms`;
    return new Error(
      `IMAP client: awaiting ${what}: ${why}; last arrived: ${JSON.stringify(this.#arrived)}`,
    );
  }
}

function isUntagged(response: Response): response is Extract<Response, { kind: 'untagged' }> {
  return response.kind === 'untagged';
}

type UntaggedStatus = Extract<Response, { kind: 'untagged' }> & {
  readonly data: Extract<Untagged, { type: 'STATUS-RESPONSE' }>;
};

function isStatusResponse(response: Response): response is UntaggedStatus {
  return response.kind === 'untagged' && response.data.type === 'STATUS-RESPONSE';
}
