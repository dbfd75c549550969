import type { Uid } from '#model';
import type { FolderChanges, Mailbox } from '#store';
import { type Ranges, rangesInclude } from '#wire';

/**
 * Which of the uids that a client may know have vanished. Where the log does not reach back far enough, all that do not exist
 * (RFC 7162 §3.2.5.1 allows to name some that the client never saw).
 *
 * @param known not above the last uid that was given out
 */
export async function vanishedUids(
  mailbox: Mailbox,
  { vanished, folder }: FolderChanges,
  known: Ranges<Uid>,
): Promise<readonly Uid[]> {
  if (vanished !== undefined) return vanished.filter((uid) => rangesInclude(known, uid));
  const opened = await mailbox.openFolder(folder.folderId);
  return opened === undefined ? [] : missingFrom(opened.uids, known);
}

function missingFrom(existing: Uint32Array, ranges: Ranges<Uid>): Uid[] {
  const missing: Uid[] = [];
  let at = 0;
  for (const { first, last } of ranges) {
    for (let uid = first as number; uid <= last; uid++) {
      while (at < existing.length && existing[at]! < uid) at++;
      if (existing[at] !== uid) missing.push(uid as Uid);
    }
  }
  return missing;
}
