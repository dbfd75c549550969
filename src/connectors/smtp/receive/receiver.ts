import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Connection, type DoorRefusal, type Guest, type Logger, metrics } from '#kernel';
import { converse } from './converse.ts';
import { DEFAULT_RECEIVE_LIMITS, type ReceiveLimits } from './limits.ts';
import { DOOR_REFUSALS, SHUTTING_DOWN, TOO_MANY_SESSIONS } from './replies.ts';
import { type ReceiverContext, Session } from './session.ts';

export interface SmtpReceiverOptions extends Omit<ReceiverContext, 'limits' | 'secureContext'> {
  readonly log: Logger;
  /** Those that are not given have their defaults. */
  readonly limits?: Partial<ReceiveLimits>;
  /** With it STARTTLS is offered on connections that are not encrypted. */
  readonly secureContext?: SecureContext;
}

interface Visit {
  readonly session: Session;
  readonly done: Promise<void>;
}

const TURN_AWAY_MS = 5000;

const sessionsOpened = metrics.counter('smtp_receive_sessions', 'SMTP sessions accepted');
const sessionsRefused = metrics.counter(
  'smtp_receive_sessions_refused',
  'SMTP sessions over a limit',
);

/** Receives mail by SMTP in one role, on the connections that it is given. */
export class SmtpReceiver {
  readonly #context: ReceiverContext;
  readonly #log: Logger;
  readonly #visits = new Set<Visit>();
  #serial = 0;
  #stopping = false;

  constructor(options: SmtpReceiverOptions) {
    const { log, limits, secureContext, ...rest } = options;
    this.#log = log;
    this.#context = { ...rest, secureContext, limits: { ...DEFAULT_RECEIVE_LIMITS, ...limits } };
  }

  /** Sessions that are open. */
  get sessions(): number {
    return this.#visits.size;
  }

  /** Takes a connection, encrypted already or not; never throws. */
  accept(socket: Socket, guest?: Guest): void {
    const { limits, role } = this.#context;
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.#turnAway(socket, refusal);
      return;
    }
    const owner = `${role === 'mx' ? 'smtp' : 'submission'} ${++this.#serial}`;
    const connection = new Connection(socket, {
      owner,
      idleTimeoutMs: limits.commandTimeoutMs,
      guest,
    });
    sessionsOpened.inc();
    const log = this.#log.child({ session: owner, client: connection.remoteAddress });
    const session = new Session(this.#context, connection, log);
    const visit: Visit = { session, done: this.#receive(session) };
    this.#visits.add(visit);
    void visit.done.then(() => this.#visits.delete(visit));
  }

  /** What a client is told that the door does not let in. */
  refusal(why: DoorRefusal): string {
    return DOOR_REFUSALS[why];
  }

  /**
   * Takes no more connections and ends those that are open: idle ones at once with 421, the others when the message in
   * transfer is done. Resolves when all are closed; after `graceMs` the rest is cut off.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const visits = [...this.#visits];
    for (const { session } of visits) session.stop();
    const grace = Promise.withResolvers<void>();
    using _timer = this.#context.clock.after(graceMs, () => {
      for (const { session } of visits) session.connection.destroy();
      grace.resolve();
    });
    await Promise.race([grace.promise, Promise.all(visits.map((visit) => visit.done))]);
  }

  #refusal(): string | undefined {
    if (this.#stopping) return SHUTTING_DOWN;
    return this.#visits.size >= this.#context.limits.sessionsMax ? TOO_MANY_SESSIONS : undefined;
  }

  /** Leads a session; resolves when it is over and its connection closed. */
  async #receive(session: Session): Promise<void> {
    const closed = Promise.withResolvers<void>();
    session.connection.onClose(closed.resolve);
    await converse(session);
    await closed.promise;
  }

  #turnAway(socket: Socket, reply: string): void {
    sessionsRefused.inc();
    const timer = this.#context.clock.after(TURN_AWAY_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => timer[Symbol.dispose]());
    socket.resume();
    socket.end(reply);
  }
}
