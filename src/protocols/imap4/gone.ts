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

/**
 * The same for a search, which passed over messages that are gone: the client learns why numbers that it counts with are not
 * among the results. One that counts in uids is told of the expunges before the search ends.
 */
export function passedOverCode(session: Session, passedOver: boolean): 'EXPUNGEISSUED' | undefined {
  return passedOver && !session.byUid ? 'EXPUNGEISSUED' : undefined;
}
