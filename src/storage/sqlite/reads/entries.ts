import type { ContentId, ModSeq, Uid } from '#model';
import type { Entry, EntryColumns, EntryQuery } from '../../reads.ts';
import { RANGES, rangesJson } from '../ranges.ts';
import type { Row, Statements } from '../statements.ts';

/** Column of `content` for each name of EntryColumns, in the order in which they follow the fixed columns. */
const OPTIONAL = [
  ['envelope', 'c.envelope'],
  ['bodyStructure', 'c.body_structure'],
  ['bodyShort', 'c.body_short'],
  ['structure', 'c.structure'],
  ['preview', 'c.preview'],
  ['subject', 'c.subject'],
  ['head', 'c.head'],
  ['body', 'c.body'],
  ['hash', 'c.hash'],
] as const;

const STATE =
  'e.uid, e.modseq, e.flags, e.keywords, e.content_id, e.internal_ms, e.saved_ms, e.size_bytes';
const CONTENT = 'c.sent_ms, c.head_bytes, c.blob';
const FIXED_COLUMNS = 11;
const WITHIN = 'AND e.flags & ? = ? AND e.internal_ms >= ? AND e.internal_ms < ?';

interface Plan {
  readonly oneRange: string;
  readonly ranges: string;
  readonly positions: readonly number[];
}

const plans = new Map<number, Plan>();

/** Reads entries by uid, lowest first, with the columns asked for. */
export function readEntries(sql: Statements, query: EntryQuery): readonly Entry[] {
  const plan = planOf(query.columns, query.within !== undefined);
  const { mailboxId, folderId, uids, limit } = query;
  const since = query.changedSince ?? 0;
  const within = boundsOf(query);
  const [one] = uids;
  const [text, ...values] =
    uids.length === 1
      ? ([plan.oneRange, mailboxId, folderId, ...one!, since, ...within, limit] as const)
      : ([plan.ranges, rangesJson(uids), mailboxId, folderId, since, ...within, limit] as const);
  if (query.bytesMax === undefined)
    return sql.rows(text, ...values).map((row) => entryOf(row, plan.positions));
  const entries: Entry[] = [];
  let bytes = 0;
  for (const row of sql.each(text, ...values)) {
    const entry = entryOf(row, plan.positions);
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

function planOf(columns: EntryColumns, bounded: boolean): Plan {
  let mask = 0;
  OPTIONAL.forEach(([name], index) => {
    if (columns[name] === true) mask |= 1 << index;
  });
  // Sizes and dates of the content come from the same row; without any of them the join is left out.
  if (columns.content === true) mask |= 1 << OPTIONAL.length;
  const key = bounded ? ~mask : mask;
  let plan = plans.get(key);
  if (plan === undefined) {
    plan = makePlan(mask, bounded ? WITHIN : '');
    plans.set(key, plan);
  }
  return plan;
}

function makePlan(mask: number, within: string): Plan {
  const wanted = OPTIONAL.filter((_column, index) => (mask & (1 << index)) !== 0);
  let next = FIXED_COLUMNS;
  const positions = OPTIONAL.map((_column, index) => ((mask & (1 << index)) === 0 ? -1 : next++));
  const columns =
    mask === 0
      ? STATE
      : `${STATE}, ${CONTENT}${wanted.map(([, column]) => `, ${column}`).join('')}`;
  const join = mask === 0 ? '' : 'JOIN content AS c ON c.content_id = e.content_id';
  return {
    positions,
    oneRange: `SELECT ${columns} FROM entry AS e ${join}
      WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN ? AND ? AND e.modseq > ? ${within} ORDER BY e.uid LIMIT ?`,
    ranges: `SELECT ${columns} FROM ${RANGES} AS r CROSS JOIN entry AS e ${join}
      WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN r.lo AND r.hi AND e.modseq > ? ${within} LIMIT ?`,
  };
}

function entryOf(row: Row, positions: readonly number[]): Entry {
  const text = (index: number): string | undefined => {
    const at = positions[index]!;
    return at < 0 ? undefined : (row[at] as string);
  };
  const bytes = (index: number): Buffer | undefined => {
    const at = positions[index]!;
    const value = at < 0 ? undefined : (row[at] as Uint8Array | null);
    return value == null
      ? undefined
      : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  };
  const keywords = row[3] as string;
  return {
    uid: row[0] as Uid,
    modSeq: row[1] as ModSeq,
    flags: row[2] as number,
    keywords: keywords.length === 1 ? '' : keywords.slice(1, -1),
    contentId: row[4] as ContentId,
    internalMs: row[5] as number,
    savedMs: row[6] as number,
    sizeBytes: row[7] as number,
    sentAtMs: (row[8] as number | null | undefined) ?? undefined,
    headBytes: (row[9] as number | undefined) ?? 0,
    blob: (row[10] as string | null | undefined) ?? undefined,
    envelope: text(0),
    bodyStructure: text(1),
    bodyShort: text(2),
    structure: text(3),
    preview: text(4),
    subject: text(5),
    head: bytes(6),
    body: bytes(7),
    hash: bytes(8),
  };
}
