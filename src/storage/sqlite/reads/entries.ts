import {
  type CellDecoding,
  type EntryColumn,
  type EntryLayout,
  entryOf,
  HEAD_AS_WIRE_BYTES_MAX,
  layoutOf,
} from '../../entry-columns.ts';
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

/** What is no column. node:sqlite gives text much faster than bytes, where it is ASCII: what a message says is not stays bytes. */
const SPELLED: Readonly<Partial<Record<EntryColumn, string>>> = {
  'small head as wire': `CASE WHEN c.head_bytes <= ${HEAD_AS_WIRE_BYTES_MAX} THEN CAST(c.head AS TEXT) END`,
  'head as wire': 'CAST(c.head AS TEXT)',
  'body as wire': `CASE WHEN instr(c.body_structure, '"8bit"') THEN c.body ELSE CAST(c.body AS TEXT) END`,
};

const DECODING: CellDecoding<Row[number]> = {
  rendered: (cell) => cell as string,
  bytes: bufferOf,
  wire: (cell, sizeBytes) =>
    typeof cell === 'string' ? wireOf(cell, sizeBytes) : bufferOf(cell).toString('latin1'),
};

/** The same memory as a Buffer. */
function bufferOf(cell: Row[number]): Buffer {
  const { buffer, byteOffset, byteLength } = cell as Uint8Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}

/**
 * Bytes that were read as if they were UTF-8, as a wire string; undefined when they were not. Where each byte became a character, all are
 * ASCII, or those that are not became U+FFFD.
 */
function wireOf(text: string, sizeBytes: number): string | undefined {
  if (text.includes('\ufffd')) return undefined;
  if (text.length === sizeBytes) return text;
  const wire = Buffer.from(text).toString('latin1');
  return wire.length === sizeBytes ? wire : undefined;
}

/** Reads entries by uid, lowest first, with the columns asked for. */
export function readEntries(sql: Statements, query: EntryQuery): readonly Entry[] {
  const entries = readOnce(sql, query);
  const { head, body, wire } = query.columns;
  return wire && (head || body) ? withAllWire(sql, query, entries) : entries;
}

/** Messages that are no UTF-8 are read once more, as bytes. */
function withAllWire(
  sql: Statements,
  { mailboxId, folderId, columns }: EntryQuery,
  entries: readonly Entry[],
): readonly Entry[] {
  const missing = entries.filter(
    ({ wire, headBytes }) =>
      wire === undefined && (columns.body === true || headBytes <= HEAD_AS_WIRE_BYTES_MAX),
  );
  if (missing.length === 0) return entries;
  const bytes = readOnce(sql, {
    mailboxId,
    folderId,
    uids: missing.map(({ uid }) => [uid, uid]),
    columns: { only: 'bytes', head: true, body: columns.body === true },
    limit: missing.length,
  });
  const wires = new Map(
    bytes.map(({ uid, head, body }) => [uid, latin1Of(head) + latin1Of(body)] as const),
  );
  return entries.map((entry) => ({ ...entry, wire: entry.wire ?? wires.get(entry.uid) }));
}

function latin1Of(bytes: Buffer | undefined): string {
  return bytes?.toString('latin1') ?? '';
}

function readOnce(sql: Statements, query: EntryQuery): readonly Entry[] {
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
  const list = columns.map((column) => SPELLED[column] ?? column).join(', ');
  const join = hasContent ? 'JOIN content AS c ON c.content_id = e.content_id' : '';
  return {
    oneRange: `SELECT ${list} FROM entry AS e ${join}
      WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN ? AND ? AND e.modseq > ? ${within} ORDER BY e.uid LIMIT +?`,
    ranges: `SELECT ${list} FROM ${RANGES} AS r CROSS JOIN entry AS e ${join}
      WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN r.lo AND r.hi AND e.modseq > ? ${within} LIMIT +?`,
  };
}
