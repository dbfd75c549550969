/** A large message goes through every hop in a memory that does not grow with it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { DotDecoder, DotEncoder } from '#wire';
import { addMailboxes, checkIsClean, PASSWORD, TestDirectory, TestServer } from '../server.ts';

const MESSAGE_BYTES = 100_000_000;
const GROWTH_BYTES_MAX = 100_000_000;
const CHUNK_BYTES = 64 * 1024;

const HEAD = Buffer.from(
  'From: <big@sender.example>\r\nSubject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n' +
    '--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n',
);
const TAIL = Buffer.from('\r\n--b--\r\n');
/** Lines of base 64 length; one of them opens with a dot. */
const BLOCK = Buffer.from(
  Array.from({ length: 800 }, (_, i) => `${(i === 7 ? '.' : 'A').padEnd(76, `${i}`)}\r\n`).join(''),
);

/** The message in pieces, the same every time. */
function* pieces(): Generator<Buffer> {
  yield HEAD;
  let left = MESSAGE_BYTES - HEAD.length - TAIL.length;
  for (; left > BLOCK.length; left -= BLOCK.length) yield BLOCK;
  yield BLOCK.subarray(0, left - 2);
  yield Buffer.from('\r\n');
  yield TAIL;
}

function digest(): string {
  const hash = createHash('sha256');
  for (const piece of pieces()) hash.update(piece);
  return hash.digest('hex');
}

/** A connection that is read and written in pieces. */
class Wire implements Disposable {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  static async connect(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  async write(bytes: Buffer | string): Promise<void> {
    if (!this.#socket.write(bytes)) await once(this.#socket, 'drain');
  }

  /** What has come next, up to `bytesMax` of it. */
  async take(bytesMax: number): Promise<Buffer> {
    if (this.#rest.length === 0) this.#rest = await this.#more();
    const taken = this.#rest.subarray(0, bytesMax);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  /** Puts back what was taken too much. */
  untake(bytes: Buffer): void {
    this.#rest = Buffer.concat([bytes, this.#rest]);
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n');
      if (end >= 0) return (await this.take(end + 2)).toString('latin1', 0, end);
      this.#rest = Buffer.concat([this.#rest, await this.#more()]);
    }
  }

  /** Sends a line and reads lines up to one that matches. */
  async ask(line: string, wanted: RegExp): Promise<RegExpExecArray> {
    await this.write(`${line}\r\n`);
    return await this.until(wanted);
  }

  async until(wanted: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const line = await this.line();
      const match = wanted.exec(line);
      if (match !== null) return match;
      assert.match(line, /^(\*|\+OK|[23]\d\d)/, `awaiting ${wanted}`);
    }
  }

  async #more(): Promise<Buffer> {
    const { value, done } = await this.#chunks.next();
    assert.ok(done !== true, 'the server closed the connection');
    return value;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

async function sendBySmtp(server: TestServer, address: string): Promise<void> {
  using wire = await Wire.connect(server.port('smtp'));
  await wire.until(/^220 /);
  await wire.ask('EHLO client.example', /^250 /);
  await wire.ask(`MAIL FROM:<big@sender.example> SIZE=${MESSAGE_BYTES}`, /^250 /);
  await wire.ask(`RCPT TO:<${address}>`, /^250 /);
  await wire.ask('DATA', /^354 /);
  const encoder = new DotEncoder();
  for (const piece of pieces()) for (const part of encoder.encode(piece)) await wire.write(part);
  await wire.write(encoder.end());
  await wire.until(/^250 2\.0\.0 /);
}

async function appendByImap(server: TestServer, address: string): Promise<void> {
  using wire = await imapWire(server, address);
  await wire.ask(`a APPEND Sent {${MESSAGE_BYTES}}`, /^\+ /);
  for (const piece of pieces()) await wire.write(piece);
  await wire.ask('', /^a OK /);
}

async function imapWire(server: TestServer, address: string): Promise<Wire> {
  const wire = await Wire.connect(server.port('imap'));
  await wire.until(/^\* OK /);
  await wire.ask(`l LOGIN ${address} "${PASSWORD}"`, /^l OK /);
  return wire;
}

/** Digest and size of the message's last MESSAGE_BYTES: what is above them are trace fields. */
class Tail {
  readonly #hash = createHash('sha256');
  #skip: number;

  constructor(sizeBytes: number) {
    this.#skip = sizeBytes - MESSAGE_BYTES;
    assert.ok(this.#skip >= 0 && this.#skip < 2000, `${sizeBytes} bytes: whole, with trace fields`);
  }

  update(bytes: Buffer): void {
    const skipped = Math.min(this.#skip, bytes.length);
    this.#skip -= skipped;
    this.#hash.update(bytes.subarray(skipped));
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}

async function fetchByImap(server: TestServer, address: string, folder: string): Promise<string> {
  using wire = await imapWire(server, address);
  await wire.ask(`s EXAMINE ${folder}`, /^s OK /);
  const [, size] = await wire.ask('f FETCH 1 BODY.PEEK[]', /\{(\d+)\}$/);
  const tail = new Tail(Number(size));
  for (let left = Number(size); left > 0; ) {
    const bytes = await wire.take(left);
    left -= bytes.length;
    tail.update(bytes);
  }
  assert.equal(await wire.line(), ')');
  await wire.until(/^f OK /);
  return tail.digest();
}

async function retrieveByPop3(server: TestServer, address: string): Promise<string> {
  using wire = await Wire.connect(server.port('pop3'));
  await wire.until(/^\+OK/);
  await wire.ask(`USER ${address}`, /^\+OK/);
  await wire.ask(`PASS ${PASSWORD}`, /^\+OK/);
  const [, size] = await wire.ask('LIST 1', /^\+OK 1 (\d+)/);
  await wire.ask('RETR 1', /^\+OK/);
  const tail = new Tail(Number(size));
  const decoder = new DotDecoder();
  while (!decoder.ended) {
    decoder.push(await wire.take(CHUNK_BYTES));
    for (let piece = decoder.next(); piece !== undefined; piece = decoder.next())
      tail.update(piece);
  }
  wire.untake(Buffer.from(decoder.rest()));
  await wire.ask('QUIT', /^\+OK/);
  return tail.digest();
}

function memoryOf(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)![1]) * 1024;
}

/** Does a hop and says by how much the server's memory exceeded at its peak what it had before. */
async function growth(
  t: TestContext,
  server: TestServer,
  name: string,
  hop: () => Promise<unknown>,
) {
  // Resets the peak to what is in use now (man 5 proc_pid_clear_refs).
  writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
  const beforeBytes = memoryOf(server.pid, 'VmRSS');
  const startedMs = performance.now();
  await hop();
  const tookMs = performance.now() - startedMs;
  const grownBytes = memoryOf(server.pid, 'VmHWM') - beforeBytes;
  const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  t.diagnostic(
    `${name}: peak ${mb(grownBytes)} above ${mb(beforeBytes)}, ${Math.round(tookMs)} ms`,
  );
  assert.ok(grownBytes < GROWTH_BYTES_MAX, `${name} grew the server by ${mb(grownBytes)}`);
}

const skip = existsSync('/proc/self/clear_refs') ? false : 'memory is measured through /proc';

test('100 MB by SMTP and APPEND, read by IMAP and POP3, in bounded memory', { skip }, async (t) => {
  using dir = new TestDirectory();
  const [address] = await addMailboxes(dir.data, 1);
  await using server = await TestServer.start({ data: dir.data });
  const sent = digest();
  const same = async (received: Promise<string>): Promise<void> =>
    assert.equal(await received, sent);
  await growth(t, server, 'SMTP DATA', () => sendBySmtp(server, address!));
  await growth(t, server, 'IMAP FETCH', () => same(fetchByImap(server, address!, 'INBOX')));
  await growth(t, server, 'POP3 RETR', () => same(retrieveByPop3(server, address!)));
  await growth(t, server, 'IMAP APPEND', () => appendByImap(server, address!));
  await growth(t, server, 'IMAP FETCH', () => same(fetchByImap(server, address!, 'Sent')));
  await growth(t, server, 'check', () => checkIsClean(dir.data));
  await server.stop();
});
