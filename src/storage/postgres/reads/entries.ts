import { assert } from '#kernel';
import type { ModSeq } from '#model';
import {
  type CellDecoding,
  type EntryColumn,
  type EntryLayout,
  entryOf,
  HEAD_AS_WIRE_BYTES_MAX,
  layoutOf,
} from '../../entry-columns.ts';
import type { Entry, EntryQuery } from '../../reads.ts';
import { uidCount } from '../../uid-count.ts';
import type { Connection, Row } from '../connection.ts';
import { copiedRows, type Kind } from '../copied-rows.ts';
import { rangesLiteral } from '../literals.ts';

const TEXTS: readonly EntryColumn[] = ['e.keywords', 'c.blob', 'c.preview', 'c.subject'];
const BYTES: readonly EntryColumn[] = [
  'c.envelope',
  'c.body_structure',
  'c.body_short',
  'c.structure',
  'c.head',
  'c.body',
  'c.hash',
  'small head as wire',
  'head as wire',
  'body as wire',
];
/** What is no column. */
const SPELLED: Readonly<Partial<Record<EntryColumn, string>>> = {
  'small head as wire': `CASE WHEN c.head_bytes <= ${HEAD_AS_WIRE_BYTES_MAX} THEN c.head END`,
  'head as wire': 'c.head',
  'body as wire': 'c.body',
};
/** Entries from which on planning a COPY costs less than it saves: with bodies, and without. */
const COPIED_MIN = { body: 16, others: 100 } as const;

interface Plan {
  readonly oneRange: string;
  readonly ranges: string;
  readonly copied: (query: EntryQuery) => string;
  readonly kinds: readonly Kind[];
}

/** For queries without bounds, and with. */
const plans = [new Map<EntryLayout, Plan>(), new Map<EntryLayout, Plan>()] as const;

const DECODING: CellDecoding<Row[number]> = {
  rendered: (cell) => (cell as Buffer).toString('latin1'),
  bytes: (cell) => cell as Buffer,
  wire: (cell) => (cell as Buffer).toString('latin1'),
};

/** Reads entries by uid, lowest first, with the columns asked for. */
export async function readEntries(
  connection: Connection,
  query: EntryQuery,
): Promise<readonly Entry[]> {
  const { mailboxId, folderId, uids, limit, columns, within, changedSince = 0 as ModSeq } = query;
  const layout = layoutOf(columns);
  const plan = planOf(layout, within !== undefined);
  if (
    within === undefined &&
    Math.min(limit, uidCount(uids)) >= COPIED_MIN[columns.body ? 'body' : 'others']
  ) {
    const copied = await copiedRows(connection, plan.copied(query), plan.kinds);
    return copied.map((row) => entryOf(row, layout, DECODING));
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
  const entries = rows.map((row) => entryOf(row, layout, DECODING));
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

function kindOf(column: EntryColumn): Kind {
  if (TEXTS.includes(column)) return 'text';
  return BYTES.includes(column) ? 'bytes' : 'number';
}

function planOf(layout: EntryLayout, bounded: boolean): Plan {
  const made = plans[bounded ? 1 : 0];
  let plan = made.get(layout);
  if (plan === undefined) {
    plan = makePlan(layout, bounded);
    made.set(layout, plan);
  }
  return plan;
}

/** Keeps entries within bounds, whose four values are the parameters from `first` on. */
function withinFrom(table: string, first: number): string {
  const at = (index: number): string => `$${first + index}`;
  return `AND ${table}.flags & ${at(0)}::int = ${at(1)} AND ${table}.internal_ms >= ${at(2)} AND ${table}.internal_ms < ${at(3)}`;
}

function makePlan({ columns, hasContent }: EntryLayout, bounded: boolean): Plan {
  const list = columns.map((column) => SPELLED[column] ?? column).join(', ');
  const join = hasContent
    ? 'JOIN content AS c ON c.mailbox_id = e.mailbox_id AND c.content_id = e.content_id'
    : '';
  return {
    kinds: columns.map(kindOf),
    copied: (query) => copiedFrom(list, hasContent, query),
    oneRange: `SELECT ${list} FROM entry AS e ${join}
      WHERE e.mailbox_id = $1 AND e.folder_id = $2 AND e.uid BETWEEN $5 AND $6 AND e.modseq > $3
        ${bounded ? withinFrom('e', 7) : ''} ORDER BY e.uid LIMIT $4`,
    // The entries are cut to the limit before their contents are looked up.
    ranges: `SELECT ${list} FROM (
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
