import type { Uid } from '#model';
import { type FetchItem, rangesOf } from '#wire';
import { FetchAnswer } from '../fetch/answer.ts';
import { planFetch } from '../fetch/plan.ts';
import { uidRanges } from '../ranges.ts';
import { readRows } from '../rows.ts';
import type { Session } from '../session.ts';
import type { View } from '../view.ts';

/** Rows of a batch: a new message may be large. */
const ROWS = 32;

/** Tells the items of messages that have just been added to the view; none becomes \Seen by that (RFC 5465 §5.2). */
export async function fetchAdded(
  session: Session,
  view: View,
  added: number,
  items: readonly FetchItem[],
): Promise<void> {
  const uids = view.uids.slice(view.size - added) as ArrayLike<number> as ArrayLike<Uid>;
  const plan = planFetch(items, { uid: !session.uidOnly, modSeq: false, utf8: session.utf8 });
  const answer = new FetchAnswer(session, view, plan);
  const query = { uids: uidRanges(rangesOf(uids)), columns: plan.columns, batch: ROWS };
  for await (const rows of readRows(view, query)) {
    await answer.write(rows, new Set());
    if (session.connection.closed) return;
  }
}
