import type { PieceReader } from '#content';
import type { Content } from '#model';
import type { Blobs } from '#storage';

/** Bytes of a blob read at once. */
const WINDOW_BYTES = 256 * 1024;

/**
 * The bytes of a content by offset in the whole message. Of a blob one piece is held, so that reading what stands near each other does
 * not ask for each of it.
 */
export function contentReader({ head, body }: Content, blobs: Blobs): PieceReader {
  let window: Uint8Array = Buffer.alloc(0);
  let windowStart = 0;
  return async (start, end) => {
    if (start < head.length) return head.subarray(start, Math.min(end, head.length));
    const from = start - head.length;
    const to = end - head.length;
    if (body.kind === 'bytes') return body.bytes.subarray(from, to);
    if (from < windowStart || from >= windowStart + window.length) {
      window = await blobs.read(body.blob, from, Math.min(from + WINDOW_BYTES, body.sizeBytes));
      windowStart = from;
    }
    return window.subarray(from - windowStart, to - windowStart);
  };
}
