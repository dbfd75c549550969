import type { Uid } from '#model';
import type { ClaimRecent, RecentClaimed } from '../../commands.ts';
import type { Transaction } from '../transaction.ts';

/** Gives the entries from `recentFrom` up to one session as \Recent; the next session begins above them. */
export function claimRecent(tx: Transaction, command: ClaimRecent): RecentClaimed {
  const folder = tx.folder(command);
  const claimed = { from: folder.recentFrom as Uid, to: folder.uidNext as Uid };
  if (folder.recentFrom < folder.uidNext) {
    folder.recentFrom = folder.uidNext;
    folder.dirty = true;
  }
  return claimed;
}
