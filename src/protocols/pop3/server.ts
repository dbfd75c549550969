import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import {
  type Clock,
  Connection,
  type DoorRefusal,
  type Guest,
  type Logger,
  SharedCounts,
} from '#kernel';
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
  /** The sessions of each mailbox, over all threads and protocols. */
  readonly seats?: SharedCounts;
}

const REFUSALS: Readonly<Record<DoorRefusal, string>> = {
  'too-many': 'Too many connections, try again later',
  'too-many-of-address': 'Too many connections from your address',
  'too-fast': 'Too many connections from your address in a short time, try again in a minute',
};

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
      seats: options.seats ?? SharedCounts.alone(),
    };
  }

  /** How many sessions there are. */
  get sessions(): number {
    return this.#running.size;
  }

  /** Takes a connection, under TLS already or not. */
  accept(socket: Socket, guest?: Guest): void {
    const { idleTimeoutMs, sessionsMax } = this.#context.limits;
    const owner = `pop3 ${++this.#lastNumber}`;
    const connection = new Connection(socket, { owner, idleTimeoutMs, guest });
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

  /** What a client is told that the door does not let in. */
  refusal(why: DoorRefusal): string {
    return pop3Err(REFUSALS[why], 'SYS/TEMP');
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
