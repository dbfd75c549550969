import { type Clock, PosthornError } from '#kernel';
import { addressKey, domainKey, type MailboxId, parseAddress, type SmtpAddress } from '#model';
import type { Engine } from '#storage';

/** Where the address of a recipient leads. */
export type Resolution =
  | { readonly kind: 'mailbox'; readonly mailboxId: MailboxId }
  | { readonly kind: 'unknown-recipient' }
  | { readonly kind: 'not-local' };

const UNKNOWN: Resolution = { kind: 'unknown-recipient' };
const NOT_LOCAL: Resolution = { kind: 'not-local' };
const POSTMASTER = 'postmaster';
/** With more domains than this nobody logs in by local part alone: each would cost a look-up. */
const BARE_LOGIN_DOMAINS_MAX = 16;
const POSTMASTER_FRESH_MS = 60_000;
/** Addresses whose mailbox is remembered until the directory changes. */
const REMEMBERED_MAX = 10_000;

/** Says where addresses lead: proxy addresses, plus addressing, postmaster. */
export class Addressing {
  readonly #engine: Engine;
  readonly #clock: Clock;
  /** Only what was found: an address that has just been added must not go on being unknown. */
  readonly #found = new Map<string, Resolution>();
  #postmaster: { readonly resolution: Resolution; readonly untilMs: number } | undefined;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
    engine.onChanges((changes) => {
      for (const { kind } of changes)
        if (kind === 'directory' || kind === 'mailbox-removed') this.#forget();
    });
  }

  /** Whether a domain is one of the organization's. */
  async isLocalDomain(domain: string): Promise<boolean> {
    const key = domainKey(domain);
    if (key === '') return false;
    const target = await this.#engine.read.addressTarget(key, `${POSTMASTER}@${key}`);
    return target.kind !== 'unknown-domain';
  }

  /** Resolves a recipient: as it is, then without its `+tag`, then as postmaster (RFC 5321 §4.5.1). */
  async resolve(address: SmtpAddress): Promise<Resolution> {
    const { local } = address;
    const exact = await this.#lookUp(address);
    if (exact.kind !== 'unknown-recipient') return exact;
    const plus = local.indexOf('+');
    const user = plus > 0 ? local.slice(0, plus) : local;
    if (plus > 0) {
      const tagged = await this.#lookUp({ local: user, domain: address.domain });
      if (tagged.kind === 'mailbox') return tagged;
    }
    return user.toLowerCase() === POSTMASTER ? this.resolvePostmaster() : UNKNOWN;
  }

  /**
   * Where mail for postmaster goes that has no address of that name: to the mailbox that is postmaster of the first
   * domain that has one, else to the organization's first mailbox.
   */
  async resolvePostmaster(): Promise<Resolution> {
    const nowMs = this.#clock.now();
    if (this.#postmaster !== undefined && nowMs < this.#postmaster.untilMs)
      return this.#postmaster.resolution;
    const resolution = await this.#findPostmaster();
    this.#postmaster = { resolution, untilMs: nowMs + POSTMASTER_FRESH_MS };
    return resolution;
  }

  /**
   * The mailbox of a login name: an address, or a local part that is an address in exactly one mailbox. Plus
   * addressing and postmaster do not apply, they are for mail.
   */
  async resolveLogin(login: string): Promise<MailboxId | undefined> {
    if (login.includes('@')) {
      const address = parseAddress(login);
      return address === undefined ? undefined : mailboxIdOf(await this.#lookUp(address));
    }
    const domains = await this.#engine.read.domains();
    if (domains.length > BARE_LOGIN_DOMAINS_MAX) return undefined;
    let found: MailboxId | undefined;
    for (const { domain } of domains) {
      const address = parseAddress(`${login}@${domain}`);
      const mailboxId = address && mailboxIdOf(await this.#lookUp(address));
      if (mailboxId === undefined || mailboxId === found) continue;
      if (found !== undefined) return undefined;
      found = mailboxId;
    }
    return found;
  }

  async #lookUp(address: SmtpAddress): Promise<Resolution> {
    const domain = domainKey(address.domain);
    if (domain === '') return NOT_LOCAL;
    const key = addressKey(address);
    const remembered = this.#found.get(key);
    if (remembered !== undefined) return remembered;
    const target = await this.#engine.read.addressTarget(domain, key);
    if (target.kind === 'mailbox') {
      if (this.#found.size >= REMEMBERED_MAX) this.#found.clear();
      this.#found.set(key, target);
      return target;
    }
    return target.kind === 'unknown-address' ? UNKNOWN : NOT_LOCAL;
  }

  #forget(): void {
    this.#postmaster = undefined;
    this.#found.clear();
  }

  async #findPostmaster(): Promise<Resolution> {
    const { read } = this.#engine;
    for (const { domain } of await read.domains()) {
      const target = await read.addressTarget(domain, `${POSTMASTER}@${domain}`);
      if (target.kind === 'mailbox') return target;
    }
    const [first] = await read.mailboxes(0 as MailboxId, 1);
    return first === undefined ? UNKNOWN : { kind: 'mailbox', mailboxId: first.mailboxId };
  }
}

function mailboxIdOf(resolution: Resolution): MailboxId | undefined {
  return resolution.kind === 'mailbox' ? resolution.mailboxId : undefined;
}

/** Reads an address that an administrator typed. @throws {invalid} naming what would be right */
export function requireAddress(text: string): { readonly key: string; readonly domain: string } {
  const address = parseAddress(text);
  if (address === undefined)
    throw new PosthornError(
      'invalid',
      `${JSON.stringify(text)} is not a mail address: write it like ann@example.com, the part before @ in at most 64 bytes, without spaces or quotes`,
    );
  return { key: addressKey(address), domain: address.domain };
}
