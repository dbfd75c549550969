import { isPosthornError } from '#kernel';
import type { Folder } from '#model';
import type { Mailbox, RecentClaimed } from '#store';
import type { Session } from './session.ts';

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
