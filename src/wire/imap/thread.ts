import type { Cursor } from './parser.ts';
import { readSearchCriteria } from './search.ts';
import type { SearchProgram } from './search-key.ts';

const ALGORITHMS = ['ORDEREDSUBJECT', 'REFERENCES'] as const;

/** How messages are put into threads (RFC 5256 §3). */
export type ThreadAlgorithm = (typeof ALGORITHMS)[number];

export interface ThreadCommand extends SearchProgram {
  readonly name: 'THREAD';
  /** Results are UIDs. */
  readonly uid: boolean;
  readonly algorithm: ThreadAlgorithm;
}

/**
 * ```abnf
 * thread     = "THREAD" SP thread-alg SP search-criteria
 * thread-alg = "ORDEREDSUBJECT" / "REFERENCES" / thread-alg-ext
 * ```
 * RFC 5256 §5. The cursor stands after "THREAD".
 */
export function readThread(cursor: Cursor, uid: boolean): ThreadCommand {
  cursor.space('a threading algorithm');
  const start = cursor.pos;
  const name = cursor.keyword('a threading algorithm');
  const algorithm = ALGORITHMS.find((known) => known === name);
  if (algorithm === undefined) {
    cursor.pos = start;
    return cursor.fail(`one of ${ALGORITHMS.join(', ')}`);
  }
  return { name: 'THREAD', uid, algorithm, ...readSearchCriteria(cursor) };
}
