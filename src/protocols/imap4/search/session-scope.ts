import { PosthornError } from '#kernel';
import type { Uid } from '#model';
import type { Session } from '../session.ts';
import type { SearchScope } from './scope.ts';

/**
 * The selected folder as the session sees it.
 *
 * Its `checkPeer` throws {connection-closed} or {shutting-down} when nobody waits for the result any more.
 */
export function scopeOf(session: Session): SearchScope {
  const { view, savedResult, server } = session;
  return {
    mailbox: view.mailbox,
    folderId: view.folderId,
    uids: view.uids as ArrayLike<number> as ArrayLike<Uid>,
    saved: savedResult,
    nowMs: server.clock.now(),
    isRecent: (uid) => view.isRecent(uid),
    isGone: (uid) => view.isGone(uid),
    progress: (settled, all) => session.progress?.at(settled, all),
    checkPeer: () => checkPeer(session),
  };
}

/** Throws when nobody waits for an answer any more. */
export function checkPeer(session: Session): void {
  if (session.connection.closed || session.over) throw new PosthornError('connection-closed');
  if (session.stopping) throw new PosthornError('shutting-down');
}
