import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Account } from '#directory';
import { Connection, type Logger, metrics } from '#kernel';
import type { MailboxId } from '#model';
import { encodeStatus } from '#wire';
import { converse } from './converse.ts';
import { DEFAULT_IMAP_LIMITS, type ImapLimits } from './limits.ts';
import { type ServerContext, Session } from './session.ts';
import type { SwitchOff } from './switched-off.ts';

export interface ImapServerOptions
  extends Omit<
    ServerContext,
    'limits' | 'secureContext' | 'switchOffs' | 'administrators' | 'admit' | 'dismiss'
  > {
  readonly log: Logger;
  /** Those that are not given have their defaults. */
  readonly limits?: Partial<ImapLimits>;
  readonly switchOffs?: readonly SwitchOff[];
  /** Primary addresses in key form. */
  readonly administrators?: readonly string[];
  /** With it STARTTLS is offered on connections that are not encrypted. */
  readonly secureContext?: SecureContext | undefined;
}

const TURN_AWAY_MS = 5000;

const sessionsOpened = metrics.counter('imap_sessions', 'IMAP sessions accepted');
const sessionsRefused = metrics.counter('imap_sessions_refused', 'IMAP sessions over a limit');

/** Serves mailboxes by IMAP4rev2 and IMAP4rev1 on the connections that it is given. */
export class ImapServer {
  readonly #context: ServerContext;
  readonly #log: Logger;
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #perMailbox = new Map<MailboxId, number>();
  #serial = 0;
  #stopping = false;

  constructor(options: ImapServerOptions) {
    const { log, limits, secureContext, switchOffs = [], administrators, ...rest } = options;
    this.#log = log;
    this.#context = {
      ...rest,
      secureContext,
      switchOffs,
      administrators: new Set(administrators),
      limits: { ...DEFAULT_IMAP_LIMITS, ...limits },
      admit: (account) => this.#admit(account),
      dismiss: ({ mailboxId }) => this.#leave(mailboxId),
    };
  }

  /** Sessions that are open. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Takes a connection, encrypted already or not; never throws. */
  accept(socket: Socket): void {
    if (this.#stopping) this.#turnAway(socket, 'The server is shutting down', 'UNAVAILABLE');
    else if (this.#sessions.size < this.#context.limits.sessionsMax) this.#open(socket);
    else this.#turnAway(socket, 'Too many sessions, try again later', 'LIMIT');
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

  #open(socket: Socket): void {
    const { loginTimeoutMs } = this.#context.limits;
    sessionsOpened.inc();
    const owner = `imap ${++this.#serial}`;
    const connection = new Connection(socket, { owner, idleTimeoutMs: loginTimeoutMs });
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
    if (session.account !== undefined) this.#leave(session.account.mailboxId);
  }

  #admit({ mailboxId }: Account): boolean {
    const count = this.#perMailbox.get(mailboxId) ?? 0;
    if (count >= this.#context.limits.sessionsPerMailboxMax) return false;
    this.#perMailbox.set(mailboxId, count + 1);
    return true;
  }

  #leave(mailboxId: MailboxId): void {
    const left = (this.#perMailbox.get(mailboxId) ?? 1) - 1;
    if (left > 0) this.#perMailbox.set(mailboxId, left);
    else this.#perMailbox.delete(mailboxId);
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
