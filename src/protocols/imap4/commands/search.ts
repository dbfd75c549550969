import type { SearchCommand } from '#wire';
import type { Completion } from '../completion.ts';
import { answerSearch } from '../search/answer.ts';
import type { Session } from '../session.ts';

/**
 * SEARCH and UID SEARCH (RFC 9051 §6.4.4), with ESEARCH (RFC 4731), SEARCHRES (RFC 5182), WITHIN (RFC 5032),
 * CONDSTORE (RFC 7162 §3.1.5), SAVEDATE (RFC 8514), OBJECTID (RFC 8474), PARTIAL (RFC 9394) and CONTEXT=SEARCH (RFC 5267). A
 * charset that is not known was refused when the command was read.
 *
 * @throws {connection-closed}, {shutting-down} when nobody waits for the result any more
 */
export function search(session: Session, command: SearchCommand): Promise<Completion> {
  const { uid, key } = command;
  return answerSearch(session, { command: 'SEARCH', uid, key, returns: command });
}
