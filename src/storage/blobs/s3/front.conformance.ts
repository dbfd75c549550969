import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with one request on its way. */
export type Fault =
  /** The front answers instead of the store. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** No answer ever. */
  | { readonly kind: 'silence' }
  /** The connection breaks before the store has seen the request. */
  | { readonly kind: 'reset' }
  /** The store does what was asked; its answer is lost with the connection. */
  | { readonly kind: 'lost-answer' }
  /** The answer breaks off in the middle. */
  | { readonly kind: 'cut-answer' }
  /** The answer comes piece by piece and never to its end. */
  | { readonly kind: 'stalled-answer' }
  /** One byte of the answer is another one. */
  | { readonly kind: 'damaged-answer' }
  /** One byte of the request is another one. */
  | { readonly kind: 'damaged-request' };

export interface Seen {
  readonly method: string;
  readonly path: string;
}

/** Stands between a client and an S3 server and lets things go wrong as told. */
export class Front implements AsyncDisposable {
  /** Asked for each request. */
  fault: (seen: Seen) => Fault | undefined = () => undefined;
  readonly seen: Seen[] = [];
  /** Requests that will get no answer from here. */
  hanging = 0;
  under = 0;
  mostUnder = 0;
  readonly #server: Server;
  readonly #store: URL;

  private constructor(store: string) {
    this.#store = new URL(store);
    this.#server = createServer((asked, answer) => {
      this.under++;
      this.mostUnder = Math.max(this.mostUnder, this.under);
      answer.once('close', () => this.under--);
      this.#handle(asked, answer).catch(() => asked.socket.destroy());
    });
  }

  static async start(store: string): Promise<Front> {
    const front = new Front(store);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Lets the next `times` requests that match go wrong, and all others through. */
  next(times: number, fault: Fault, matches: (seen: Seen) => boolean = () => true): void {
    let left = times;
    this.fault = (seen) => (left > 0 && matches(seen) && left-- > 0 ? fault : undefined);
  }

  async #handle(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const seen = { method: asked.method!, path: asked.url! };
    this.seen.push(seen);
    const fault = this.fault(seen);
    if (fault?.kind === 'reset') {
      asked.socket.resetAndDestroy();
      return;
    }
    const body = Buffer.concat(await Array.fromAsync(asked as AsyncIterable<Buffer>));
    if (fault?.kind === 'silence') {
      this.#hang(answer);
      return;
    }
    if (fault?.kind === 'status') {
      answer.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? '');
      return;
    }
    if (fault?.kind === 'damaged-request') body[0]! ^= 1;
    const got = await this.#pass(asked, body);
    await this.#answer(answer, got, fault);
  }

  async #pass(asked: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    return await new Promise((resolve, reject) => {
      // The name that was signed goes along in `host`.
      const { hostname, port } = this.#store;
      const { method, url: path, headers } = asked;
      request({ hostname, port, method, path, headers }, resolve).on('error', reject).end(body);
    });
  }

  async #answer(
    answer: ServerResponse,
    got: IncomingMessage,
    fault: Fault | undefined,
  ): Promise<void> {
    const body = Buffer.concat(await Array.fromAsync(got as AsyncIterable<Buffer>));
    if (fault?.kind === 'lost-answer') {
      answer.socket!.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'damaged-answer') body[body.length >> 1]! ^= 1;
    answer.writeHead(got.statusCode!, got.headers);
    if (fault?.kind === 'cut-answer' || fault?.kind === 'stalled-answer') {
      await new Promise<void>((resolve) =>
        answer.write(body.subarray(0, body.length >> 1), () => resolve()),
      );
      if (fault.kind === 'cut-answer') answer.socket!.resetAndDestroy();
      else this.#hang(answer);
      return;
    }
    answer.end(body);
  }

  #hang(answer: ServerResponse): void {
    this.hanging++;
    answer.once('close', () => this.hanging--);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
