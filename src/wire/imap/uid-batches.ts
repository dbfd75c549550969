import type { Cursor } from './parser.ts';

export interface UidBatchesCommand {
  readonly name: 'UIDBATCHES';
  /** Messages in a batch. */
  readonly size: number;
  /** Only these batches; the first holds the newest messages. */
  readonly batches?: { readonly first: number; readonly last: number };
}

/**
 * ```abnf
 * uidbatches  = "UIDBATCHES" SP nz-number [SP batch-range]
 * batch-range = nz-number ":" nz-number
 * ```
 * RFC 10022 §3.1. The cursor stands after "UIDBATCHES".
 */
export function readUidBatches(cursor: Cursor): UidBatchesCommand {
  cursor.space('a number of messages');
  const size = cursor.nzNumber('a number of messages');
  if (!cursor.more()) return { name: 'UIDBATCHES', size };
  const first = cursor.nzNumber('the number of a batch');
  cursor.expect(0x3a, '":" and the number of the last batch');
  const last = cursor.nzNumber('the number of a batch');
  if (first > last) cursor.reject('the first batch comes before the last', 'BAD', 'CLIENTBUG');
  return { name: 'UIDBATCHES', size, batches: { first, last } };
}
