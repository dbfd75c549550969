import { isPosthornError } from '#kernel';
import type { Folder } from '#model';
import type { Found, Mailbox, RecentClaimed } from '#store';
import type { Session } from './session.ts';
import type { View } from './view.ts';

/**
 * The uids of a folder that are \Recent for this session; undefined when none are, or when the session no longer knows
 * \Recent. One session gets them (RFC 3501 §2.3.2), and one that only looks takes them from nobody. When the claim fails,
 * another session gets them: a full disk must keep nobody from reading.
 */
export async function recentOf(
  session: Session,
  mailbox: Mailbox,
  folder: Folder,
  readOnly: boolean,
): Promise<RecentClaimed | undefined> {
  if (session.rev2 || folder.recentFrom >= folder.uidNext) return undefined;
  if (readOnly) return { from: folder.recentFrom, to: folder.uidNext };
  try {
    return await mailbox.claimRecent(folder.folderId);
  } catch (error) {
    if (!isPosthornError(error, 'no-folder'))
      session.log.warn({ err: error }, '\\Recent was not claimed');
    return undefined;
  }
}

/**
 * The selected folder, when it is where a session is about to put messages and it would claim them as \Recent behind that: so it does
 * with the messages, in one commit instead of two, and the other sessions find nothing left to claim.
 */
export function claimingView(session: Session, { mailbox, folder }: Found): View | undefined {
  if (session.rev2 || !session.selected) return undefined;
  const { view } = session;
  const isSame = view.folderId === folder.folderId && view.mailbox.mailboxId === mailbox.mailboxId;
  return isSame && !view.readOnly ? view : undefined;
}
