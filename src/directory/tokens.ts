import type { JWTPayload, JWTVerifyOptions } from 'jose';
import type { Clock } from '#kernel';

/** Whose tokens are taken, and how they are read. */
export interface TokenIssuer {
  /** As the `iss` claim has it. */
  readonly issuer: string;
  /** One of these must be in the `aud` claim. */
  readonly audience: readonly string[];
  /** The issuer's public keys, a JWK set (RFC 7517 §5). */
  readonly keys: readonly Readonly<Record<string, unknown>>[];
  /** The claim that names the mailbox by one of its addresses. */
  readonly mailboxClaim: string;
}

/** Signatures that only the issuer can make; nothing with a shared secret, and not "none". */
const ALGORITHMS = [
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
];
/** How far the clocks of issuer and server may be apart. */
const TOLERANCE_SECONDS = 30;

/** Verifies JSON Web Tokens (RFC 7519 §7.2) of the issuers that the server is set up for. */
export class Tokens {
  readonly #issuers: ReadonlyMap<string, TokenIssuer>;
  readonly #clock: Clock;

  constructor(issuers: readonly TokenIssuer[], clock: Clock) {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
    this.#clock = clock;
  }

  /** Whether any token is taken. */
  get taken(): boolean {
    return this.#issuers.size > 0;
  }

  /** The address that a token names; a reason when it is not taken. */
  async verify(token: string): Promise<{ readonly address: string } | { readonly reason: string }> {
    // Loaded only where tokens are taken.
    const { decodeJwt } = await import('jose');
    try {
      const issuer = this.#issuers.get(decodeJwt(token).iss ?? '');
      if (issuer === undefined) return { reason: 'a token of an unknown issuer' };
      return addressOf(await this.#verified(token, issuer), issuer);
    } catch (error) {
      return { reason: `a token that is not valid: ${(error as Error).message}` };
    }
  }

  async #verified(token: string, issuer: TokenIssuer): Promise<JWTPayload> {
    const { createLocalJWKSet, errors, jwtVerify } = await import('jose');
    const options: JWTVerifyOptions = {
      issuer: issuer.issuer,
      audience: [...issuer.audience],
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'iss', 'aud', issuer.mailboxClaim],
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(this.#clock.now()),
    };
    const keys = createLocalJWKSet({ keys: issuer.keys.map((key) => ({ ...key })) });
    try {
      return (await jwtVerify(token, keys, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // The token does not say which of several keys it was signed with.
      for await (const key of error) {
        try {
          return (await jwtVerify(token, key, options)).payload;
        } catch (other) {
          if (!(other instanceof errors.JWSSignatureVerificationFailed)) throw other;
        }
      }
      throw error;
    }
  }
}

/** An address that the issuer itself says it has not verified is anybody's. */
function addressOf(
  claims: JWTPayload,
  { mailboxClaim }: TokenIssuer,
): { readonly address: string } | { readonly reason: string } {
  const address = claims[mailboxClaim];
  if (typeof address !== 'string' || !address.includes('@'))
    return { reason: `the claim ${mailboxClaim} is no address` };
  if (mailboxClaim === 'email' && claims['email_verified'] === false)
    return { reason: 'an address that the issuer has not verified' };
  return { address };
}
