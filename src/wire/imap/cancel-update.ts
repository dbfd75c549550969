import type { Cursor } from './parser.ts';

const TAGS_MAX = 1024;

export interface CancelUpdateCommand {
  readonly name: 'CANCELUPDATE';
  /** Tags of the commands whose updates are to end. */
  readonly tags: readonly string[];
}

/**
 * ```abnf
 * cancelupdate = "CANCELUPDATE" 1*(SP quoted)
 * ```
 * RFC 5267 §5; any string is taken. The cursor stands after "CANCELUPDATE".
 */
export function readCancelUpdate(cursor: Cursor): CancelUpdateCommand {
  const tags: string[] = [];
  do {
    if (tags.length === TAGS_MAX) cursor.reject(`more than ${TAGS_MAX} tags`);
    cursor.space('a tag in quotes');
    tags.push(cursor.string('a tag in quotes'));
  } while (!cursor.atEnd);
  return { name: 'CANCELUPDATE', tags };
}
