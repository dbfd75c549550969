import type { SortCommand } from '#wire';
import type { Completion } from '../completion.ts';
import { answerSearch } from '../search/answer.ts';
import type { Session } from '../session.ts';

/**
 * SORT and UID SORT (RFC 5256 §3), with SORT=DISPLAY (RFC 5957), ESORT and CONTEXT=SORT (RFC 5267), and what SEARCH
 * has besides.
 *
 * @throws {connection-closed}, {shutting-down} when nobody waits for the result any more
 */
export function sort(session: Session, command: SortCommand): Promise<Completion> {
  const { uid, key, criteria } = command;
  return answerSearch(session, { command: 'SORT', uid, key, criteria, returns: command });
}
