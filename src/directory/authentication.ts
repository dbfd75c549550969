import { type Clock, randomBytes } from '#kernel';
import type { MailboxId } from '#model';
import type { Engine } from '#storage';
import { Credentials } from './credentials.ts';
import type { HashGate } from './hash-gate.ts';
import { prepareText } from './password.ts';
import type { Addressing } from './resolve.ts';
import type { Account } from './sasl/exchange.ts';
import type { SaslCheck } from './sasl/mechanisms.ts';
import type { ScramUser } from './sasl/scram.ts';
import { hmacSha256, parseScram, SCRAM_ITERATIONS, SCRAM_SALT_BYTES } from './secret.ts';
import type { Tokens } from './tokens.ts';

/** Longer than any login name that could be found. */
const LOGIN_CHARS_MAX = 512;

/** Finds out whether people are who they say they are. */
export class Authentication implements SaslCheck {
  readonly #engine: Engine;
  readonly #addressing: Addressing;
  readonly #credentials: Credentials;
  readonly #decoySecret: Uint8Array;
  readonly #tokens: Tokens;
  readonly bindsChannels: boolean;

  constructor(options: {
    readonly engine: Engine;
    readonly addressing: Addressing;
    readonly clock: Clock;
    readonly gate: HashGate;
    readonly decoySecret: Uint8Array;
    readonly tokens: Tokens;
    readonly bindsChannels: boolean;
  }) {
    this.#engine = options.engine;
    this.#addressing = options.addressing;
    this.#credentials = new Credentials(options.clock, options.gate);
    this.#decoySecret = options.decoySecret;
    this.#tokens = options.tokens;
    this.bindsChannels = options.bindsChannels;
  }

  get takesTokens(): boolean {
    return this.#tokens.taken;
  }

  async verifyToken(token: string): Promise<Account | { readonly reason: string }> {
    const verified = await this.#tokens.verify(token);
    if ('reason' in verified) return verified;
    return (
      (await this.accountOf(verified.address)) ?? {
        reason: `a token of ${verified.address}, which is no address here`,
      }
    );
  }

  async accountOf(address: string): Promise<Account | undefined> {
    const found = await this.#find(address);
    return found && this.#account(found);
  }

  async verifyPassword(login: string, password: string): Promise<Account | undefined> {
    const found = await this.#find(login);
    const known = found && (await this.#engine.read.login(found));
    const verifier = known?.verifiers?.argon2id;
    if (!(await this.#credentials.matches(login, verifier, password))) return undefined;
    return found && known && { mailboxId: found, address: known.primaryAddress };
  }

  async isSame(login: string, account: Account): Promise<boolean> {
    return (await this.#find(login)) === account.mailboxId;
  }

  async scramUser(login: string): Promise<ScramUser> {
    const found = await this.#find(login);
    const known = found && (await this.#engine.read.login(found));
    if (found === undefined || known?.verifiers === undefined) return this.#nobody(login);
    const account = { mailboxId: found, address: known.primaryAddress };
    return { verifier: parseScram(known.verifiers.scramSha256), account };
  }

  nonce(): string {
    return randomBytes(18).toString('base64');
  }

  async #find(login: string): Promise<MailboxId | undefined> {
    if (login.length > LOGIN_CHARS_MAX) return undefined;
    return this.#addressing.resolveLogin(prepareText(login));
  }

  async #account(mailboxId: MailboxId): Promise<Account | undefined> {
    const known = await this.#engine.read.login(mailboxId);
    return known && { mailboxId, address: known.primaryAddress };
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
