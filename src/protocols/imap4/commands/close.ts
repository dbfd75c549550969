import { isPosthornError } from '#kernel';
import { responseCode } from '#wire';
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
    const expunged = await view.mailbox.expunge({
      folderId: view.folderId,
      uids: undefined,
      onlyDeleted: true,
    });
    // RFC 7162 §3.2.8: the client learns up to which change it may count this as known.
    const tells = session.condstore && expunged.uids.length > 0;
    return ok('CLOSE completed', tells ? responseCode.highestModSeq(expunged.modSeq) : undefined);
  } catch (error) {
    if (isPosthornError(error, 'no-permission')) return ok('CLOSE completed');
    throw error;
  }
}
