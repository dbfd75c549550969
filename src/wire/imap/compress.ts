import type { Cursor } from './parser.ts';

export interface CompressCommand {
  readonly name: 'COMPRESS';
  /** Upper case, known or not. */
  readonly algorithm: string;
}

/**
 * ```abnf
 * compress  = "COMPRESS" SP algorithm
 * algorithm = "DEFLATE"
 * ```
 * RFC 4978 §5. An algorithm that is unknown is no error of the grammar: the answer to it is NO. The cursor stands after
 * "COMPRESS".
 */
export function readCompress(cursor: Cursor): CompressCommand {
  cursor.space('DEFLATE');
  return { name: 'COMPRESS', algorithm: cursor.keyword('DEFLATE') };
}
