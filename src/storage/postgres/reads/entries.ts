import type { ContentId, ModSeq, Uid } from '#model';
import type { Entry, EntryColumns, EntryQuery } from '../../reads.ts';
import type { Connection, Row } from '../connection.ts';
import { rangesLiteral } from '../literals.ts';

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

interface Plan {
  readonly oneRange: string;
  readonly ranges: string;
  readonly positions: readonly number[];
}

const plans = new Map<number, Plan>();

/** Reads entries by uid, lowest first, with the columns asked for. */
export async function readEntries(
  connection: Connection,
  { mailboxId, folderId, uids, limit, columns, within, changedSince = 0 as ModSeq }: EntryQuery,
): Promise<readonly Entry[]> {
  const plan = planOf(columns, within !== undefined);
  const bounds = within
    ? [within.among, within.flags & within.among, within.fromMs, within.beforeMs]
    : [];
  const place = [mailboxId, folderId, changedSince, limit] as const;
  const [one] = uids;
  const rows =
    uids.length === 1
      ? await connection.query(plan.oneRange, ...place, one![0], one![1], ...bounds)
      : await connection.query(plan.ranges, ...place, rangesLiteral(uids), ...bounds);
  return rows.map((row) => entryOf(row, plan.positions));
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
    plan = makePlan(mask, bounded);
    plans.set(key, plan);
  }
  return plan;
}

/** Keeps entries within bounds, whose four values are the parameters from `first` on. */
function withinFrom(table: string, first: number): string {
  const at = (index: number): string => `$${first + index}`;
  return `AND ${table}.flags & ${at(0)}::int = ${at(1)} AND ${table}.internal_ms >= ${at(2)} AND ${table}.internal_ms < ${at(3)}`;
}

function makePlan(mask: number, bounded: boolean): Plan {
  const wanted = OPTIONAL.filter((_column, index) => (mask & (1 << index)) !== 0);
  let next = FIXED_COLUMNS;
  const positions = OPTIONAL.map((_column, index) => ((mask & (1 << index)) === 0 ? -1 : next++));
  const columns =
    mask === 0
      ? STATE
      : `${STATE}, ${CONTENT}${wanted.map(([, column]) => `, ${column}`).join('')}`;
  const join =
    mask === 0
      ? ''
      : 'JOIN content AS c ON c.mailbox_id = e.mailbox_id AND c.content_id = e.content_id';
  return {
    positions,
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

function entryOf(row: Row, positions: readonly number[]): Entry {
  const at = (index: number): Row[number] | undefined => row[positions[index]!];
  const wire = (index: number): string | undefined =>
    (at(index) as Buffer | undefined)?.toString('latin1');
  const text = (index: number): string | undefined => at(index) as string | undefined;
  const bytes = (index: number): Buffer | undefined => (at(index) as Buffer | null) ?? undefined;
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
