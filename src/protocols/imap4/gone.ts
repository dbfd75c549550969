import type { Uid } from '#model';
import type { Ranges } from '#wire';
import type { Session } from './session.ts';

/**
 * Tells what happened meanwhile; gives the response code that says that some of the messages a command addressed are gone and
 * that their EXPUNGE is still to come (RFC 5530 §3).
 */
export async function goneCode(
  session: Session,
  ranges: Ranges<Uid>,
): Promise<'EXPUNGEISSUED' | undefined> {
  const { view } = session;
  if (view.stale) await session.update(session.byUid);
  return view.namesGone(ranges) ? 'EXPUNGEISSUED' : undefined;
}
