import { type Clock, randomBytes } from '#kernel';
import type { MailboxId } from '#model';
import type { Engine } from '#storage';
import { Credentials } from './credentials.ts';
import type { HashGate } from './hash-gate.ts';
import { prepareText } from './password.ts';
import type { Addressing } from './resolve.ts';
import type { Account, SaslExchange } from './sasl/exchange.ts';
import { LoginExchange } from './sasl/login.ts';
import { PlainExchange } from './sasl/plain.ts';
import { type ScramCheck, ScramExchange, type ScramUser } from './sasl/scram.ts';
import { hmacSha256, parseScram, SCRAM_ITERATIONS, SCRAM_SALT_BYTES } from './secret.ts';

export const SASL_MECHANISMS = ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const;
/** Longer than any login name that could be found. */
const LOGIN_CHARS_MAX = 512;

/** Finds out whether people are who they say they are. */
export class Authentication implements ScramCheck {
  readonly #engine: Engine;
  readonly #addressing: Addressing;
  readonly #credentials: Credentials;
  readonly #decoySecret: Uint8Array;

  constructor(options: {
    readonly engine: Engine;
    readonly addressing: Addressing;
    readonly clock: Clock;
    readonly gate: HashGate;
    readonly decoySecret: Uint8Array;
  }) {
    this.#engine = options.engine;
    this.#addressing = options.addressing;
    this.#credentials = new Credentials(options.clock, options.gate);
    this.#decoySecret = options.decoySecret;
  }

  /** Begins an exchange; undefined when the mechanism is unknown or needs a channel that is protected. */
  startSasl(mechanism: string, channelSecure: boolean): SaslExchange | undefined {
    const name = mechanism.toUpperCase();
    if (name === 'SCRAM-SHA-256') return new ScramExchange(this);
    if (!channelSecure) return undefined;
    if (name === 'PLAIN') return new PlainExchange(this);
    return name === 'LOGIN' ? new LoginExchange(this) : undefined;
  }

  async verifyPassword(login: string, password: string): Promise<Account | undefined> {
    const found = await this.#find(login);
    const verifiers = found && (await this.#engine.read.verifiers(found));
    const verifier = verifiers?.argon2id;
    if (!(await this.#credentials.matches(login, verifier, password))) return undefined;
    return found && this.#account(found);
  }

  async isSame(login: string, account: Account): Promise<boolean> {
    return (await this.#find(login)) === account.mailboxId;
  }

  async scramUser(login: string): Promise<ScramUser> {
    const found = await this.#find(login);
    const verifiers = found && (await this.#engine.read.verifiers(found));
    const account = verifiers && found && (await this.#account(found));
    if (account === undefined || verifiers === undefined) return this.#nobody(login);
    return { verifier: parseScram(verifiers.scramSha256), account };
  }

  nonce(): string {
    return randomBytes(18).toString('base64');
  }

  async #find(login: string): Promise<MailboxId | undefined> {
    if (login.length > LOGIN_CHARS_MAX) return undefined;
    return this.#addressing.resolveLogin(prepareText(login));
  }

  async #account(mailboxId: MailboxId): Promise<Account | undefined> {
    const info = await this.#engine.read.mailbox(mailboxId);
    return info && { mailboxId, address: info.primaryAddress };
  }

  /** A verifier as a real user's would look: asked again for the same name, the salt is the same. */
  #nobody(login: string): ScramUser {
    const name = login.normalize('NFC').toLowerCase();
    const salt = hmacSha256(this.#decoySecret, `salt ${name}`).subarray(0, SCRAM_SALT_BYTES);
    return {
      verifier: {
        iterations: SCRAM_ITERATIONS,
        salt,
        storedKey: randomBytes(32),
        serverKey: randomBytes(32),
      },
      account: undefined,
    };
  }
}
