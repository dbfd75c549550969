import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

export interface Pop3Reply {
  readonly ok: boolean;
  /** The reply without "+OK " or "-ERR ", as a wire string. */
  readonly text: string;
}

export interface Pop3ClientOptions {
  readonly host?: string;
  readonly port: number;
  /** TLS from the first byte. Certificates are not verified. */
  readonly tls?: boolean;
  /** How long one answer may take before the client throws. */
  readonly timeoutMs?: number;
}

/**
 * A POP3 client for tests: strict about what it reads, and able to say wrong things. Lines in and out are wire
 * strings; messages come as bytes with dots undone.
 */
export class Pop3Client {
  readonly #timeoutMs: number;
  #socket: Socket;
  #room = Buffer.alloc(0);
  /** How much of the room is used. */
  #used = 0;
  /** What has been received and not been read: the end of the used room. */
  #input = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};
  greeting = '';

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#listen(socket);
  }

  /** Connects and reads the greeting. */
  static async connect(options: Pop3ClientOptions): Promise<Pop3Client> {
    const { host = '127.0.0.1', port, tls = false, timeoutMs = 10_000 } = options;
    const socket = tls
      ? connectTls({ host, port, rejectUnauthorized: false })
      : connect({ host, port });
    socket.setNoDelay(true);
    const client = new Pop3Client(socket, timeoutMs);
    const reply = await client.reply();
    if (!reply.ok) throw new Error(`greeted with -ERR ${reply.text}`);
    client.greeting = reply.text;
    return client;
  }

  /** Sends bytes or a wire string as they are. */
  write(data: string | Uint8Array): void {
    if (typeof data === 'string') this.#socket.write(data, 'latin1');
    else this.#socket.write(data);
  }

  /** Sends a command and reads its one-line reply. */
  async command(line: string): Promise<Pop3Reply> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** Sends a command that must be answered +OK; gives the text. */
  async expectOk(line: string): Promise<string> {
    const reply = await this.command(line);
    if (!reply.ok) throw new Error(`${line.split(' ')[0]}: -ERR ${reply.text}`);
    return reply.text;
  }

  /** Sends a command with a multi-line response; gives the body's bytes, undefined after -ERR. */
  async multi(line: string): Promise<Buffer | undefined> {
    const reply = await this.command(line);
    return reply.ok ? this.body() : undefined;
  }

  /** Sends a command with a multi-line response; gives its lines. Throws after -ERR. */
  async listing(line: string): Promise<string[]> {
    const body = await this.multi(line);
    if (body === undefined) throw new Error(`${line}: -ERR`);
    const text = body.toString('latin1');
    return text === '' ? [] : text.slice(0, -2).split('\r\n');
  }

  /** Reads a one-line reply. */
  async reply(): Promise<Pop3Reply> {
    const line = await this.line();
    const match = /^(\+OK|-ERR)(?: (.*))?$/s.exec(line);
    if (match === null) throw new Error(`not a reply: ${JSON.stringify(line)}`);
    return { ok: match[1] === '+OK', text: match[2] ?? '' };
  }

  /** Reads a line that must end with CRLF. */
  async line(): Promise<string> {
    const end = await this.#find('\n', 0);
    if (this.#input[end - 1] !== 0x0d) throw new Error('a line without CR');
    const line = this.#input.toString('latin1', 0, end - 1);
    this.#input = this.#input.subarray(end + 1);
    return line;
  }

  /** Reads a multi-line body up to its dot, undoing doubled dots. */
  async body(): Promise<Buffer> {
    const starts = async (): Promise<boolean> => {
      await this.#find('\r\n', 0);
      return this.#input.subarray(0, 3).equals(Buffer.from('.\r\n'));
    };
    const empty = await starts();
    const end = empty ? 0 : (await this.#find('\r\n.\r\n', 0)) + 2;
    const raw = this.#input.subarray(0, end).toString('latin1');
    this.#input = this.#input.subarray(end + 3);
    return Buffer.from(raw.replace(/(^|\n)\./g, '$1'), 'latin1');
  }

  async login(user: string, password: string): Promise<string> {
    await this.expectOk(`USER ${wire(user)}`);
    return this.expectOk(`PASS ${wire(password)}`);
  }

  async authPlain(user: string, password: string): Promise<Pop3Reply> {
    return this.command(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`);
  }

  async authLogin(user: string, password: string): Promise<Pop3Reply> {
    this.write('AUTH LOGIN\r\n');
    for (const [prompt, answer] of [
      ['Username:', user],
      ['Password:', password],
    ] as const) {
      const line = await this.line();
      if (line !== `+ ${base64(prompt)}`) throw new Error(`unexpected ${line}`);
      this.write(`${base64(answer)}\r\n`);
    }
    return this.reply();
  }

  /** SCRAM-SHA-256 (RFC 7677); verifies the server too. */
  async authScram(user: string, password: string): Promise<Pop3Reply> {
    const clientNonce = randomBytes(12).toString('base64');
    const bare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${clientNonce}`;
    this.write(`AUTH SCRAM-SHA-256 ${base64(`n,,${bare}`)}\r\n`);
    const first = await this.#challenge();
    const [, nonce, salt, iterations] = /^r=(.*),s=(.*),i=(\d+)$/.exec(first) ?? [];
    if (nonce === undefined || !nonce.startsWith(clientNonce)) throw new Error('foreign nonce');
    const salted = pbkdf2Sync(
      password,
      Buffer.from(salt!, 'base64'),
      Number(iterations),
      32,
      'sha256',
    );
    const clientKey = hmac(salted, 'Client Key');
    const message = `${bare},${first},c=biws,r=${nonce}`;
    const signature = hmac(createHash('sha256').update(clientKey).digest(), message);
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!));
    this.write(`${base64(`c=biws,r=${nonce},p=${proof.toString('base64')}`)}\r\n`);
    const last = await this.line();
    if (!last.startsWith('+ ')) return { ok: false, text: last.replace(/^-ERR /, '') };
    const expected = `v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`;
    if (last !== `+ ${base64(expected)}`) throw new Error('the server does not know the password');
    return this.command('');
  }

  /** STLS and the handshake; certificates are not verified. */
  async startTls(): Promise<void> {
    await this.expectOk('STLS');
    const plain = this.#socket;
    plain.removeAllListeners('data');
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
    });
    this.#socket = secure;
    this.#input = Buffer.alloc(0);
    this.#listen(secure);
  }

  /** Says QUIT and waits for the end. */
  async quit(): Promise<Pop3Reply> {
    const reply = await this.command('QUIT');
    await this.closed();
    return reply;
  }

  /** Waits until the server has closed; throws when it sends anything more. */
  async closed(): Promise<void> {
    while (!this.#ended) await this.#more();
    if (this.#input.length > 0) throw new Error(`unread: ${this.#input.toString('latin1')}`);
    this.#socket.destroy();
  }

  /** Sends what was written, then the end of input, and reads whatever still comes. */
  async finish(): Promise<string> {
    this.#socket.end();
    while (!this.#ended) await this.#more();
    return this.#input.toString('latin1');
  }

  /** Vanishes without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  get tls(): boolean {
    return (this.#socket as TLSSocket).encrypted === true;
  }

  async #challenge(): Promise<string> {
    const line = await this.line();
    if (!line.startsWith('+ ')) throw new Error(`unexpected ${line}`);
    return Buffer.from(line.slice(2), 'base64').toString();
  }

  async #find(wanted: string, from: number): Promise<number> {
    for (let searched = from; ; ) {
      const at = this.#input.indexOf(wanted, searched, 'latin1');
      if (at >= 0) return at;
      if (this.#ended) throw new Error('the server closed the connection');
      searched = Math.max(from, this.#input.length - wanted.length);
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error('no answer')), this.#timeoutMs);
    this.#wake = resolve;
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Adds to the input; the room behind it doubles, so that large messages are not copied for each chunk. */
  #append(chunk: Buffer): void {
    const { length } = this.#input;
    if (this.#room.length < this.#used + chunk.length) {
      this.#room = Buffer.allocUnsafe(2 * (length + chunk.length));
      this.#input.copy(this.#room);
      this.#used = length;
    }
    chunk.copy(this.#room, this.#used);
    this.#used += chunk.length;
    this.#input = this.#room.subarray(this.#used - length - chunk.length, this.#used);
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#append(chunk);
      this.#wake();
    });
    const ended = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', ended);
    socket.on('close', ended);
    socket.on('error', () => {});
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function wire(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
