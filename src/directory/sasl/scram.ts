import { timingSafeEqual } from 'node:crypto';
import { prepareText } from '../password.ts';
import { hmacSha256, type ScramVerifier, sha256 } from '../secret.ts';
import { BINDING_TYPES, type SaslChannel } from './channel.ts';
import {
  type Account,
  decodeUtf8,
  EMPTY_CHALLENGE,
  failure,
  type SaslExchange,
  type SaslStep,
} from './exchange.ts';
import {
  type ClientFirst,
  parseClientFinal,
  parseClientFirst,
  type ScramError,
} from './scram-message.ts';

/** What SCRAM needs to know about whoever logs in. */
export interface ScramUser {
  readonly verifier: ScramVerifier;
  /** Undefined for an unknown user, whose verifier nobody can match. */
  readonly account: Account | undefined;
}

export interface ScramCheck {
  /** Finds the user, or makes up a verifier that is always the same for this name. */
  scramUser(login: string): Promise<ScramUser>;
  isSame(login: string, account: Account): Promise<boolean>;
  /** The server's part of the nonce: printable ASCII without ",". */
  nonce(): string;
}

interface Challenged {
  readonly first: ClientFirst;
  readonly user: ScramUser;
  /** What the client must repeat: its gs2 header, and the channel's binding behind it. */
  readonly binding: Buffer;
  readonly nonce: string;
  readonly serverFirst: string;
}

/** How an exchange may be bound to its channel. */
export type ScramBinding =
  /** SCRAM-SHA-256-PLUS: it must be. */
  | { readonly plus: true; readonly binding: SaslChannel['binding'] }
  /** SCRAM-SHA-256: it is not; `plusOffered` tells whether it could have been. */
  | { readonly plus: false; readonly plusOffered: boolean };

/**
 * SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802 §5, RFC 7677 §3), the latter bound to TLS by tls-exporter (RFC 9266) or
 * tls-server-end-point (RFC 5929 §4).
 *
 * A failure ends the exchange at once: RFC 5802 §5.1 lets the server leave out its final message then. To send
 * `e=...` as one more challenge would let a guesser cancel there, before the protocol has counted the failure.
 * The server-error-value goes into the reason, for the log. An unknown user takes the same way as a wrong password,
 * with a salt that stays the same, up to `e=invalid-proof`.
 */
export class ScramExchange implements SaslExchange {
  readonly #check: ScramCheck;
  readonly #binding: ScramBinding;
  #challenged: Challenged | undefined;

  constructor(check: ScramCheck, binding: ScramBinding) {
    this.#check = check;
    this.#binding = binding;
  }

  async step(response: Uint8Array | undefined): Promise<SaslStep> {
    if (response === undefined) return EMPTY_CHALLENGE;
    const text = decodeUtf8(response);
    if (text === undefined) return serverError('invalid-encoding');
    if (this.#challenged === undefined) return this.#challenge(text);
    return this.#verify(this.#challenged, text);
  }

  async #challenge(text: string): Promise<SaslStep> {
    const first = parseClientFirst(text);
    if (typeof first === 'string') return serverError(first);
    const bound = this.#bindingDataOf(first.flag);
    if (typeof bound === 'string') return serverError(bound);
    const binding = Buffer.concat([Buffer.from(first.gs2Header), bound]);
    const user = await this.#check.scramUser(prepareText(first.userName));
    const nonce = first.nonce + this.#check.nonce();
    const { salt, iterations } = user.verifier;
    const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`;
    this.#challenged = { first, user, binding, nonce, serverFirst };
    return { kind: 'challenge', data: Buffer.from(serverFirst) };
  }

  /**
   * RFC 5802 §6: a client that could bind and was made to believe that the server cannot is told by "y" that somebody in
   * between has taken the -PLUS off the list.
   */
  #bindingDataOf(flag: string): Buffer | ScramError {
    const type = flag.startsWith('p=') ? flag.slice(2) : undefined;
    if (!this.#binding.plus) {
      if (type !== undefined) return 'channel-binding-not-supported';
      if (flag === 'y' && this.#binding.plusOffered) return 'server-does-support-channel-binding';
      return Buffer.alloc(0);
    }
    if (type === undefined) return 'other-error';
    const known = BINDING_TYPES.find((name) => name === type);
    const data = known && this.#binding.binding?.(known);
    return data ?? 'unsupported-channel-binding-type';
  }

  async #verify(challenged: Challenged, text: string): Promise<SaslStep> {
    const { first, user, binding, nonce, serverFirst } = challenged;
    const final = parseClientFinal(text);
    if (typeof final === 'string') return serverError(final);
    if (!final.channelBinding.equals(binding)) return serverError('channel-bindings-dont-match');
    if (final.nonce !== nonce) return serverError('other-error');
    const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
    const proven = isProof(user.verifier.storedKey, authMessage, final.proof);
    if (!proven || user.account === undefined) return serverError('invalid-proof');
    if (
      first.authorization !== undefined &&
      !(await this.#check.isSame(first.authorization, user.account))
    )
      return serverError('other-error');
    const signature = hmacSha256(user.verifier.serverKey, authMessage).toString('base64');
    return { kind: 'success', account: user.account, data: Buffer.from(`v=${signature}`) };
  }
}

/** RFC 5802 §3: ClientKey = ClientProof XOR ClientSignature, and H(ClientKey) must be StoredKey. */
function isProof(storedKey: Buffer, authMessage: string, proof: Buffer): boolean {
  if (proof.length !== storedKey.length) return false;
  const clientKey = hmacSha256(storedKey, authMessage);
  for (let i = 0; i < clientKey.length; i++) clientKey[i]! ^= proof[i]!;
  return timingSafeEqual(sha256(clientKey), storedKey);
}

function serverError(error: ScramError): SaslStep {
  return failure(`e=${error}`);
}
