import * as c from './chars.ts';
import { type Cursor, GrammarError } from './parser.ts';

const TAG_BYTES_MAX = 256;

/**
 * The tag of a command and the space after it.
 *
 * ```abnf
 * tag = 1*<any ASTRING-CHAR except "+">
 * ```
 */
export function readTag(cursor: Cursor): string {
  const start = cursor.pos;
  const tag = cursor.run(c.TAG);
  if (tag === '' || tag.length > TAG_BYTES_MAX || !cursor.skipSpace()) {
    cursor.pos = start;
    throw new GrammarError('expected a tag, a space and a command, such as: a1 NOOP');
  }
  return tag;
}
