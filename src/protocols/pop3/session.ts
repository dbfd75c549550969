import type { SecureContext } from 'node:tls';
import type { Account } from '#directory';
import {
  type Clock,
  type Connection,
  type CountKey,
  isPosthornError,
  type Logger,
  PosthornError,
  type SharedCounts,
  waits,
} from '#kernel';
import {
  isHttpRequestLine,
  Pop3LineReader,
  type Pop3LineResult,
  type Pop3ResponseCode,
  parsePop3Command,
  pop3Err,
  pop3Ok,
} from '#wire';
import { seatOf } from '../seat.ts';
import { dispatch } from './dispatch.ts';
import type { Drop } from './drop.ts';
import type { Pop3Limits } from './limits.ts';
import type { Pop3Directory, Pop3Store } from './ports.ts';

type Line = Exclude<Pop3LineResult, { kind: 'need-more' }>;

/** What all sessions of a server share. */
export interface Pop3Context {
  readonly hostname: string;
  readonly directory: Pop3Directory;
  readonly store: Pop3Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly secureContext: SecureContext | undefined;
  readonly limits: Pop3Limits;
  readonly seats: SharedCounts;
}

/**
 * One client's dialogue. AUTHORIZATION while there is no drop, TRANSACTION while there is one, UPDATE is within QUIT
 * (RFC 1939 §3).
 */
export class Pop3Session {
  readonly context: Pop3Context;
  readonly connection: Connection;
  /** What USER said. */
  user: string | undefined;
  /** The maildrop once logged in. */
  drop: Drop | undefined;
  readonly #lines = new Pop3LineReader();
  #ended = false;
  #idle = false;
  #inBody = false;
  #loginFailures = 0;
  #mistakes = 0;
  #seat: CountKey | undefined;
  #loginWait: Disposable | undefined;

  constructor(context: Pop3Context, connection: Connection) {
    this.context = context;
    this.connection = connection;
    const { loginTimeoutMs } = context.limits;
    this.#loginWait = waits.enter('the login', connection.owner, loginTimeoutMs, () =>
      this.#showOut('Too slow to log in'),
    );
    if (connection.guest !== undefined)
      connection.guest.showOut = () =>
        this.#showOut('Too many connections and you have not logged in, try again');
  }

  /**
   * Whether a password may be shown: under TLS, and on this machine. Others are refused with [AUTH], which RFC 3206
   * §4 has for "an attempt to authenticate in violation of policy" too.
   */
  get mayUsePlainText(): boolean {
    return this.connection.secure || this.connection.loopback;
  }

  /** Holds the dialogue until the client quits, vanishes or is silent too long. Never throws. */
  async run(): Promise<void> {
    // No time stamp in angle brackets: APOP is not offered (RFC 1939 §7), it needs passwords in the clear.
    this.ok(`${this.context.hostname} POP3 server ready`);
    try {
      while (!this.#ended) {
        // A client may send many commands at once: most are done without a promise.
        const line = this.nextLine(this.#lineBytesMax);
        const come = line instanceof Promise ? await line : line;
        if (come === undefined) break;
        const obeying = this.#obey(come);
        if (obeying !== undefined) await obeying;
      }
    } catch (error) {
      this.#report(error);
    }
    this.#loginWait?.[Symbol.dispose]();
    if (this.#seat !== undefined) this.context.seats.leave(this.#seat);
    this.connection.end();
  }

  /** Ends the session as soon as no command is under way; what is marked deleted stays. */
  stop(): void {
    this.#ended = true;
    if (this.#idle) this.connection.end();
  }

  /** Ends the session after the current command. */
  end(): void {
    this.#ended = true;
  }

  /** Takes a place among the sessions of a mailbox until the end; false when it has too many already. */
  takeSeat(account: Account): boolean {
    const { seats, limits } = this.context;
    const seat = seats.key(seatOf(account));
    if (this.#seat !== undefined) seats.leave(this.#seat);
    this.#seat = seats.enter(seat, limits.sessionsPerMailboxMax) ? seat : undefined;
    return this.#seat !== undefined;
  }

  /** Begins the TRANSACTION state. */
  open(drop: Drop): void {
    this.drop = drop;
    this.#loginWait?.[Symbol.dispose]();
    this.connection.guest?.settle();
  }

  ok(text: string): void {
    this.connection.write(pop3Ok(text));
  }

  err(text: string, code?: Pop3ResponseCode): void {
    this.connection.write(pop3Err(text, code));
  }

  /** Refuses a line that should not have come; too many of them end the session. */
  mistake(text: string): void {
    this.err(text);
    if (++this.#mistakes >= this.context.limits.mistakesMax) this.end();
  }

  /** The client's next line, without a promise when it has come already; undefined when there is none any more. */
  nextLine(bytesMax: number): Line | Promise<Line | undefined> {
    // A client that asks and asks and takes no answer would fill the memory.
    if (this.connection.backlogged) return this.#awaitLine(bytesMax);
    const line = this.#lines.next(bytesMax);
    return line.kind === 'need-more' ? this.#awaitLine(bytesMax) : line;
  }

  async #awaitLine(bytesMax: number): Promise<Line | undefined> {
    for (;;) {
      if (this.connection.backlogged) await this.#drained();
      const line = this.#lines.next(bytesMax);
      if (line.kind !== 'need-more') return line;
      if (this.#ended) return undefined;
      this.#idle = true;
      const chunk = await this.connection.read();
      this.#idle = false;
      if (chunk === undefined) return undefined;
      this.#lines.push(chunk);
    }
  }

  async #drained(): Promise<void> {
    this.#idle = true;
    await this.connection.drained();
    this.#idle = false;
  }

  /** Answers a failed login, late; the third one ends the session. */
  async loginFailed(reason: string): Promise<void> {
    const { clock, limits, log } = this.context;
    const { owner, remoteAddress } = this.connection;
    this.user = undefined;
    this.#loginFailures++;
    log.info({ session: owner, peer: remoteAddress, reason }, 'login failed');
    const delay = clock.sleep(limits.loginDelayMs);
    await waits.track('the delay after a failed login', owner, limits.loginDelayMs + 60_000, delay);
    this.err('Authentication failed', 'AUTH');
    if (this.#loginFailures >= limits.loginFailuresMax) this.end();
  }

  /** Sends the lines of a multi-line response and its end. `line` gives undefined for what is left out. */
  async sendListing(count: number, line: (number: number) => string | undefined): Promise<void> {
    for (let number = 1; number <= count; number++) {
      const text = line(number);
      if (text !== undefined) this.connection.write(`${text}\r\n`);
      if (number % 256 === 0 && this.connection.backlogged) await this.connection.drained();
      if (this.connection.closed) return;
    }
    this.connection.write('.\r\n');
  }

  /**
   * Sends a body after a positive reply has been given: should that fail, the connection is cut, because the client
   * could not tell an error from content.
   */
  async inBody(send: () => Promise<void>): Promise<void> {
    this.#inBody = true;
    await send();
    this.#inBody = false;
  }

  /** Goes on under TLS, knowing nothing of what was said before (RFC 2595 §4). */
  async startTls(context: SecureContext): Promise<void> {
    this.#lines.reset();
    this.user = undefined;
    await this.connection.startTls(context);
  }

  /**
   * RFC 5034 §4 keeps AUTH with an initial response to a command's 255 octets, where no token fits in; clients send it
   * nonetheless.
   */
  get #lineBytesMax(): number {
    const { lineBytesMax, authLineBytesMax } = this.context.limits;
    return this.drop === undefined ? authLineBytesMax : lineBytesMax;
  }

  /** Ends a session that has not logged in, with a last word and without waiting for the client. */
  #showOut(text: string): void {
    if (this.#ended) return;
    this.err(text, 'SYS/TEMP');
    this.#ended = true;
    this.connection.part();
  }

  #isTooLong(text: string): boolean {
    return text.length + 2 > this.context.limits.lineBytesMax && !/^AUTH /i.test(text);
  }

  #obey(line: Line): Promise<void> | undefined {
    if (line.kind === 'unreadable') {
      this.err('Line without end');
      this.end();
      return undefined;
    }
    if (line.kind === 'too-long' || this.#isTooLong(line.text)) {
      this.mistake('Line too long');
      return undefined;
    }
    const command = parsePop3Command(line.text);
    if (command.name === 'syntax-error') {
      this.mistake(command.text);
      if (isHttpRequestLine(line.text)) this.end();
      return undefined;
    }
    try {
      return dispatch(this, command)?.catch((error) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** A command has failed. @throws the error where no answer can be given any more */
  #fail(error: unknown): void {
    if (this.#inBody || this.connection.closed) throw error;
    this.#report(error);
    this.#answer(error);
  }

  /** RFC 3206 §4: SYS/TEMP asks to try again, SYS/PERM says that somebody must mend something. */
  #answer(error: unknown): void {
    const { code, info } = isPosthornError(error) ? error : new PosthornError('internal');
    this.err(info.text, code === 'corrupt' ? 'SYS/PERM' : 'SYS/TEMP');
  }

  #report(error: unknown): void {
    if (this.#inBody) this.connection.destroy();
    // Neither is a fault of ours.
    if (isPosthornError(error, 'connection-closed')) return;
    if (isPosthornError(error, 'login-throttled')) return;
    this.context.log.error({ session: this.connection.owner, error }, 'pop3 command failed');
  }
}
