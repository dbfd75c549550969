import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Account } from '#directory';
import {
  Connection,
  type DoorRefusal,
  type Guest,
  type Logger,
  metrics,
  SharedCounts,
} from '#kernel';
import { encodeStatus } from '#wire';
import { seatOf } from '../seat.ts';
import { converse } from './converse.ts';
import { KeptAnswers } from './fetch/kept-answers.ts';
import { DEFAULT_IMAP_LIMITS, type ImapLimits } from './limits.ts';
import type { ServerContext } from './server-context.ts';
import { Session } from './session.ts';
import type { SwitchOff } from './switched-off.ts';

export interface ImapServerOptions
  extends Omit<
    ServerContext,
    | 'limits'
    | 'secureContext'
    | 'switchOffs'
    | 'administrators'
    | 'admit'
    | 'dismiss'
    | 'appends'
    | 'keptAnswers'
  > {
  readonly log: Logger;
  /** Those that are not given have their defaults. */
  readonly limits?: Partial<ImapLimits>;
  readonly switchOffs?: readonly SwitchOff[];
  /** The sessions of each mailbox, over all threads and protocols. */
  readonly seats?: SharedCounts;
  /** Primary addresses in key form. */
  readonly administrators?: readonly string[];
  /** With it STARTTLS is offered on connections that are not encrypted. */
  readonly secureContext?: SecureContext | undefined;
}

const TURN_AWAY_MS = 5000;

const REFUSALS: Readonly<Record<DoorRefusal, string>> = {
  'too-many': 'Too many connections, try again later',
  'too-many-of-address': 'Too many connections from your address',
  'too-fast': 'Too many connections from your address in a short time, try again in a minute',
};

const sessionsOpened = metrics.counter('imap_sessions', 'IMAP sessions accepted');
const sessionsRefused = metrics.counter('imap_sessions_refused', 'IMAP sessions over a limit');

/** Serves mailboxes by IMAP4rev2 and IMAP4rev1 on the connections that it is given. */
export class ImapServer {
  readonly #context: ServerContext;
  readonly #log: Logger;
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #seats: SharedCounts;
  #serial = 0;
  #stopping = false;

  constructor(options: ImapServerOptions) {
    const { log, limits, secureContext, switchOffs = [], administrators, seats, ...rest } = options;
    this.#log = log;
    this.#seats = seats ?? SharedCounts.alone();
    this.#context = {
      ...rest,
      secureContext,
      switchOffs,
      administrators: new Set(administrators),
      appends: { heldBytes: 0 },
      keptAnswers: new KeptAnswers(options.clock),
      limits: { ...DEFAULT_IMAP_LIMITS, ...limits },
      admit: (account) => this.#admit(account),
      dismiss: (account) => this.#dismiss(account),
    };
  }

  /** Sessions that are open. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Bytes of messages that wait in memory for the end of their APPEND. */
  get heldBytes(): number {
    return this.#context.appends.heldBytes;
  }

  /** Takes a connection, encrypted already or not; never throws. */
  accept(socket: Socket, guest?: Guest): void {
    if (this.#stopping) this.#turnAway(socket, 'The server is shutting down', 'UNAVAILABLE');
    else if (this.#sessions.size < this.#context.limits.sessionsMax) this.#open(socket, guest);
    else this.#turnAway(socket, 'Too many sessions, try again later', 'LIMIT');
  }

  /** What a client is told that the door does not let in. */
  refusal(why: DoorRefusal): string {
    return encodeStatus('*', 'BYE', REFUSALS[why], 'LIMIT');
  }

  /**
   * Takes no more connections and ends those that are open: those that wait for their client at once with BYE, an APPEND of
   * which half has come included, the others when their command is done. Resolves when all are closed; after `graceMs`
   * the rest is cut off.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const served = [...this.#sessions];
    for (const [session] of served) session.stop();
    const grace = Promise.withResolvers<void>();
    using _timer = this.#context.clock.after(graceMs, () => {
      for (const [session] of served) session.connection.destroy();
      grace.resolve();
    });
    await Promise.race([grace.promise, Promise.all(served.map(([, done]) => done))]);
  }

  #open(socket: Socket, guest: Guest | undefined): void {
    const { loginTimeoutMs } = this.#context.limits;
    sessionsOpened.inc();
    const owner = `imap ${++this.#serial}`;
    const connection = new Connection(socket, { owner, idleTimeoutMs: loginTimeoutMs, guest });
    const log = this.#log.child({ session: owner, client: connection.remoteAddress });
    const session = new Session(this.#context, connection, log);
    this.#sessions.set(session, this.#serve(session));
  }

  /** Leads a session; resolves when it is over and its connection closed. */
  async #serve(session: Session): Promise<void> {
    const closed = Promise.withResolvers<void>();
    session.connection.onClose(closed.resolve);
    await converse(session);
    await closed.promise;
    this.#sessions.delete(session);
    if (session.account !== undefined) this.#dismiss(session.account);
  }

  #admit(account: Account): boolean {
    const seat = this.#seats.key(seatOf(account));
    return this.#seats.enter(seat, this.#context.limits.sessionsPerMailboxMax);
  }

  #dismiss(account: Account): void {
    this.#seats.leave(this.#seats.key(seatOf(account)));
  }

  #turnAway(socket: Socket, text: string, code: string): void {
    sessionsRefused.inc();
    const timer = this.#context.clock.after(TURN_AWAY_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => timer[Symbol.dispose]());
    socket.resume();
    socket.end(encodeStatus('*', 'BYE', text, code), 'latin1');
  }
}
