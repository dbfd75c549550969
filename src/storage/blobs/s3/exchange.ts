import type { Agent, IncomingHttpHeaders, IncomingMessage, request } from 'node:http';

/** One HTTP request, signed and complete. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** An answer that has more is given up. */
  readonly answerBytesMax: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Way {
  readonly agent: Agent;
  readonly request: typeof request;
}

/** Connections to one store: kept open between requests, never keeping the process alive while idle. */
export class Connections {
  readonly #protocol: string;
  readonly #atOnce: number;
  #way: Promise<Way> | undefined;

  constructor(protocol: string, atOnce: number) {
    this.#protocol = protocol;
    this.#atOnce = atOnce;
  }

  /** Sends a request and gathers its whole answer. Rejects when either does not come to its end, or the signal says so. */
  async exchange(asked: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { method, url, headers, body, answerBytesMax } = asked;
    this.#way ??= openWay(this.#protocol, this.#atOnce);
    const { agent, request } = await this.#way;
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers, agent, signal });
      // A second one may follow an answer that came before all was sent.
      sent.on('error', reject);
      sent.once('response', (answer) => {
        gather(answer, method === 'HEAD' ? 0 : answerBytesMax).then(
          (bytes) => resolve({ status: answer.statusCode!, headers: answer.headers, body: bytes }),
          reject,
        );
      });
      sent.end(body);
    });
  }
}

/** HTTP is loaded with the first request: it takes several megabytes in each thread of a server that may never make one. */
async function openWay(protocol: string, atOnce: number): Promise<Way> {
  const options = { keepAlive: true, maxSockets: atOnce, maxFreeSockets: atOnce };
  const { Agent, request } = await (protocol === 'https:'
    ? import('node:https')
    : import('node:http'));
  return { agent: new Agent(options), request };
}

/** A refusal may explain itself at some length whatever was asked. */
const REFUSAL_BYTES_MAX = 64 * 1024;

async function gather(answer: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const most = Math.max(bytesMax, REFUSAL_BYTES_MAX);
  const announced = Number(answer.headers['content-length']);
  // As announced it goes into one buffer without a second copy of it.
  const whole = announced <= bytesMax ? Buffer.allocUnsafe(announced) : undefined;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    if (size + piece.length > most) throw new Error(`the answer has more than ${most} bytes`);
    if (whole === undefined) pieces.push(piece);
    else piece.copy(whole, size);
    size += piece.length;
  }
  if (!answer.complete) throw new Error('the answer ended early');
  return whole === undefined ? Buffer.concat(pieces) : whole.subarray(0, size);
}
