import { hash } from 'node:crypto';
import { type Clock, randomBytes } from '#kernel';
import type { HashGate } from './hash-gate.ts';
import { isTriable } from './password.ts';
import { makeArgon2id, matchesArgon2id } from './secret.ts';

export const REMEMBER_MS = 10 * 60_000;
export const REMEMBERED_MAX = 10_000;

/**
 * Checks passwords against argon2id verifiers. Clients log in all the time, so a proof that succeeded is remembered
 * for ten minutes: as a SHA-256 over a random key, login, verifier and password; neither key nor hash ever leaves this
 * process. A changed verifier makes another hash, so what was remembered for the old one is never asked again.
 * The same proof asked for many times at once is computed once.
 */
export class Credentials {
  readonly #clock: Clock;
  readonly #gate: HashGate;
  readonly #key = randomBytes(32).toString('base64');
  /** When each remembered proof expires, least recently used first. */
  readonly #remembered = new Map<string, number>();
  readonly #running = new Map<string, Promise<boolean>>();
  #decoy: Promise<string> | undefined;

  constructor(clock: Clock, gate: HashGate) {
    this.#clock = clock;
    this.#gate = gate;
  }

  get remembered(): number {
    return this.#remembered.size;
  }

  /**
   * Tells whether the password belongs to the verifier. Undefined, for a login that is unknown or has no password,
   * costs what a wrong password costs and is false. @throws {too-busy, deadline} by the hash gate
   */
  async matches(login: string, verifier: string | undefined, password: string): Promise<boolean> {
    const real = verifier !== undefined && isTriable(password);
    const proof = this.#proof(login, verifier ?? '', password);
    if (real && this.#recall(proof)) return true;
    const running = this.#running.get(proof);
    if (running !== undefined) return running;
    const check = this.#check(real ? verifier : undefined, password);
    this.#running.set(proof, check);
    try {
      const matches = await check;
      if (matches) this.#remember(proof);
      return matches;
    } finally {
      this.#running.delete(proof);
    }
  }

  async #check(verifier: string | undefined, password: string): Promise<boolean> {
    this.#decoy ??= makeArgon2id('').catch((error: unknown) => {
      this.#decoy = undefined;
      throw error;
    });
    const decoy = await this.#decoy;
    const tried = isTriable(password) ? password : '';
    const matches = await this.#gate.run('directory', () =>
      matchesArgon2id(verifier ?? decoy, tried),
    );
    return matches && verifier !== undefined;
  }

  #proof(login: string, verifier: string, password: string): string {
    const lengths = `${login.length}:${verifier.length}:`;
    return hash('sha256', this.#key + lengths + login + verifier + password, 'base64');
  }

  #recall(proof: string): boolean {
    const expiresMs = this.#remembered.get(proof);
    if (expiresMs === undefined) return false;
    this.#remembered.delete(proof);
    if (expiresMs <= this.#clock.now()) return false;
    this.#remembered.set(proof, expiresMs);
    return true;
  }

  #remember(proof: string): void {
    this.#remembered.set(proof, this.#clock.now() + REMEMBER_MS);
    if (this.#remembered.size <= REMEMBERED_MAX) return;
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest);
      break;
    }
  }
}
