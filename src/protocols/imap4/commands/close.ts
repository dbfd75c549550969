import { hasRight } from '#model';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';

/** CLOSE (RFC 9051 §6.4.1): expunges without telling, unless the folder was only examined. */
export async function close(session: Session): Promise<Completion> {
  const { view } = session;
  session.unselect();
  // RFC 4314 §4: without the right to expunge, it only closes.
  const rights = await view.mailbox.rights(view.folderId);
  if (view.readOnly || !hasRight(rights, 'e')) return ok('CLOSE completed');
  await view.mailbox.expunge({ folderId: view.folderId, uids: undefined, onlyDeleted: true });
  // RFC 7162 §3.2.8: never with HIGHESTMODSEQ, since the client has not heard of what others did before.
  return ok('CLOSE completed');
}
