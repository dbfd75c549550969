import { assert } from '#kernel';
import type { ContentId, ModSeq, Uid } from '#model';
import type { Entry, EntryColumns, EntryQuery } from '../../reads.ts';
import type { Connection, Row } from '../connection.ts';
import { copiedRows, type Kind } from '../copied-rows.ts';
import { rangesLiteral } from '../literals.ts';

/** Column of `content` for each name of EntryColumns, in the order in which they follow the fixed columns. */
const OPTIONAL: readonly (readonly [keyof EntryColumns, column: string, Kind])[] = [
  ['envelope', 'c.envelope', 'bytes'],
  ['bodyStructure', 'c.body_structure', 'bytes'],
  ['bodyShort', 'c.body_short', 'bytes'],
  ['structure', 'c.structure', 'bytes'],
  ['preview', 'c.preview', 'text'],
  ['subject', 'c.subject', 'text'],
  ['head', 'c.head', 'bytes'],
  ['body', 'c.body', 'bytes'],
  ['hash', 'c.hash', 'bytes'],
];

/** The fixed columns, in groups; the uid stands before them. */
const FIXED = {
  flags: ['e.modseq', 'e.flags', 'e.keywords'],
  place: ['e.content_id', 'e.size_bytes'],
  dates: ['e.internal_ms', 'e.saved_ms'],
  content: ['c.sent_ms', 'c.head_bytes', 'c.blob'],
} as const;
type Group = keyof typeof FIXED;
const TEXTS: readonly string[] = ['e.keywords', 'c.blob'];
/** Entries from which on planning a COPY costs less than it saves: with bodies, and without. */
const COPIED_MIN = { body: 16, others: 100 } as const;

interface Plan {
  readonly oneRange: string;
  readonly ranges: string;
  readonly copied: (query: EntryQuery) => string;
  readonly kinds: readonly Kind[];
  /** Where the first of a group stands in a row; -1 where it is not read. */
  readonly groups: Readonly<Record<Group, number>>;
  readonly positions: readonly number[];
}

const plans = new Map<number, Plan>();

/** Reads entries by uid, lowest first, with the columns asked for. */
export async function readEntries(
  connection: Connection,
  query: EntryQuery,
): Promise<readonly Entry[]> {
  const { mailboxId, folderId, uids, limit, columns, within, changedSince = 0 as ModSeq } = query;
  const plan = planOf(columns, within !== undefined);
  if (within === undefined && atMost(query) >= COPIED_MIN[columns.body ? 'body' : 'others']) {
    const copied = await copiedRows(connection, plan.copied(query), plan.kinds);
    return copied.map((row) => entryOf(row, plan));
  }
  const bounds = within
    ? [within.among, within.flags & within.among, within.fromMs, within.beforeMs]
    : [];
  const place = [mailboxId, folderId, changedSince, limit] as const;
  const [one] = uids;
  const rows =
    uids.length === 1
      ? await connection.query(plan.oneRange, ...place, one![0], one![1], ...bounds)
      : await connection.query(plan.ranges, ...place, rangesLiteral(uids), ...bounds);
  const entries = rows.map((row) => entryOf(row, plan));
  return query.bytesMax === undefined ? entries : firstBytes(entries, query.bytesMax);
}

/** The first ones, until they have so many octets together. */
function firstBytes(entries: readonly Entry[], bytesMax: number): readonly Entry[] {
  let bytes = 0;
  const last = entries.findIndex(({ sizeBytes }) => {
    bytes += sizeBytes;
    return bytes >= bytesMax;
  });
  return last < 0 ? entries : entries.slice(0, last + 1);
}

function kindOf(column: string): Kind {
  const optional = OPTIONAL.find(([, name]) => name === column);
  return optional?.[2] ?? (TEXTS.includes(column) ? 'text' : 'number');
}

/** How many entries there may be. */
function atMost({ uids, limit }: EntryQuery): number {
  let most = 0;
  for (const [first, last] of uids) most += last - first + 1;
  return Math.min(limit, most);
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
    plan = makePlan(mask, groupsOf(columns, hasContent), bounded);
    plans.set(key, plan);
  }
  return plan;
}

function groupsOf({ only }: EntryColumns, hasContent: boolean): readonly Group[] {
  if (only === 'flags') return ['flags'];
  const ofEntry: readonly Group[] = only === 'bytes' ? ['place'] : ['flags', 'place', 'dates'];
  return hasContent ? [...ofEntry, 'content'] : ofEntry;
}

/** Keeps entries within bounds, whose four values are the parameters from `first` on. */
function withinFrom(table: string, first: number): string {
  const at = (index: number): string => `$${first + index}`;
  return `AND ${table}.flags & ${at(0)}::int = ${at(1)} AND ${table}.internal_ms >= ${at(2)} AND ${table}.internal_ms < ${at(3)}`;
}

function makePlan(mask: number, groups: readonly Group[], bounded: boolean): Plan {
  const hasContent = groups.includes('content');
  const wanted = OPTIONAL.filter((_column, index) => hasContent && (mask & (1 << index)) !== 0);
  const list: string[] = ['e.uid'];
  const at: Record<Group, number> = { flags: -1, place: -1, dates: -1, content: -1 };
  for (const group of groups) at[group] = list.push(...FIXED[group]) - FIXED[group].length;
  const positions = OPTIONAL.map((column) =>
    wanted.includes(column) ? list.push(column[1]) - 1 : -1,
  );
  const columns = list.join(', ');
  const join = hasContent
    ? 'JOIN content AS c ON c.mailbox_id = e.mailbox_id AND c.content_id = e.content_id'
    : '';
  return {
    groups: at,
    positions,
    kinds: list.map((column) => kindOf(column)),
    copied: (query) => copiedFrom(columns, hasContent, query),
    oneRange: `SELECT ${columns} FROM entry AS e ${join}
      WHERE e.mailbox_id = $1 AND e.folder_id = $2 AND e.uid BETWEEN $5 AND $6 AND e.modseq > $3
        ${bounded ? withinFrom('e', 7) : ''} ORDER BY e.uid LIMIT $4`,
    // The entries are cut to the limit before their contents are looked up.
    ranges: `SELECT ${columns} FROM (
        SELECT * FROM entry AS x WHERE x.mailbox_id = $1 AND x.folder_id = $2 AND x.uid >= lower($5::int8multirange)
          AND x.uid < upper($5::int8multirange) AND x.uid <@ $5::int8multirange AND x.modseq > $3
          ${bounded ? withinFrom('x', 6) : ''}
        ORDER BY x.uid LIMIT $4
      ) AS e ${join} ORDER BY e.uid`,
  };
}

/**
 * As `oneRange` and `ranges`, with its values in it. Each content is looked up by its key, whatever the planner thinks of the numbers:
 * OFFSET keeps the inner SELECT what it is.
 */
function copiedFrom(
  columns: string,
  hasContent: boolean,
  { mailboxId, folderId, uids, limit, bytesMax, changedSince = 0 as ModSeq }: EntryQuery,
): string {
  const [first, last] = [uids[0]![0], uids.at(-1)![1]];
  for (const value of [mailboxId, folderId, first, last, limit, changedSince, bytesMax ?? 0])
    assert(Number.isSafeInteger(value), 'a statement names numbers only');
  const some = uids.length === 1 ? '' : `AND x.uid <@ '${rangesLiteral(uids)}'::int8multirange`;
  const content = `, LATERAL (
      SELECT * FROM content AS y WHERE y.mailbox_id = ${mailboxId} AND y.content_id = e.content_id OFFSET 0
    ) AS c`;
  const before = ', sum(size_bytes) OVER (ORDER BY uid) - size_bytes AS bytes_before';
  return `SELECT ${columns} FROM (
      SELECT *${bytesMax === undefined ? '' : before} FROM entry AS x WHERE x.mailbox_id = ${mailboxId} AND x.folder_id = ${folderId}
        AND x.uid BETWEEN ${first} AND ${last} ${some} AND x.modseq > ${changedSince}
      ORDER BY x.uid LIMIT ${limit}
    ) AS e${hasContent ? content : ''}
    ${bytesMax === undefined ? '' : `WHERE e.bytes_before < ${bytesMax}`} ORDER BY e.uid`;
}

function entryOf(row: Row, { groups, positions }: Plan): Entry {
  const { flags, place, dates, content } = groups;
  const at = (index: number): Row[number] | undefined => {
    const position = positions[index]!;
    return position < 0 ? undefined : row[position];
  };
  const wire = (index: number): string | undefined =>
    (at(index) as Buffer | undefined)?.toString('latin1');
  const text = (index: number): string | undefined => at(index) as string | undefined;
  const bytes = (index: number): Buffer | undefined => (at(index) as Buffer | null) ?? undefined;
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
    envelope: wire(0),
    bodyStructure: wire(1),
    bodyShort: wire(2),
    structure: wire(3),
    preview: text(4),
    subject: text(5),
    head: bytes(6),
    body: bytes(7),
    hash: bytes(8),
  };
}
