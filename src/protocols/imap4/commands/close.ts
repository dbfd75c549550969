import { isPosthornError } from '#kernel';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';

/**
 * CLOSE (RFC 9051 §6.4.1): expunges without telling, unless the folder was only examined. Without the right to expunge it only closes
 * (RFC 4314 §4).
 */
export async function close(session: Session): Promise<Completion> {
  const { view } = session;
  session.unselect();
  if (view.readOnly) return ok('CLOSE completed');
  try {
    const { uids } = await view.mailbox.expunge({
      folderId: view.folderId,
      uids: undefined,
      onlyDeleted: true,
    });
    session.notifications?.heard?.leave(view, uids.length);
  } catch (error) {
    if (!isPosthornError(error, 'no-permission')) throw error;
  }
  // RFC 7162 §3.2.8: never with HIGHESTMODSEQ, since the client has not heard of what others did before.
  return ok('CLOSE completed');
}
