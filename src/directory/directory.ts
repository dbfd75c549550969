import { type Clock, PosthornError, randomBytes } from '#kernel';
import { type MailboxId, type MailboxInfo, parseDomain, type SmtpAddress } from '#model';
import type { Engine } from '#storage';
import { Authentication } from './authentication.ts';
import { HASH_GATE_LIMITS, HashGate, type HashGateLimits } from './hash-gate.ts';
import type { LoginClient, LoginThrottle } from './login-throttle.ts';
import { generatePassword, requireUsablePassword } from './password.ts';
import { Addressing, type Resolution, requireAddress } from './resolve.ts';
import type { SaslChannel } from './sasl/channel.ts';
import type { Account, SaslExchange } from './sasl/exchange.ts';
import { beginExchange, isMechanism, mechanismsFor } from './sasl/mechanisms.ts';
import { ThrottledCheck, ThrottledExchange } from './sasl/throttled.ts';
import { makeVerifiers } from './secret.ts';
import { type TokenIssuer, Tokens } from './tokens.ts';

export interface DirectoryOptions {
  readonly clock: Clock;
  readonly hashing?: HashGateLimits;
  /**
   * From which the salts are made that SCRAM shows for unknown users. Give the same to all threads of a server, and
   * after a restart again, or whoever compares sees which salts change.
   */
  readonly decoySecret?: Uint8Array;
  /** Offer SCRAM-SHA-256-PLUS under TLS; there are clients that choose it and cannot do it. */
  readonly channelBinding?: boolean;
  /** Whose tokens are taken in place of a password; without any OAUTHBEARER and XOAUTH2 are not offered. */
  readonly tokenIssuers?: readonly TokenIssuer[];
  /** Holds back who guesses; without it nobody is. */
  readonly throttle?: LoginThrottle;
}

/** What was made for a new mailbox. */
export interface AddedMailbox {
  readonly mailboxId: MailboxId;
  /** Primary address in key form. */
  readonly address: string;
  /** The password when it was generated: shown once, kept nowhere. */
  readonly generatedPassword: string | undefined;
}

/** What every new mailbox has beside its INBOX (RFC 6154 §2). */
const FOLDERS = [
  { name: 'Drafts', specialUse: '\\Drafts' },
  { name: 'Sent', specialUse: '\\Sent' },
  { name: 'Trash', specialUse: '\\Trash' },
  { name: 'Junk', specialUse: '\\Junk' },
  { name: 'Archive', specialUse: '\\Archive' },
] as const;

const PAGE = 1000;
const OWNER = 'directory';

/** The organization: its domains and mailboxes, where addresses lead, and who may log in. */
export class Directory {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #gate: HashGate;
  readonly #addressing: Addressing;
  readonly #authentication: Authentication;
  readonly #throttle: LoginThrottle | undefined;

  constructor(engine: Engine, options: DirectoryOptions) {
    this.#engine = engine;
    this.#clock = options.clock;
    this.#gate = new HashGate(options.hashing ?? HASH_GATE_LIMITS);
    this.#throttle = options.throttle;
    this.#addressing = new Addressing(engine, options.clock);
    this.#authentication = new Authentication({
      engine,
      addressing: this.#addressing,
      clock: options.clock,
      gate: this.#gate,
      decoySecret: options.decoySecret ?? randomBytes(32),
      bindsChannels: options.channelBinding ?? false,
      tokens: new Tokens(options.tokenIssuers ?? [], options.clock),
    });
  }

  /** Where a recipient's address leads; see `Addressing.resolve`. */
  resolve(address: SmtpAddress): Promise<Resolution> {
    return this.#addressing.resolve(address);
  }

  /** Where `RCPT TO:<postmaster>` without a domain leads (RFC 5321 §4.5.1). */
  resolvePostmaster(): Promise<Resolution> {
    return this.#addressing.resolvePostmaster();
  }

  isLocalDomain(domain: string): Promise<boolean> {
    return this.#addressing.isLocalDomain(domain);
  }

  /**
   * Who logs in with a password; undefined when the password is wrong or nobody has that name. `login` is an
   * address, or a local part that only one mailbox has. `client`: who asks, for the throttle.
   * @throws {too-busy, deadline} when hashing is overloaded, {login-throttled} when the client has failed too often
   */
  async verifyPassword(
    login: string,
    password: string,
    client?: LoginClient,
  ): Promise<Account | undefined> {
    const attempt = client && this.#throttle?.attempt(client);
    await attempt?.begin(login);
    const account = await this.#authentication.verifyPassword(login, password);
    attempt?.end(account !== undefined);
    return account;
  }

  /** The names of the SASL mechanisms that can be used on a channel, the better ones first. */
  saslMechanisms(channel: SaslChannel): readonly string[] {
    return mechanismsFor(this.#authentication, channel);
  }

  /** Whether a SASL mechanism has that name, on whatever channel. */
  isSaslMechanism(name: string): boolean {
    return isMechanism(name);
  }

  /**
   * Begins a SASL exchange; undefined when the mechanism is unknown, or cannot be used on the channel, because it would show
   * a secret where others could read along for instance.
   */
  startSasl(mechanism: string, channel: SaslChannel): SaslExchange | undefined {
    const attempt = channel.client && this.#throttle?.attempt(channel.client);
    if (attempt === undefined) return beginExchange(mechanism, this.#authentication, channel);
    const check = new ThrottledCheck(this.#authentication, attempt);
    const exchange = beginExchange(mechanism, check, channel);
    return exchange && new ThrottledExchange(exchange, attempt);
  }

  /** Adds a domain; false when it was there. @throws {invalid} */
  async addDomain(domain: string): Promise<boolean> {
    const command = { kind: 'add-domain', domain: requireDomain(domain) } as const;
    return (await this.#engine.execute<'add-domain'>(OWNER, command)).added;
  }

  /** Removes a domain; false when it was not there. @throws {invalid}, {not-empty} while an address is in it */
  async removeDomain(domain: string): Promise<boolean> {
    const command = { kind: 'remove-domain', domain: requireDomain(domain) } as const;
    return (await this.#engine.execute<'remove-domain'>(OWNER, command)).removed;
  }

  domains(): Promise<readonly { readonly domain: string; readonly mailboxes: number }[]> {
    return this.#engine.read.domains();
  }

  /**
   * Adds a mailbox in a local domain. Without a password one is generated.
   * @throws {invalid}, {not-found} when the domain is not local, {exists-already}
   */
  async addMailbox(
    address: string,
    options: {
      readonly password?: string | undefined;
      readonly quotaBytes?: number | undefined;
    } = {},
  ): Promise<AddedMailbox> {
    const { key, domain } = requireAddress(address);
    await this.#requireLocal(domain);
    const { password, generated } = choosePassword(options.password);
    const { mailboxId } = await this.#engine.execute<'add-mailbox'>(OWNER, {
      kind: 'add-mailbox',
      address: key,
      verifiers: await this.#gate.run(OWNER, () => makeVerifiers(password)),
      quotaBytes: options.quotaBytes,
      folders: FOLDERS,
      nowMs: this.#clock.now(),
    });
    return { mailboxId, address: key, generatedPassword: generated };
  }

  /** Removes the mailbox of an address with everything in it; false when there is none. @throws {invalid} */
  async removeMailbox(address: string): Promise<boolean> {
    const info = await this.mailbox(address);
    if (info === undefined) return false;
    const command = { kind: 'remove-mailbox', mailboxId: info.mailboxId } as const;
    return (await this.#engine.execute<'remove-mailbox'>(OWNER, command)).removed;
  }

  /** The mailbox that has an address, as primary or proxy one. @throws {invalid} */
  async mailbox(address: string): Promise<MailboxInfo | undefined> {
    const { key, domain } = requireAddress(address);
    const target = await this.#engine.read.addressTarget(domain, key);
    return target.kind === 'mailbox' ? this.#engine.read.mailbox(target.mailboxId) : undefined;
  }

  /** The mailboxes with an id above `after`, ascending, at most `limit`. */
  async mailboxes(
    after: MailboxId = 0 as MailboxId,
    limit: number = Number.POSITIVE_INFINITY,
  ): Promise<readonly MailboxInfo[]> {
    const all: MailboxInfo[] = [];
    for (let last = after; all.length < limit; ) {
      const wanted = Math.min(PAGE, limit - all.length);
      const page = await this.#engine.read.mailboxes(last, wanted);
      for (const info of page) all.push(info);
      if (page.length < wanted) break;
      last = page[page.length - 1]!.mailboxId;
    }
    return all;
  }

  /**
   * Replaces both limits of a mailbox; undefined is none.
   * @throws {invalid}, {no-mailbox}
   */
  async setQuota(
    address: string,
    limits: { readonly bytes: number | undefined; readonly messages: number | undefined },
  ): Promise<void> {
    const { mailboxId } = await this.#requireMailbox(address);
    await this.#engine.execute<'set-quota'>(OWNER, {
      kind: 'set-quota',
      mailboxId,
      quotaBytes: limits.bytes,
      quotaMessages: limits.messages,
    });
  }

  /**
   * Sets a mailbox's password; without one it is generated and returned.
   * @throws {invalid}, {no-mailbox}
   */
  async setPassword(address: string, newPassword?: string): Promise<string | undefined> {
    const { mailboxId } = await this.#requireMailbox(address);
    const { password, generated } = choosePassword(newPassword);
    const verifiers = await this.#gate.run(OWNER, () => makeVerifiers(password));
    await this.#engine.execute<'set-verifiers'>(OWNER, {
      kind: 'set-verifiers',
      mailboxId,
      verifiers,
    });
    return generated;
  }

  /**
   * Gives a mailbox a further address; false when it has it already.
   * @throws {invalid}, {no-mailbox}, {not-found} when the domain is not local, {exists-already} in another mailbox
   */
  async addAddress(address: string, proxy: string): Promise<boolean> {
    const { key, domain } = requireAddress(proxy);
    const { mailboxId } = await this.#requireMailbox(address);
    await this.#requireLocal(domain);
    return this.#changeAddress(mailboxId, key, true);
  }

  /** Takes a proxy address away; false when the mailbox does not have it. @throws {invalid}, {no-mailbox} */
  async removeAddress(address: string, proxy: string): Promise<boolean> {
    const { key } = requireAddress(proxy);
    const { mailboxId, primaryAddress } = await this.#requireMailbox(address);
    if (key === primaryAddress)
      throw new PosthornError(
        'invalid',
        `${key} is the mailbox's primary address: it stays while the mailbox does`,
      );
    return this.#changeAddress(mailboxId, key, false);
  }

  async #changeAddress(mailboxId: MailboxId, address: string, on: boolean): Promise<boolean> {
    const command = { kind: 'change-address', mailboxId, address, on } as const;
    return (await this.#engine.execute<'change-address'>(OWNER, command)).changed;
  }

  async #requireMailbox(address: string): Promise<MailboxInfo> {
    const info = await this.mailbox(address);
    if (info === undefined)
      throw new PosthornError('no-mailbox', `no mailbox has the address ${address}`);
    return info;
  }

  async #requireLocal(domain: string): Promise<void> {
    if (await this.isLocalDomain(domain)) return;
    throw new PosthornError(
      'not-found',
      `${domain} is not a domain of the organization: add it first`,
    );
  }
}

function choosePassword(given: string | undefined): {
  readonly password: string;
  readonly generated: string | undefined;
} {
  const generated = given === undefined ? generatePassword() : undefined;
  const password = given ?? generated!;
  requireUsablePassword(password);
  return { password, generated };
}

function requireDomain(text: string): string {
  const domain = parseDomain(text);
  if (domain === undefined)
    throw new PosthornError(
      'invalid',
      `${JSON.stringify(text)} is not a domain: write it like example.com, labels of letters, digits and hyphens`,
    );
  return domain;
}
