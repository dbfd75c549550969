import { assert, type ErrorCode, isPosthornError } from '#kernel';
import type { Envelope, SubmissionId } from '#model';
import type { Incoming, Store } from '#store';
import { categorize } from './categorize.ts';
import { deliverLocal } from './deliver-local.ts';
import { traceFields } from './trace.ts';

/** `accepted` is durable; `refused` has had no effect unless the code is `deadline`, when the sender must try again. */
export type SubmitOutcome =
  | { readonly kind: 'accepted'; readonly submissionId: SubmissionId }
  | { readonly kind: 'refused'; readonly code: ErrorCode };

/** A message on its way in, in two phases: write, then commit; dispose without commit aborts. */
export interface Submission extends AsyncDisposable {
  /** Bytes so far, without the trace fields. */
  readonly sizeBytes: number;
  /** Takes the next bytes; a promise means: await it before the next write. */
  write(chunk: Uint8Array): Promise<void> | undefined;
  commit(): Promise<SubmitOutcome>;
}

/** The MTA of one thread. */
export class Transfer {
  readonly #store: Store;
  readonly #hostname: string;

  constructor(store: Store, hostname: string) {
    this.#store = store;
    this.#hostname = hostname;
  }

  /** Begins a submission for an envelope with at least one recipient. */
  begin(envelope: Envelope): Submission {
    assert(envelope.recipients.length > 0, 'a submission has a recipient');
    const trace = traceFields(envelope, this.#hostname);
    return new OpenSubmission(this.#store, envelope, this.#store.incoming(trace), trace.length);
  }
}

class OpenSubmission implements Submission {
  readonly #store: Store;
  readonly #envelope: Envelope;
  readonly #incoming: Incoming;
  readonly #traceBytes: number;

  constructor(store: Store, envelope: Envelope, incoming: Incoming, traceBytes: number) {
    this.#store = store;
    this.#envelope = envelope;
    this.#incoming = incoming;
    this.#traceBytes = traceBytes;
  }

  get sizeBytes(): number {
    return this.#incoming.sizeBytes - this.#traceBytes;
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    return this.#incoming.write(chunk);
  }

  async commit(): Promise<SubmitOutcome> {
    const { submissionId } = this.#envelope;
    try {
      const content = await this.#incoming.finish();
      await deliverLocal(this.#store, this.#envelope, content, categorize(this.#envelope));
      return { kind: 'accepted', submissionId };
    } catch (error) {
      if (!isPosthornError(error)) throw error;
      // A mailbox that went between RCPT and the end of data: tried again, RCPT will say so.
      const code =
        error.code === 'no-mailbox' || error.code === 'no-folder' ? 'unavailable' : error.code;
      return { kind: 'refused', code };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#incoming[Symbol.asyncDispose]();
  }
}
