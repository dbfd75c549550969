import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { type Clock, Connection, type Logger } from '#kernel';
import { pop3Err } from '#wire';
import { POP3_LIMITS, type Pop3Limits } from './limits.ts';
import type { Pop3Directory, Pop3Store } from './ports.ts';
import { type Pop3Context, Pop3Session } from './session.ts';

export interface Pop3ServerOptions {
  /** The name in the greeting. */
  readonly hostname: string;
  readonly directory: Pop3Directory;
  readonly store: Pop3Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** For STLS; without it that is not offered. */
  readonly secureContext?: SecureContext | undefined;
  readonly limits?: Partial<Pop3Limits>;
}

/** Holds the POP3 sessions of a thread. */
export class Pop3Server {
  readonly #context: Pop3Context;
  readonly #running = new Map<Pop3Session, Promise<void>>();
  #lastNumber = 0;
  #stopping = false;

  constructor(options: Pop3ServerOptions) {
    this.#context = {
      hostname: options.hostname,
      directory: options.directory,
      store: options.store,
      clock: options.clock,
      log: options.log,
      secureContext: options.secureContext,
      limits: { ...POP3_LIMITS, ...options.limits },
    };
  }

  /** How many sessions there are. */
  get sessions(): number {
    return this.#running.size;
  }

  /** Takes a connection, under TLS already or not. */
  accept(socket: Socket): void {
    const { idleTimeoutMs, sessionsMax } = this.#context.limits;
    const owner = `pop3 ${++this.#lastNumber}`;
    const connection = new Connection(socket, { owner, idleTimeoutMs });
    if (this.#stopping || this.#running.size >= sessionsMax) {
      const text = this.#stopping ? 'The server is shutting down' : 'Too many sessions, try again';
      connection.write(pop3Err(text, 'SYS/TEMP'));
      connection.end();
      return;
    }
    const session = new Pop3Session(this.#context, connection);
    const running = session.run().finally(() => this.#running.delete(session));
    this.#running.set(session, running);
  }

  /**
   * Ends all sessions: commands under way are finished within `graceMs`, what is left then is cut off. Sessions that
   * have not said QUIT change nothing.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    for (const session of this.#running.keys()) session.stop();
    const { promise: overdue, resolve } = Promise.withResolvers<void>();
    using _deadline = this.#context.clock.after(graceMs, resolve);
    await Promise.race([Promise.all(this.#running.values()), overdue]);
    for (const session of this.#running.keys()) session.connection.destroy();
  }
}
