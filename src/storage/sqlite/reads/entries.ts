import { type CellDecoding, type EntryLayout, entryOf, layoutOf } from '../../entry-columns.ts';
import type { Entry, EntryQuery } from '../../reads.ts';
import { RANGES, rangesJson } from '../ranges.ts';
import type { Row, Statements } from '../statements.ts';

const WITHIN = 'AND e.flags & ? = ? AND e.internal_ms >= ? AND e.internal_ms < ?';

interface Plan {
  readonly oneRange: string;
  readonly ranges: string;
}

/** For queries without bounds, and with. */
const plans = [new Map<EntryLayout, Plan>(), new Map<EntryLayout, Plan>()] as const;

const DECODING: CellDecoding<Row[number]> = {
  wire: (cell) => cell as string,
  bytes: (cell) => {
    const { buffer, byteOffset, byteLength } = cell as Uint8Array;
    return Buffer.from(buffer, byteOffset, byteLength);
  },
};

/** Reads entries by uid, lowest first, with the columns asked for. */
export function readEntries(sql: Statements, query: EntryQuery): readonly Entry[] {
  const layout = layoutOf(query.columns);
  const plan = planOf(layout, query.within !== undefined);
  const { mailboxId, folderId, uids, limit } = query;
  const since = query.changedSince ?? 0;
  const within = boundsOf(query);
  const [one] = uids;
  const [text, ...values] =
    uids.length === 1
      ? ([plan.oneRange, mailboxId, folderId, ...one!, since, ...within, limit] as const)
      : ([plan.ranges, rangesJson(uids), mailboxId, folderId, since, ...within, limit] as const);
  if (query.bytesMax === undefined)
    return sql.rows(text, ...values).map((row) => entryOf(row, layout, DECODING));
  const entries: Entry[] = [];
  let bytes = 0;
  for (const row of sql.each(text, ...values)) {
    const entry = entryOf(row, layout, DECODING);
    entries.push(entry);
    bytes += entry.sizeBytes;
    if (bytes >= query.bytesMax) break;
  }
  return entries;
}

/** The values of `WITHIN`. */
function boundsOf({ within }: EntryQuery): readonly number[] {
  return within === undefined
    ? []
    : [within.among, within.flags & within.among, within.fromMs, within.beforeMs];
}

function planOf(layout: EntryLayout, bounded: boolean): Plan {
  const made = plans[bounded ? 1 : 0];
  let plan = made.get(layout);
  if (plan === undefined) {
    plan = makePlan(layout, bounded ? WITHIN : '');
    made.set(layout, plan);
  }
  return plan;
}

function makePlan({ columns, hasContent }: EntryLayout, within: string): Plan {
  const list = columns.join(', ');
  const join = hasContent ? 'JOIN content AS c ON c.content_id = e.content_id' : '';
  return {
    oneRange: `SELECT ${list} FROM entry AS e ${join}
      WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN ? AND ? AND e.modseq > ? ${within} ORDER BY e.uid LIMIT ?`,
    ranges: `SELECT ${list} FROM ${RANGES} AS r CROSS JOIN entry AS e ${join}
      WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN r.lo AND r.hi AND e.modseq > ? ${within} LIMIT ?`,
  };
}
