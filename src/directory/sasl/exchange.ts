import type { MailboxId } from '#model';

/** Who has logged in. */
export interface Account {
  readonly mailboxId: MailboxId;
  /** The mailbox's primary address in key form. */
  readonly address: string;
}

/** What the server does next in an exchange. */
export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Buffer }
  /**
   * `data` is additional data with success (RFC 4422 §3.6); a protocol without room for it sends it as a last
   * challenge and awaits an empty response.
   */
  | { readonly kind: 'success'; readonly account: Account; readonly data: Buffer | undefined }
  /** `reason` is for the log, never for the peer. */
  | { readonly kind: 'failure'; readonly reason: string };

/** The server's side of one SASL exchange; bytes are decoded already. */
export interface SaslExchange {
  /**
   * Takes the client's next response; undefined only in the first call, when the client sent no initial response.
   * After a success or failure the exchange is over. @throws {too-busy, deadline} when hashing is overloaded
   */
  step(response: Uint8Array | undefined): Promise<SaslStep>;
}

export const EMPTY_CHALLENGE: SaslStep = { kind: 'challenge', data: Buffer.alloc(0) };

/** Makes a failure step. */
export function failure(reason: string): SaslStep {
  return { kind: 'failure', reason };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes UTF-8; undefined when the bytes are none. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
