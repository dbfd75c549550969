/** The body of a message on its way into the store. */
export type ContentBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Written and synced already under the blobs' directory; the name is what `reserveBlob` gave. */
  | { readonly kind: 'blob'; readonly blob: string; readonly sizeBytes: number };

/**
 * A message ready to be stored. Its bytes are `head` followed by `body`, exactly. The rest is the index beside them:
 * pre-rendered IMAP items and the few properties that sorting, searching and tracking want. Strings named "wire" have
 * one byte in each char code.
 */
export interface Content {
  readonly head: Uint8Array;
  readonly body: ContentBody;
  /** SHA-256 over head and body. */
  readonly hash: Uint8Array;
  readonly sizeBytes: number;
  /** Wire strings. */
  readonly envelope: string;
  readonly bodyStructure: string;
  readonly bodyShort: string;
  /** The parts by offset, as `encodeStructure` of the content room writes it. */
  readonly structure: string;
  readonly preview: string;
  readonly subject: string;
  readonly messageId: string | undefined;
  /** The Date field, ms since 1970; undefined when missing or unreadable. */
  readonly sentAtMs: number | undefined;
}
