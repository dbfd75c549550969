import type { X509Certificate } from 'node:crypto';
import {
  type Account,
  decodeUtf8,
  EMPTY_CHALLENGE,
  failure,
  type SaslExchange,
  type SaslStep,
} from './exchange.ts';

export interface CertificateCheck {
  /** The mailbox that has an address; undefined when none has. */
  accountOf(address: string): Promise<Account | undefined>;
  isSame(login: string, account: Account): Promise<boolean>;
}

/** Addresses looked at of one certificate. */
const ADDRESSES_MAX = 16;

/**
 * EXTERNAL (RFC 4422 Appendix A): the client has shown a certificate in the TLS handshake, and is who that says. Its
 * mail addresses (RFC 5280 §4.2.1.6, rfc822Name) lead to the mailbox, the first that does.
 *
 *     initial-response = *( UTF8-char-no-nul )                          ; the authorization identity, or nothing
 */
export class ExternalExchange implements SaslExchange {
  readonly #check: CertificateCheck;
  readonly #certificate: X509Certificate;

  constructor(check: CertificateCheck, certificate: X509Certificate) {
    this.#check = check;
    this.#certificate = certificate;
  }

  async step(response: Uint8Array | undefined): Promise<SaslStep> {
    if (response === undefined) return EMPTY_CHALLENGE;
    const authorization = decodeUtf8(response);
    if (authorization === undefined || authorization.includes('\0'))
      return failure('malformed EXTERNAL response');
    const addresses = addressesOf(this.#certificate);
    for (const address of addresses) {
      const account = await this.#check.accountOf(address);
      if (account === undefined) continue;
      if (authorization !== '' && !(await this.#check.isSame(authorization, account))) continue;
      return { kind: 'success', account, data: undefined };
    }
    return failure(`no mailbox of the certificate fits: ${addresses.join(' ')}`);
  }
}

/** What is in quotes holds characters that could make one name look like two, and is no address of ours. */
function addressesOf({ subjectAltName }: X509Certificate): readonly string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .map((name) => /^email:([^\s",]+@[^\s",@]+)$/.exec(name)?.[1])
    .filter((address) => address !== undefined)
    .slice(0, ADDRESSES_MAX);
}
