import type { MessagePort, Transferable, Worker } from 'node:worker_threads';
import { type ErrorCode, isPosthornError, PosthornError } from './errors.ts';
import { type WaitRegistry, waits } from './waits.ts';

/** How a request ended, as it crosses threads. */
export type Reply<Result> =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly message: string } };

interface Outgoing<Request> {
  readonly requests: { id: number; request: Request }[];
}
interface Incoming<Result, Note> {
  readonly replies: readonly Reply<Result>[];
  readonly notes: readonly Note[];
}
interface Pending<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
  readonly wait: Disposable;
}

type Port = MessagePort | Worker;

/**
 * The asking end of a typed port between threads. Requests made in one turn of the event loop cross in one message;
 * each is a named wait with a deadline. Notes come the other way unasked.
 */
export class RequestPort<Request, Result, Note = never> {
  readonly #port: Port;
  readonly #name: string;
  readonly #timeoutMs: number;
  readonly #waits: WaitRegistry;
  readonly #pending = new Map<number, Pending<Result>>();
  readonly #onNotes: (notes: readonly Note[]) => void;
  #batch: Outgoing<Request>['requests'] = [];
  #transfer: Transferable[] = [];
  #lastId = 0;
  #closed: PosthornError | undefined;

  constructor(options: {
    readonly port: Port;
    readonly name: string;
    readonly timeoutMs: number;
    readonly onNotes?: (notes: readonly Note[]) => void;
    readonly waits?: WaitRegistry;
  }) {
    this.#port = options.port;
    this.#name = options.name;
    this.#timeoutMs = options.timeoutMs;
    this.#waits = options.waits ?? waits;
    this.#onNotes = options.onNotes ?? (() => {});
    this.#port.on('message', (message: Incoming<Result, Note>) => this.#receive(message));
    this.#port.on('close', () => this.fail(new PosthornError('shutting-down')));
  }

  /** Asks and waits for the answer. `transfer` moves buffers instead of copying them. */
  request(owner: string, request: Request, transfer?: readonly Transferable[]): Promise<Result> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const wait = this.#waits.enter(this.#name, owner, this.#timeoutMs, () => {
      this.#pending.delete(id);
      reject(new PosthornError('deadline', `${owner}: no answer from ${this.#name}`));
    });
    this.#pending.set(id, { resolve, reject, wait });
    if (this.#batch.length === 0) setImmediate(() => this.#flush());
    this.#batch.push({ id, request });
    if (transfer !== undefined) this.#transfer.push(...transfer);
    return promise;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Rejects everything that is outstanding and every later request: the other side is gone. */
  fail(error: PosthornError): void {
    this.#closed ??= error;
    for (const pending of this.#pending.values()) {
      pending.wait[Symbol.dispose]();
      pending.reject(error);
    }
    this.#pending.clear();
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    const message: Outgoing<Request> = { requests: this.#batch };
    const transfer = this.#transfer;
    this.#batch = [];
    this.#transfer = [];
    try {
      this.#port.postMessage(message, transfer);
    } catch (error) {
      // Something in it cannot cross: a bug of a caller, who hears of it; what went with it had no effect.
      for (const { id } of message.requests)
        this.#settle(id)?.reject(new PosthornError('internal', String(error), { cause: error }));
    }
  }

  #settle(id: number): Pending<Result> | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.wait[Symbol.dispose]();
    return pending;
  }

  #receive(message: Incoming<Result, Note>): void {
    // Notes first: a change is known to the hub before the session that caused it goes on.
    if (message.notes.length > 0) this.#onNotes(message.notes);
    for (const reply of message.replies) {
      const pending = this.#settle(reply.id);
      if (pending === undefined) continue;
      if ('error' in reply) {
        pending.reject(new PosthornError(reply.error.code, reply.error.message));
      } else pending.resolve(reply.result);
    }
  }
}

/** The answering end: takes batches of requests, gives replies and notes back in one message each `flush`. */
export class ReplyPort<Request, Result, Note = never> {
  readonly #port: MessagePort;
  #replies: Reply<Result>[] = [];
  #notes: Note[] = [];

  constructor(
    port: MessagePort,
    onRequests: (requests: readonly { readonly id: number; readonly request: Request }[]) => void,
  ) {
    this.#port = port;
    port.on('message', (message: Outgoing<Request>) => onRequests(message.requests));
  }

  reply(id: number, result: Result): void {
    this.#replies.push({ id, result });
  }

  /** Answers with a failure; a value that is not a PosthornError is reported as `internal`. */
  fail(id: number, error: unknown): void {
    const code = isPosthornError(error) ? error.code : 'internal';
    const message = error instanceof Error ? error.message : String(error);
    this.#replies.push({ id, error: { code, message } });
  }

  note(note: Note): void {
    this.#notes.push(note);
  }

  flush(): void {
    if (this.#replies.length === 0 && this.#notes.length === 0) return;
    const message: Incoming<Result, Note> = { replies: this.#replies, notes: this.#notes };
    this.#replies = [];
    this.#notes = [];
    this.#port.postMessage(message);
  }

  close(): void {
    this.#port.close();
  }
}
