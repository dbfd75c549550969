import type { SeqNum, Uid } from '#model';
import {
  encodeVanished,
  numbersIn,
  type QresyncParameters,
  type Ranges,
  rangesInclude,
  rangesOf,
} from '#wire';
import { clipRanges } from './ranges.ts';
import { encodeFlagUpdate } from './refresh.ts';
import type { Session } from './session.ts';
import { vanishedUids } from './vanished.ts';
import type { View } from './view.ts';

const LINES_AT_ONCE = 1000;

/**
 * Tells a client that comes back what happened since it left: VANISHED (EARLIER), then FETCH with the flags of all that changed
 * among the messages it knows (RFC 7162 §3.2.5, §3.2.5.1).
 */
export async function resynchronize(
  session: Session,
  view: View,
  parameters: QresyncParameters,
): Promise<void> {
  const changes = await view.mailbox.changes(view.folderId, parameters.modSeq);
  if (changes === undefined) return;
  const known = knownUids(parameters, (changes.folder.uidNext - 1) as Uid | 0);
  const matched = matchedUpTo(view, parameters);
  const candidates = known.filter(({ last }) => last > matched);
  // What happened after the view was taken is told in its turn: the client goes by the HIGHESTMODSEQ of the view.
  const vanished = (await vanishedUids(view.mailbox, changes, candidates)).filter(
    (uid) => uid > matched && view.seqOf(uid) === undefined,
  );
  if (vanished.length > 0) session.write(encodeVanished(rangesOf(vanished), true));
  let wire = '';
  let lines = 0;
  for (const entry of changes.entries) {
    const seq = rangesInclude(known, entry.uid) ? view.seqOf(entry.uid) : undefined;
    if (seq === undefined || entry.modSeq > view.modSeq) continue;
    wire += encodeFlagUpdate(session, view, seq, entry);
    if (++lines % LINES_AT_ONCE !== 0) continue;
    session.write(wire);
    wire = '';
    await session.breathe();
  }
  session.write(wire);
}

function knownUids({ knownUids }: QresyncParameters, max: Uid | 0): Ranges<Uid> {
  return clipRanges(knownUids ?? [{ first: 1 as Uid, last: max as Uid }], max);
}

/**
 * The highest uid that has the number the client has for it: up to there nothing vanished that it does not know of already
 * (RFC 7162 §3.2.5.2). 0 when nothing matches.
 */
function matchedUpTo(view: View, { match }: QresyncParameters): Uid | 0 {
  if (match === undefined) return 0;
  let matched: Uid | 0 = 0;
  const uids = numbersIn<Uid>(match.uids, Number.POSITIVE_INFINITY);
  for (const seq of numbersIn<SeqNum>(match.seqs, view.size)) {
    const uid = uids.next().value as Uid;
    if (view.uidAt(seq) === uid) matched = uid;
  }
  return matched;
}
