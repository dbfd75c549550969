/** A client's first message, taken apart (RFC 5802 §7). */
export interface ClientFirst {
  /** `n,,` or the like, as it came: the client repeats it as channel binding data. */
  readonly gs2Header: string;
  /** Whether it can be bound to the channel: "n" no, "y" it could but thinks the server cannot, "p=" by that type. */
  readonly flag: string;
  readonly authorization: string | undefined;
  readonly userName: string;
  readonly nonce: string;
  /** The message without its gs2 header, as it came. */
  readonly bare: string;
}

/** A client's final message, taken apart. */
export interface ClientFinal {
  readonly channelBinding: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  readonly withoutProof: string;
}

/** A server-error-value of RFC 5802 §7. */
export type ScramError =
  | 'invalid-encoding'
  | 'extensions-not-supported'
  | 'invalid-proof'
  | 'channel-bindings-dont-match'
  | 'channel-binding-not-supported'
  | 'server-does-support-channel-binding'
  | 'unsupported-channel-binding-type'
  | 'invalid-username-encoding'
  | 'other-error';

/*
 * gs2-header                = gs2-cbind-flag "," [ authzid ] ","
 * gs2-cbind-flag            = ("p=" cb-name) / "n" / "y"
 * authzid                   = "a=" saslname
 * client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]
 * reserved-mext             = "m=" 1*(value-char)
 * username                  = "n=" saslname
 * nonce                     = "r=" c-nonce [s-nonce]
 */
const CLIENT_FIRST =
  /^(([^,]*),(a=[^,]+)?,)((m=[^,]+,)?n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/su;
const NONCE_CHARS_MAX = 512;

/** Reads a client-first-message; gives the server-error-value when it cannot be accepted. */
export function parseClientFirst(text: string): ClientFirst | ScramError {
  const match = CLIENT_FIRST.exec(text);
  if (match === null || text.includes('\0')) return 'invalid-encoding';
  const [, gs2Header, flag, authzid, bare, extension, name, nonce] = match;
  if (!/^(?:n|y|p=[A-Za-z0-9.-]+)$/.test(flag!)) return 'invalid-encoding';
  // RFC 5802 §5.1: a mandatory extension that is not understood ends the exchange.
  if (extension !== undefined) return 'extensions-not-supported';
  if (nonce!.length > NONCE_CHARS_MAX) return 'invalid-encoding';
  const userName = decodeSaslName(name!);
  if (userName === undefined) return 'invalid-username-encoding';
  const authorization = authzid === undefined ? undefined : decodeSaslName(authzid.slice(2));
  if (authzid !== undefined && authorization === undefined) return 'invalid-username-encoding';
  return {
    gs2Header: gs2Header!,
    flag: flag!,
    authorization,
    userName,
    nonce: nonce!,
    bare: bare!,
  };
}

/*
 * client-final-message-without-proof = channel-binding "," nonce ["," extensions]
 * client-final-message               = client-final-message-without-proof "," proof
 */
const CLIENT_FINAL =
  /^(c=([A-Za-z0-9+/]+={0,2}),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?),p=([A-Za-z0-9+/]+={0,2})$/su;

/** Reads a client-final-message. */
export function parseClientFinal(text: string): ClientFinal | ScramError {
  const match = CLIENT_FINAL.exec(text);
  if (match === null) return 'invalid-encoding';
  return {
    withoutProof: match[1]!,
    channelBinding: Buffer.from(match[2]!, 'base64'),
    nonce: match[3]!,
    proof: Buffer.from(match[4]!, 'base64'),
  };
}

/** Decodes a saslname. RFC 5802 §5.1: "," and "=" in names are `=2C` and `=3D`; any other "=" is an error. */
export function decodeSaslName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
