import type { SecureContext } from 'node:tls';
import { type Account, type Directory, type SaslChannel, saslChannel } from '#directory';
import {
  type Clock,
  type Connection,
  isPosthornError,
  type Logger,
  metrics,
  type TlsDetails,
  timeOrderedId,
} from '#kernel';
import type { Envelope, Origin, SubmissionId } from '#model';
import type { Transfer } from '#transfer';
import { formatReply, type SmtpFault } from '#wire';
import type { IntakeOutcome } from './body-intake.ts';
import { Input } from './input.ts';
import type { ReceiveLimits } from './limits.ts';
import { errorReply, SHOWN_OUT, SHUTTING_DOWN, TIMED_OUT, UNEXPECTED } from './replies.ts';
import type { Transaction } from './transaction.ts';

/** What all sessions of a receiver share. */
export interface ReceiverContext {
  /** `mx`: mail for our mailboxes from anybody; `submission`: mail from users who authenticate. */
  readonly role: 'mx' | 'submission';
  /** The name that this server gives itself. */
  readonly hostname: string;
  readonly directory: Pick<
    Directory,
    'resolve' | 'resolvePostmaster' | 'startSasl' | 'saslMechanisms'
  >;
  readonly transfer: Pick<Transfer, 'begin'>;
  readonly clock: Clock;
  readonly limits: ReceiveLimits;
  /** With it STARTTLS is offered. */
  readonly secureContext: SecureContext | undefined;
}

const messagesAccepted = metrics.counter('smtp_receive_messages', 'Messages accepted by SMTP');
const messagesRefused = metrics.counter(
  'smtp_receive_messages_refused',
  'Messages refused after their content began',
);

const OUTPUT_BYTES_MAX = 64 * 1024;

/** What one session remembers between commands, and its replies on their way out. */
export class Session {
  readonly receiver: ReceiverContext;
  readonly connection: Connection;
  readonly input: Input;
  readonly log: Logger;
  /** What the client called itself, and whether with EHLO. */
  hello: { readonly name: string; readonly extended: boolean } | undefined;
  account: Account | undefined;
  transaction: Transaction | undefined;
  /** Messages begun. */
  messages = 0;
  authFailures = 0;
  #errors = 0;
  #over = false;
  #stopping = false;
  #awaitingCommand = false;
  #tls: TlsDetails | undefined;
  #out = '';

  constructor(receiver: ReceiverContext, connection: Connection, log: Logger) {
    this.receiver = receiver;
    this.connection = connection;
    this.log = log;
    this.input = new Input(connection, receiver.clock, receiver.limits);
    if (connection.guest !== undefined) connection.guest.showOut = () => this.#showOut();
  }

  /** The conversation is finished; nothing more is read. */
  get over(): boolean {
    return this.#over;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  get tooManyErrors(): boolean {
    return this.#errors >= this.receiver.limits.errorsMax;
  }

  /** Passwords may be asked for: the channel is encrypted or does not leave the machine. */
  get channelSecure(): boolean {
    return this.connection.secure || this.connection.loopback;
  }

  /** The connection as authentication sees it. */
  get saslChannel(): SaslChannel {
    return saslChannel(this.connection, this.channelSecure);
  }

  /** Gathers a reply (a wire string); it goes out before the session waits for input (RFC 2920 §3.2). */
  reply(wire: string): void {
    this.#out += wire;
    if (this.#out.length > OUTPUT_BYTES_MAX) this.flush();
  }

  /** Replies that a command is refused, and counts that against the client. */
  refuse(reply: string | SmtpFault): void {
    this.#errors++;
    this.reply(
      typeof reply === 'string' ? reply : formatReply(reply.code, reply.enhanced, reply.text),
    );
  }

  /** Replies with the outcome of something that failed; 421 says that the session ends (RFC 5321 §3.8). */
  replyFailure(reply: string): void {
    if (reply.startsWith('421')) this.close(reply);
    else this.reply(reply);
  }

  flush(): void {
    if (this.#out === '') return;
    const out = this.#out;
    this.#out = '';
    this.connection.write(out);
    this.connection.flush();
  }

  /** Sends the replies gathered, then waits for more of a command line; false at the end. */
  async awaitLine(): Promise<boolean> {
    this.flush();
    this.#awaitingCommand = true;
    if (this.connection.backlogged) await this.connection.drained();
    const more = !this.#over && (await this.input.awaitLine());
    this.#awaitingCommand = false;
    return more && !this.#over;
  }

  /** Sends the replies gathered, then waits for more mail data; undefined at the end. */
  awaitData(): Promise<Buffer | undefined> {
    this.flush();
    // Commands may come in between (BDAT), each with its reply.
    if (this.connection.backlogged)
      return this.connection.drained().then(() => this.input.awaitData());
    return this.input.awaitData();
  }

  /** Ends the conversation with a last reply. */
  close(reply: string): void {
    if (this.#over) return;
    this.reply(reply);
    this.#end();
  }

  /** Ends the conversation because the client is gone or silent. */
  lost(): void {
    if (this.#over) return;
    if (this.input.timedOut) this.reply(TIMED_OUT);
    this.#end();
  }

  /** Ends the conversation at the next point where no message is in transfer; at once when there is none. */
  stop(): void {
    this.#stopping = true;
    if (this.#awaitingCommand) this.close(SHUTTING_DOWN);
  }

  /** Forgets the transaction and drops what has come of its message. */
  async reset(): Promise<void> {
    const body = this.transaction?.body;
    this.transaction = undefined;
    if (body !== undefined) await body[Symbol.asyncDispose]();
  }

  /** Replies with how a message ended; nothing is held against a client that had one accepted. */
  conclude(outcome: IntakeOutcome): void {
    if (outcome.accepted) {
      messagesAccepted.inc();
      this.#errors = 0;
      this.reply(outcome.reply);
      return;
    }
    messagesRefused.inc();
    this.replyFailure(outcome.reply);
  }

  /** Forgets everything the client said in the clear (RFC 3207 §4.2). */
  async startOver(): Promise<void> {
    await this.reset();
    this.hello = undefined;
    this.account = undefined;
    this.#tls = this.connection.tls;
  }

  /** The reply to a failure; one that nobody expected is logged. */
  failureReply(error: unknown): string {
    if (isPosthornError(error)) {
      this.log.warn({ code: error.code, detail: error.message }, 'a command failed');
      return errorReply(error.code);
    }
    this.log.error({ error }, 'a command failed unexpectedly');
    return UNEXPECTED;
  }

  /** The envelope of the message whose content comes now; needs a transaction with recipients. */
  envelope(): Envelope {
    const { mail, recipients } = this.transaction!;
    const nowMs = this.receiver.clock.now();
    return {
      submissionId: timeOrderedId(nowMs) as SubmissionId,
      from: mail.from,
      recipients,
      smtpUtf8: mail.smtpUtf8,
      body: mail.body,
      dsnReturn: mail.dsnReturn,
      dsnEnvelopeId: mail.dsnEnvelopeId,
      origin: this.#origin(mail.smtpUtf8),
      receivedAtMs: nowMs,
    };
  }

  #origin(smtpUtf8: boolean): Origin {
    this.#tls ??= this.connection.tls;
    return {
      protocol: this.#protocol(smtpUtf8),
      helo: this.hello?.name ?? '',
      clientAddress: this.connection.remoteAddress,
      tls: this.#tls,
      authenticatedAs: this.account?.mailboxId,
    };
  }

  /** The "with" word of the trace header (RFC 3848, RFC 6531 §4.3). */
  #protocol(smtpUtf8: boolean): Origin['protocol'] {
    if (this.hello?.extended !== true) return 'SMTP';
    const base = smtpUtf8 ? 'UTF8SMTP' : 'ESMTP';
    if (this.connection.secure) return this.account === undefined ? `${base}S` : `${base}SA`;
    return this.account === undefined ? base : `${base}A`;
  }

  /** Makes room for others, who may have mail for somebody. */
  #showOut(): void {
    if (this.#over) return;
    this.reply(SHOWN_OUT);
    this.#over = true;
    this.flush();
    this.connection.part();
  }

  #end(): void {
    this.#over = true;
    this.flush();
    this.connection.end();
  }
}
