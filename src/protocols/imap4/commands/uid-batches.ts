import type { Uid } from '#model';
import { encodeUidBatches, type UidBatchesCommand } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import type { Session } from '../session.ts';

/** RFC 10022 §3.1.3: smaller ones would bring message numbers back by another name. */
const BATCH_MESSAGES_MIN = 500;

/**
 * UIDBATCHES (RFC 10022 §3.1): ranges of uids that hold so many messages each, the newest first. Together they cover all
 * uids from the newest message's down to 1.
 */
export function uidBatches(session: Session, { size, batches }: UidBatchesCommand): Completion {
  if (size < BATCH_MESSAGES_MIN)
    return no(`A batch has at least ${BATCH_MESSAGES_MIN} messages`, 'TOOFEW');
  const { uids } = session.view;
  const lowest = (batch: number): number => {
    const index = uids.length - batch * size;
    return index > 0 ? uids[index]! : 1;
  };
  const first = batches?.first ?? 1;
  const last = Math.min(batches?.last ?? Number.POSITIVE_INFINITY, Math.ceil(uids.length / size));
  const ranges: (readonly [Uid, Uid])[] = [];
  for (let batch = first; batch <= last; batch++) {
    const highest = batch === 1 ? session.view.lastUid : lowest(batch - 1) - 1;
    ranges.push([highest as Uid, lowest(batch) as Uid]);
  }
  session.write(encodeUidBatches(session.tag, ranges));
  return ok('UIDBATCHES completed');
}
