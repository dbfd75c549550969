import { type ExpungeCommand, responseCode } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import { uidRanges } from '../ranges.ts';
import type { Session } from '../session.ts';

/** EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, §6.4.9): which messages went is told with the completion. */
export async function expunge(session: Session, { uids }: ExpungeCommand): Promise<Completion> {
  const { view } = session;
  if (view.readOnly) return no('The mailbox is selected read-only', 'READ-ONLY');
  session.byUid = uids !== undefined;
  const expunged = await view.mailbox.expunge({
    folderId: view.folderId,
    uids: uids && uidRanges(view.uidsOfUids(uids, session.savedResult)),
    onlyDeleted: true,
  });
  // RFC 7162 §3.2.7: HIGHESTMODSEQ when something was expunged.
  const tells = session.condstore && expunged.uids.length > 0;
  return ok('EXPUNGE completed', tells ? responseCode.highestModSeq(expunged.modSeq) : undefined);
}
