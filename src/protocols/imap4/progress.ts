import { responseCode } from '#wire';
import type { Session } from './session.ts';

/** How long nothing is said, from the start of a command and between two tellings (RFC 9585 §3 advises 10 to 15 s). */
const PERIOD_MS = 10_000;

/**
 * Tells now and then that a command goes on and how far it has come, until disposed (RFC 9585), so that neither the client nor
 * anything between gives the connection up.
 */
export class Progress implements Disposable {
  readonly #timer: Disposable;
  #done: number | undefined;
  #goal: number | undefined;

  constructor(session: Session) {
    const { tag } = session;
    this.#timer = session.server.clock.every(PERIOD_MS, () =>
      session.say('OK', 'Still working', responseCode.inProgress(tag, this.#done, this.#goal)),
    );
  }

  /** So many of so many are done; what is less than before is passed over (RFC 9585 §4: it only grows). */
  at(done: number, goal: number): void {
    if (this.#done !== undefined && done < this.#done) return;
    this.#done = done;
    this.#goal = goal > 0 ? goal : undefined;
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }
}
