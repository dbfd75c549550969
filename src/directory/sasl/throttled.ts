import type { LoginAttempt } from '../login-throttle.ts';
import type { Account, SaslExchange, SaslStep } from './exchange.ts';
import type { SaslCheck } from './mechanisms.ts';
import type { ScramUser } from './scram.ts';

/** What is logged in by a token tells its name only when the token has been verified. */
const BY_TOKEN = '';

/** Asks as one client: every question about somebody's secret waits for its turn. */
export class ThrottledCheck implements SaslCheck {
  readonly #check: SaslCheck;
  readonly #attempt: LoginAttempt;

  constructor(check: SaslCheck, attempt: LoginAttempt) {
    this.#check = check;
    this.#attempt = attempt;
  }

  get bindsChannels(): boolean {
    return this.#check.bindsChannels;
  }

  get takesTokens(): boolean {
    return this.#check.takesTokens;
  }

  async verifyPassword(login: string, password: string): Promise<Account | undefined> {
    await this.#attempt.begin(login);
    return this.#check.verifyPassword(login, password);
  }

  async scramUser(login: string): Promise<ScramUser> {
    await this.#attempt.begin(login);
    return this.#check.scramUser(login);
  }

  async verifyToken(token: string): Promise<Account | { readonly reason: string }> {
    await this.#attempt.begin(BY_TOKEN);
    return this.#check.verifyToken(token);
  }

  isSame(login: string, account: Account): Promise<boolean> {
    return this.#check.isSame(login, account);
  }

  accountOf(address: string): Promise<Account | undefined> {
    return this.#check.accountOf(address);
  }

  nonce(): string {
    return this.#check.nonce();
  }
}

/** An exchange that tells the throttle how it ended. One that is broken off has guessed nothing. */
export class ThrottledExchange implements SaslExchange {
  readonly #exchange: SaslExchange;
  readonly #attempt: LoginAttempt;

  constructor(exchange: SaslExchange, attempt: LoginAttempt) {
    this.#exchange = exchange;
    this.#attempt = attempt;
  }

  async step(response: Uint8Array | undefined): Promise<SaslStep> {
    const step = await this.#exchange.step(response);
    if (step.kind !== 'challenge') this.#attempt.end(step.kind === 'success');
    return step;
  }
}
