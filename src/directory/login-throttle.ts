import {
  type Clock,
  countedAs,
  metrics,
  type Networks,
  PosthornError,
  type SharedPace,
  waits,
} from '#kernel';

export interface LoginThrottleLimits {
  /** Failed logins of an address, or of a name from addresses that it is not known from, before anything waits. */
  readonly failuresFree: number;
  /** How long one failure more takes to be forgiven: the pace to which guessing comes down. */
  readonly forgivenMs: number;
  /** How long a login may be held back for its address; one that would have to wait longer is refused. */
  readonly addressWaitMaxMs: number;
  /** How long a login may be held back for the failures of its name; longer it never takes. */
  readonly nameWaitMaxMs: number;
  /** How long an address stays known for a name that has logged in from there. */
  readonly knownMs: number;
}

export const LOGIN_THROTTLE_LIMITS: LoginThrottleLimits = {
  failuresFree: 10,
  forgivenMs: 6000,
  addressWaitMaxMs: 15_000,
  nameWaitMaxMs: 5000,
  knownMs: 30 * 24 * 3_600_000,
};

/** Who tries to log in, as far as the throttle needs to know. */
export interface LoginClient {
  readonly address: string;
  /** Whose wait it is in the registry. */
  readonly owner: string;
}

const failed = metrics.counter('logins_failed', 'Logins that failed');
const delayed = metrics.counter('logins_delayed', 'Logins held back after failures before');
const refused = metrics.counter('logins_refused', 'Logins refused after too many failures');

/**
 * Makes guessing slow over all connections, threads and protocols. Failures are charged to the client's address and to the name
 * that was tried. What is owed is waited for before the password is looked at, so right and wrong guesses take the same;
 * who waits has paid for one guess already, so that many connections are not faster than one.
 *
 * An address is refused when it owes too much. A name never is: whoever guesses at it from many places can hold its owner back
 * for `nameWaitMaxMs`, and not at all from where the owner has logged in before. Trusted networks owe nothing for their
 * address, because many users come from it.
 */
export class LoginThrottle {
  readonly #limits: LoginThrottleLimits;
  readonly #pace: SharedPace;
  readonly #known: SharedPace;
  readonly #trusted: Networks;
  readonly #clock: Clock;

  constructor(parts: {
    readonly pace: SharedPace;
    /** Apart from `pace`, because what it holds lasts long. */
    readonly known: SharedPace;
    readonly trusted: Networks;
    readonly clock: Clock;
    readonly limits?: Partial<LoginThrottleLimits>;
  }) {
    this.#pace = parts.pace;
    this.#known = parts.known;
    this.#trusted = parts.trusted;
    this.#clock = parts.clock;
    this.#limits = { ...LOGIN_THROTTLE_LIMITS, ...parts.limits };
  }

  /** Begins an attempt to log in; tell it how it ended. */
  attempt(client: LoginClient): LoginAttempt {
    const trusted = this.#trusted.includes(client.address);
    return new LoginAttempt(this, client, trusted ? undefined : countedAs(client.address));
  }

  /** Waits for the turn of an address and a name. @throws {login-throttled}; gives what was paid in advance */
  async turn(client: LoginClient, network: string | undefined, name: string): Promise<boolean> {
    const { addressWaitMaxMs, nameWaitMaxMs, forgivenMs } = this.#limits;
    const addressMs = network === undefined ? 0 : this.#dueMs(`address ${network}`);
    if (addressMs > addressWaitMaxMs) {
      refused.inc();
      throw new PosthornError('login-throttled', `too many failed logins from ${network}`);
    }
    if (addressMs > 0) this.#charge(`address ${network}`, forgivenMs);
    const nameMs = this.#isKnown(network, name)
      ? 0
      : Math.min(nameWaitMaxMs, this.#dueMs(`name ${name}`));
    const waitMs = Math.max(addressMs, nameMs);
    if (waitMs > 0) {
      delayed.inc();
      const over = this.#clock.sleep(waitMs);
      await waits.track('its turn to log in', client.owner, waitMs + 60_000, over);
    }
    return addressMs > 0;
  }

  /** A login went well: what was paid in advance is given back, and the address is known. */
  succeeded(network: string | undefined, name: string | undefined, paid: boolean): void {
    const { forgivenMs, knownMs } = this.#limits;
    if (network === undefined || name === undefined) return;
    if (paid) this.#charge(`address ${network}`, -forgivenMs);
    this.#known.charge(`${name} from ${network}`, knownMs, knownMs);
  }

  /** A login failed. */
  failed(network: string | undefined, name: string | undefined, paid: boolean): void {
    const { forgivenMs } = this.#limits;
    failed.inc();
    if (network !== undefined && !paid) this.#charge(`address ${network}`, forgivenMs);
    if (name !== undefined && !this.#isKnown(network, name))
      this.#charge(`name ${name}`, forgivenMs);
  }

  #isKnown(network: string | undefined, name: string): boolean {
    if (network === undefined) return false;
    return this.#known.owedMs(`${name} from ${network}`, this.#limits.knownMs) > 0;
  }

  /** How long until what is owed is no more than what is free. */
  #dueMs(key: string): number {
    const { failuresFree, forgivenMs } = this.#limits;
    // The free ones are what may be owed: of eleven the first is to be forgiven.
    return this.#pace.owedMs(key, this.#owedMaxMs) - (failuresFree - 1) * forgivenMs;
  }

  #charge(key: string, costMs: number): void {
    this.#pace.charge(key, costMs, this.#owedMaxMs);
  }

  /** Nobody pays for ever: whoever stops guessing may try again after as long as the free failures take, and the wait. */
  get #owedMaxMs(): number {
    const { failuresFree, forgivenMs, addressWaitMaxMs } = this.#limits;
    return (failuresFree - 1) * forgivenMs + 2 * addressWaitMaxMs + forgivenMs;
  }
}

/** One attempt to log in. */
export class LoginAttempt {
  readonly #throttle: LoginThrottle;
  readonly #client: LoginClient;
  readonly #network: string | undefined;
  #name: string | undefined;
  #paid = false;

  constructor(throttle: LoginThrottle, client: LoginClient, network: string | undefined) {
    this.#throttle = throttle;
    this.#client = client;
    this.#network = network;
  }

  /** Waits until a name may be tried, before it is looked at. @throws {login-throttled} */
  async begin(name: string): Promise<void> {
    this.#name = name.normalize('NFC').toLowerCase();
    this.#paid = await this.#throttle.turn(this.#client, this.#network, this.#name);
  }

  end(succeeded: boolean): void {
    const how = succeeded ? 'succeeded' : 'failed';
    this.#throttle[how](this.#network, this.#name, this.#paid);
    this.#paid = false;
  }
}
