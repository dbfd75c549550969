import type { Uid } from '#model';
import type { Session } from '../session.ts';
import type { FolderRef } from './heard.ts';

/**
 * Notes that the session has put messages into a folder itself: of what others have put there it is told more (RFC 5465 §5, §5.2).
 *
 * @param uids ascending
 */
export function noteOwnMessages(session: Session, folder: FolderRef, uids: readonly Uid[]): void {
  if (session.selected && session.view.shows(folder)) session.arrivals.put(uids);
  else session.notifications?.heard?.put(folder, uids);
}
