import {
  type Account,
  decodeUtf8,
  EMPTY_CHALLENGE,
  failure,
  type SaslExchange,
  type SaslStep,
} from './exchange.ts';
import { decodeSaslName } from './scram-message.ts';

export interface TokenCheck {
  /** Whether there is an issuer whose tokens are taken. */
  readonly takesTokens: boolean;
  /** Whose token it is; a reason for the log when it is not taken. */
  verifyToken(token: string): Promise<Account | { readonly reason: string }>;
  isSame(login: string, account: Account): Promise<boolean>;
}

/** A client's message, taken apart. */
interface Bearer {
  readonly login: string | undefined;
  readonly token: string;
}

/** RFC 7628 §3.2.2: a token that is not taken is told as a challenge; the client answers it and the exchange fails. */
const INVALID_TOKEN: SaslStep = {
  kind: 'challenge',
  data: Buffer.from(JSON.stringify({ status: 'invalid_token', schemes: 'bearer' })),
};

/** Reads the client's message; undefined when it is none. */
type Parse = (text: string) => Bearer | undefined;

/**
 * OAUTHBEARER and XOAUTH2, told apart by `parse`: one message with a token, and a last word to a client that had a bad
 * one.
 */
export class BearerExchange implements SaslExchange {
  readonly #check: TokenCheck;
  readonly #parse: Parse;
  #refused: string | undefined;

  constructor(check: TokenCheck, parse: Parse) {
    this.#check = check;
    this.#parse = parse;
  }

  async step(response: Uint8Array | undefined): Promise<SaslStep> {
    if (this.#refused !== undefined) return failure(this.#refused);
    if (response === undefined) return EMPTY_CHALLENGE;
    const text = decodeUtf8(response);
    const bearer = text === undefined ? undefined : this.#parse(text);
    if (bearer === undefined) return failure('malformed message with a token');
    const found = await this.#check.verifyToken(bearer.token);
    if ('reason' in found) return this.#refuse(found.reason);
    if (bearer.login !== undefined && !(await this.#check.isSame(bearer.login, found)))
      return this.#refuse('the token is of another mailbox');
    return { kind: 'success', account: found, data: undefined };
  }

  #refuse(reason: string): SaslStep {
    this.#refused = reason;
    return INVALID_TOKEN;
  }
}

/*
 * kvsep       = %x01
 * kvpair      = key "=" value kvsep
 * client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep
 * gs2-header  = ("n" / "y") "," ["a=" saslname] ","
 */
const CLIENT_RESPONSE = /^[ny],(?:a=([^,]+))?,\x01((?:[A-Za-z]+=[^\x01]*\x01)*)\x01$/s;

/** The message of OAUTHBEARER (RFC 7628 §3.1), with bearer tokens only. */
export const parseOauthBearer: Parse = (text) => {
  const match = CLIENT_RESPONSE.exec(text);
  if (match === null) return undefined;
  const login = match[1] === undefined ? undefined : decodeSaslName(match[1]);
  if (match[1] !== undefined && login === undefined) return undefined;
  const token = bearerIn(match[2]!.split('\x01'));
  return token === undefined ? undefined : { login, token };
};

/**
 * The message of XOAUTH2, the form that came before OAUTHBEARER and that many clients still speak:
 *
 *     "user=" login %x01 "auth=Bearer " token %x01 %x01
 */
export const parseXoauth2: Parse = (text) => {
  const fields = text.split('\x01');
  const login = /^user=(.+)$/s.exec(fields[0]!)?.[1];
  const token = bearerIn(fields.slice(1));
  return login === undefined || token === undefined ? undefined : { login, token };
};

/** The token of the `auth` field (RFC 6750 §2.1). */
function bearerIn(fields: readonly string[]): string | undefined {
  for (const field of fields) {
    const match = /^auth=bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(field);
    if (match !== null) return match[1];
  }
  return undefined;
}
