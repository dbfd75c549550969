import { createHash } from 'node:crypto';
import type { Blobs } from './blobs/port.ts';
import type { Problem } from './reads.ts';

const BLOB_BYTES_AT_ONCE = 1024 * 1024;

/** A content as an engine keeps it. */
export interface StoredContent {
  /** How the engine calls it in a finding. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly headBytes: number;
  readonly blob: string | null;
  readonly hash: Uint8Array;
  readonly head: Uint8Array;
  readonly body: Uint8Array | null;
}

/** Reads a content from end to end and compares it with its checksum. */
export async function checkContent(
  { name, sizeBytes, headBytes, blob, hash, head, body }: StoredContent,
  blobs: Blobs,
): Promise<Problem | undefined> {
  const digest = createHash('sha256').update(head);
  let bytes = head.length;
  if (blob === null && body !== null) {
    digest.update(body);
    bytes += body.length;
  } else if (blob !== null) {
    const bodyBytes = sizeBytes - headBytes;
    try {
      for (let at = 0; at < bodyBytes; at += BLOB_BYTES_AT_ONCE) {
        const piece = await blobs.read(blob, at, Math.min(at + BLOB_BYTES_AT_ONCE, bodyBytes));
        digest.update(piece);
        bytes += piece.length;
      }
    } catch (error) {
      return { kind: 'blob', text: `content ${name}: ${(error as Error).message}` };
    }
  }
  if (bytes === sizeBytes && digest.digest().equals(hash)) return undefined;
  return {
    kind: 'checksum',
    text: `content ${name}: ${bytes} bytes do not have the recorded checksum of ${sizeBytes} bytes`,
  };
}

/** Compares the blobs there are with the sizes that contents say. */
export async function* checkBlobs(
  sizes: ReadonlyMap<string, number>,
  blobs: Blobs,
): AsyncIterable<Problem> {
  for await (const { blob, sizeBytes } of blobs.list()) {
    const expected = sizes.get(blob);
    if (expected !== undefined && expected !== sizeBytes)
      yield { kind: 'blob', text: `blob ${blob} has ${sizeBytes} bytes, not ${expected}` };
  }
}
