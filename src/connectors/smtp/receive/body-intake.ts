import { isPosthornError } from '#kernel';
import type { Submission } from '#transfer';
import { formatReply, LineEnds } from '#wire';
import { HopCounter } from './hop-counter.ts';
import { BARE_LINE_END, errorReply, TOO_LARGE } from './replies.ts';
import type { Session } from './session.ts';

// RFC 5321 §6.3: a message with too many Received fields goes in circles.
const LOOP = formatReply(554, '5.4.6', 'Too many hops, the message goes in circles');

/** How a message ended: its reply, and whether it is ours now. */
export interface IntakeOutcome {
  readonly reply: string;
  readonly accepted: boolean;
}

/**
 * Passes the bytes of one message on to transfer until something speaks against it. From then on the bytes are only
 * counted, and the message is refused in the end; so the dialogue keeps its step. Disposing drops a message that was not
 * accepted.
 */
export class BodyIntake implements AsyncDisposable {
  readonly #session: Session;
  readonly #submission: Submission;
  readonly #hops = new HopCounter();
  readonly #lineEnds: LineEnds | undefined;
  #sizeBytes = 0;
  #refusal: string | undefined;
  #settled = false;

  /** @param checkLineEnds for BDAT; what comes by DATA has been checked. */
  constructor(session: Session, submission: Submission, checkLineEnds: boolean) {
    this.#session = session;
    this.#submission = submission;
    this.#lineEnds = checkLineEnds ? new LineEnds() : undefined;
  }

  /** The reply that refuses the message, once that is certain. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** More came than is worth reading for the sake of a good-mannered refusal. */
  get flooded(): boolean {
    return this.#sizeBytes > drainBytesMax(this.#session);
  }

  /** Refuses the message; the first reason counts. */
  refuse(reply: string): void {
    this.#refusal ??= reply;
  }

  /** Takes the next bytes; await the promise when there is one. Never throws nor rejects. */
  write(piece: Buffer): Promise<void> | undefined {
    const { limits } = this.#session.receiver;
    this.#sizeBytes += piece.length;
    if (this.#refusal !== undefined) return undefined;
    this.#hops.push(piece);
    if (this.#sizeBytes > limits.sizeBytesMax) this.refuse(TOO_LARGE);
    else if (this.#hops.hops > limits.hopsMax) this.refuse(LOOP);
    else if (this.#lineEnds?.check(piece) === false) this.refuse(BARE_LINE_END);
    else return this.#pass(piece);
    return undefined;
  }

  /** Counts bytes that are not written: what follows a line end that stood alone. */
  skip(sizeBytes: number): void {
    this.#sizeBytes += sizeBytes;
  }

  /** Ends the message: makes it durable, or refuses it. Never rejects. */
  async finish(): Promise<IntakeOutcome> {
    if (this.#lineEnds?.finish() === false) this.refuse(BARE_LINE_END);
    if (this.#refusal === undefined) {
      try {
        const outcome = await this.#submission.commit();
        if (outcome.kind === 'accepted') {
          this.#settled = true;
          const reply = `250 2.0.0 Ok: accepted as ${outcome.submissionId}\r\n`;
          return { reply, accepted: true };
        }
        this.#refusal = errorReply(outcome.code);
      } catch (error) {
        this.#refusal = this.#session.failureReply(error);
      }
    }
    return { reply: this.#refusal, accepted: false };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#settled) return;
    this.#settled = true;
    try {
      await this.#submission[Symbol.asyncDispose]();
    } catch (error) {
      this.#session.log.error({ error }, 'an aborted message could not be cleaned up');
    }
  }

  #pass(piece: Buffer): Promise<void> | undefined {
    try {
      return this.#submission.write(piece)?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #fail(error: unknown): void {
    this.refuse(this.#session.failureReply(error));
  }
}

/** How many bytes of a message are read at most, most of them to be thrown away. */
export function drainBytesMax(session: Session): number {
  return session.receiver.limits.sizeBytesMax * 2 + 1024 * 1024;
}

/** Opens a submission for the transaction; gives the reply that refuses it when transfer takes nothing now. */
export function openIntake(session: Session, checkLineEnds: boolean): BodyIntake | string {
  try {
    const submission = session.receiver.transfer.begin(session.envelope());
    return new BodyIntake(session, submission, checkLineEnds);
  } catch (error) {
    return isPosthornError(error) ? errorReply(error.code) : session.failureReply(error);
  }
}
