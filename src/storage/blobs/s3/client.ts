import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import {
  type Clock,
  type ErrorCode,
  PosthornError,
  randomBytes,
  systemClock,
  waits as threadWaits,
  type WaitRegistry,
} from '#kernel';
import { Connections, type HttpAnswer } from './exchange.ts';
import { type Failure, failureOf } from './failure.ts';
import type { S3Location } from './location.ts';
import { Turns } from './turns.ts';

export interface S3ClientOptions {
  readonly clock?: Clock;
  readonly waits?: WaitRegistry;
  /** A number in [0, 1), to scatter those who ask again. */
  readonly random?: () => number;
  /** Requests at once; further ones wait. */
  readonly requestsAtOnce?: number;
  /** How often one request is sent at most. */
  readonly attemptsMax?: number;
  /** No further attempt begins after this and the time the bytes are given once. */
  readonly giveUpAfterMs?: number;
  /** Deadline of one attempt, without the time its bytes are given. */
  readonly timeoutMs?: number;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Undefined for the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses that are an answer; every other one is a failure. */
  readonly expected: readonly number[];
  /** Bytes that the answer has at most. */
  readonly answerBytesMax?: number;
  /** Says what is wrong with an answer of an expected status. */
  readonly examine?: (answer: HttpAnswer) => Failure | undefined;
  /** What it is called when the store refuses for good. */
  readonly refusedAs?: ErrorCode;
  /** Fewer attempts than usual, for what may be left to the clean-up. */
  readonly attemptsMax?: number;
}

/** What a request came to when the store refused it for good. */
export class S3Refusal extends PosthornError {
  /** S3's own code, such as NoSuchKey. */
  readonly reason: string;

  constructor(what: string, failure: Failure) {
    super(failure.code, `S3 ${what}: ${failure.message}`, { cause: failure.cause });
    this.reason = failure.reason;
  }
}

const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** A link slower than this counts as broken. */
const BYTES_A_SECOND_MIN = 256 * 1024;
const WAITING_MAX = 10_000;
const BACK_OFF_FIRST_MS = 200;
const BACK_OFF_MS_MAX = 8000;
const NOTHING = new Uint8Array(0);

/** Asks one bucket: signed, bounded in number and time, again where that may help. */
export class S3Client {
  readonly location: S3Location;
  readonly #clock: Clock;
  readonly #waits: WaitRegistry;
  readonly #random: () => number;
  readonly #attemptsMax: number;
  readonly #giveUpAfterMs: number;
  readonly #timeoutMs: number;
  readonly #turns: Turns;
  readonly #connections: Connections;
  readonly #owner: string;
  /** Signing keys; each is good for a day. */
  readonly #keys = new Map<string, ArrayBuffer>();

  constructor(location: S3Location, options: S3ClientOptions) {
    const atOnce = options.requestsAtOnce ?? 16;
    this.location = location;
    this.#clock = options.clock ?? systemClock;
    this.#waits = options.waits ?? threadWaits;
    this.#random = options.random ?? (() => randomBytes(4).readUInt32BE() / 2 ** 32);
    this.#attemptsMax = options.attemptsMax ?? 6;
    this.#giveUpAfterMs = options.giveUpAfterMs ?? 60_000;
    this.#timeoutMs = options.timeoutMs ?? 20_000;
    this.#turns = new Turns(this.#waits, atOnce, WAITING_MAX);
    this.#connections = new Connections(location.url.protocol, atOnce);
    this.#owner = `blobs in ${location.bucket}`;
  }

  /**
   * Sends a request, several times if need be, and gives its answer.
   * @throws {S3Refusal} with code unavailable, disk-full, corrupt or what `refusedAs` says. @throws {too-busy}
   */
  async send(request: S3Request): Promise<HttpAnswer> {
    const what = `${request.method} ${request.key ?? 'of the bucket'}`;
    const attemptsMax = Math.min(request.attemptsMax ?? this.#attemptsMax, this.#attemptsMax);
    const untilMs = this.#clock.elapsed() + this.#giveUpAfterMs + transferMs(request);
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(request, what);
      if (!('passing' in answer)) return answer;
      const waitMs = Math.max(this.#backOff(attempt), answer.retryAfterMs ?? 0);
      const over = attempt >= attemptsMax || this.#clock.elapsed() + waitMs > untilMs;
      if (!answer.passing || over) throw new S3Refusal(what, answer);
      await this.#pause(waitMs);
    }
  }

  async #attempt(request: S3Request, what: string): Promise<HttpAnswer | Failure> {
    const { body = NOTHING, answerBytesMax = ANSWER_BYTES_MAX } = request;
    const timeoutMs = this.#timeoutMs + transferMs(request);
    using _turn = await this.#turns.take(this.#owner, this.#giveUpAfterMs);
    const signed = await this.#sign(request, body);
    const asked = { ...signed, method: request.method, body, answerBytesMax };
    const late = new AbortController();
    const expire = (): void => late.abort(new Error(`no answer in ${timeoutMs} ms`));
    using _wait = this.#waits.enter(`S3 to answer ${what}`, this.#owner, timeoutMs, expire);
    try {
      const answer = await this.#connections.exchange(asked, late.signal);
      if (request.expected.includes(answer.status)) return request.examine?.(answer) ?? answer;
      return failureOf(answer, this.#clock.now(), request.refusedAs ?? 'unavailable');
    } catch (error) {
      // Whatever a connection does (refused, reset, cut short, out of time, not HTTP), the next one may do better.
      const cause = late.signal.aborted ? late.signal.reason : error;
      const message = String((cause as Error).message);
      return { code: 'unavailable', message, passing: true, reason: '', cause };
    }
  }

  /** Between nothing and twice as long as the last time, so that those who failed together do not come back together. */
  #backOff(attempt: number): number {
    return this.#random() * Math.min(BACK_OFF_MS_MAX, BACK_OFF_FIRST_MS * 2 ** attempt);
  }

  async #pause(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const allowedMs = waitMs + 1000;
    using _wait = this.#waits.enter('a pause before S3', this.#owner, allowedMs, resolve);
    using _alarm = this.#clock.after(waitMs, resolve);
    await promise;
  }

  /** Signature version 4 over headers and body: the store checks that what arrives is what was sent. */
  async #sign(
    request: S3Request,
    body: Uint8Array,
  ): Promise<{ readonly url: URL; readonly headers: Readonly<Record<string, string>> }> {
    const { url: base, region, credentials } = this.location;
    const url = new URL(request.key ?? '', base);
    for (const [name, value] of Object.entries(request.query ?? {}))
      url.searchParams.set(name, value);
    if (this.#keys.size > 1) this.#keys.clear();
    const signer = new AwsV4Signer({
      method: request.method,
      url: url.href,
      headers: { ...request.headers, 'x-amz-content-sha256': sha256(body) },
      ...credentials,
      service: 's3',
      region,
      cache: this.#keys,
      datetime: new Date(this.#clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    });
    const signed = await signer.sign();
    const headers: Record<string, string> = Object.fromEntries(signed.headers);
    if (request.method === 'PUT' || request.method === 'POST') {
      headers['content-length'] = String(body.length);
      headers['content-type'] = 'application/octet-stream';
    }
    return { url, headers };
  }
}

/** The time that the bytes of a request and its answer are given. */
function transferMs({ body = NOTHING, answerBytesMax = 0 }: S3Request): number {
  return Math.ceil(((body.length + answerBytesMax) / BYTES_A_SECOND_MIN) * 1000);
}

/** The digest as S3 writes it. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
