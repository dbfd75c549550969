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

/** The fixed columns, in groups; the uid stands before them. */
const FIXED = {
  flags: ['e.modseq', 'e.flags', 'e.keywords'],
  place: ['e.content_id', 'e.size_bytes'],
  dates: ['e.internal_ms', 'e.saved_ms'],
  content: ['c.sent_ms', 'c.head_bytes', 'c.blob'],
} as const;
type Group = keyof typeof FIXED;
const WITHIN = 'AND e.flags & ? = ? AND e.internal_ms >= ? AND e.internal_ms < ?';

interface Plan {
  readonly oneRange: string;
  readonly ranges: string;
  /** Where the first of a group stands in a row; -1 where it is not read. */
  readonly groups: Readonly<Record<Group, number>>;
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
    return sql.rows(text, ...values).map((row) => entryOf(row, plan));
  const entries: Entry[] = [];
  let bytes = 0;
  for (const row of sql.each(text, ...values)) {
    const entry = entryOf(row, plan);
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
  const hasContent = mask !== 0 && columns.only !== 'flags';
  if (columns.only !== undefined)
    mask |= 1 << (OPTIONAL.length + (columns.only === 'flags' ? 1 : 2));
  const key = bounded ? ~mask : mask;
  let plan = plans.get(key);
  if (plan === undefined) {
    plan = makePlan(mask, groupsOf(columns, hasContent), bounded ? WITHIN : '');
    plans.set(key, plan);
  }
  return plan;
}

function groupsOf({ only }: EntryColumns, hasContent: boolean): readonly Group[] {
  if (only === 'flags') return ['flags'];
  const ofEntry: readonly Group[] = only === 'bytes' ? ['place'] : ['flags', 'place', 'dates'];
  return hasContent ? [...ofEntry, 'content'] : ofEntry;
}

function makePlan(mask: number, groups: readonly Group[], within: string): Plan {
  const hasContent = groups.includes('content');
  const wanted = OPTIONAL.filter((_column, index) => hasContent && (mask & (1 << index)) !== 0);
  const list: string[] = ['e.uid'];
  const at: Record<Group, number> = { flags: -1, place: -1, dates: -1, content: -1 };
  for (const group of groups) at[group] = list.push(...FIXED[group]) - FIXED[group].length;
  const positions = OPTIONAL.map((column) =>
    wanted.includes(column) ? list.push(column[1]) - 1 : -1,
  );
  const columns = list.join(', ');
  const join = hasContent ? 'JOIN content AS c ON c.content_id = e.content_id' : '';
  return {
    groups: at,
    positions,
    oneRange: `SELECT ${columns} FROM entry AS e ${join}
      WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN ? AND ? AND e.modseq > ? ${within} ORDER BY e.uid LIMIT ?`,
    ranges: `SELECT ${columns} FROM ${RANGES} AS r CROSS JOIN entry AS e ${join}
      WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN r.lo AND r.hi AND e.modseq > ? ${within} LIMIT ?`,
  };
}

function entryOf(row: Row, { groups, positions }: Plan): Entry {
  const { flags, place, dates, content } = groups;
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
  const keywords = flags < 0 ? '' : (row[flags + 2] as string);
  return {
    uid: row[0] as Uid,
    modSeq: (flags < 0 ? 0 : row[flags]) as ModSeq,
    flags: flags < 0 ? 0 : (row[flags + 1] as number),
    keywords: keywords.length <= 1 ? '' : keywords.slice(1, -1),
    contentId: (place < 0 ? 0 : row[place]) as ContentId,
    sizeBytes: place < 0 ? 0 : (row[place + 1] as number),
    internalMs: dates < 0 ? 0 : (row[dates] as number),
    savedMs: dates < 0 ? 0 : (row[dates + 1] as number),
    sentAtMs: content < 0 ? undefined : ((row[content] as number | null) ?? undefined),
    headBytes: content < 0 ? 0 : (row[content + 1] as number),
    blob: content < 0 ? undefined : ((row[content + 2] as string | null) ?? undefined),
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
