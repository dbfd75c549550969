import type { Uid } from '#model';
import type { ClaimRecent } from '../../commands.ts';
import type { Transaction } from '../transaction.ts';

/** Gives the entries from `recentFrom` up to one session as \Recent; the next session begins above them. */
export function claimRecent(tx: Transaction, command: ClaimRecent): { recentFrom: Uid } {
  const folder = tx.folder(command);
  const recentFrom = folder.recentFrom as Uid;
  if (folder.recentFrom < folder.uidNext) {
    folder.recentFrom = folder.uidNext;
    tx.touchFolder(folder);
  }
  return { recentFrom };
}
