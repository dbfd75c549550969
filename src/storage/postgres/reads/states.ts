import { assert } from '#kernel';
import type { ModSeq, Uid } from '#model';
import type { EntryState, StateQuery } from '../../reads.ts';
import { uidCount } from '../../uid-count.ts';
import type { Connection, Row } from '../connection.ts';
import { copiedRows, type Kind } from '../copied-rows.ts';
import { rangesLiteral } from '../literals.ts';

const COLUMNS = 'e.uid, e.modseq, e.flags, e.keywords';
const KINDS: readonly Kind[] = ['number', 'number', 'number', 'text'];
const SELECT_RANGE = `SELECT ${COLUMNS} FROM entry AS e
  WHERE e.mailbox_id = $1 AND e.folder_id = $2 AND e.uid BETWEEN $5 AND $6 AND e.modseq > $3 ORDER BY e.uid LIMIT $4`;
const SELECT_RANGES = `SELECT ${COLUMNS} FROM entry AS e
  WHERE e.mailbox_id = $1 AND e.folder_id = $2 AND e.uid >= lower($5::int8multirange) AND e.uid < upper($5::int8multirange)
    AND e.uid <@ $5::int8multirange AND e.modseq > $3 ORDER BY e.uid LIMIT $4`;
/** Entries from which on planning a COPY costs less than it saves. */
const COPIED_MIN = 100;

/** Reads the flags of entries by uid, lowest first. */
export async function readStates(
  connection: Connection,
  query: StateQuery,
): Promise<readonly EntryState[]> {
  const rows = await rowsOf(connection, query);
  return rows.map((row) => stateOf(row, 0));
}

async function rowsOf(connection: Connection, query: StateQuery): Promise<readonly Row[]> {
  const { mailboxId, folderId, uids, limit, changedSince = 0 as ModSeq } = query;
  if (Math.min(limit, uidCount(uids)) >= COPIED_MIN)
    return await copiedRows(connection, copied(query), KINDS);
  const place = [mailboxId, folderId, changedSince, limit] as const;
  return uids.length === 1
    ? await connection.query(SELECT_RANGE, ...place, ...uids[0]!)
    : await connection.query(SELECT_RANGES, ...place, rangesLiteral(uids));
}

/** The same with its values in it, as COPY takes it. */
function copied(query: StateQuery): string {
  const { mailboxId, folderId, uids, limit, changedSince = 0 as ModSeq } = query;
  const [first, last] = [uids[0]![0], uids.at(-1)![1]];
  for (const value of [mailboxId, folderId, first, last, limit, changedSince])
    assert(Number.isSafeInteger(value), 'a statement names numbers only');
  const some = uids.length === 1 ? '' : `AND e.uid <@ '${rangesLiteral(uids)}'::int8multirange`;
  return `SELECT ${COLUMNS} FROM entry AS e WHERE e.mailbox_id = ${mailboxId} AND e.folder_id = ${folderId}
    AND e.uid BETWEEN ${first} AND ${last} ${some} AND e.modseq > ${changedSince} ORDER BY e.uid LIMIT ${limit}`;
}

/** An entry's flags from four columns of a row, from `at` on. */
export function stateOf(row: Row, at: number): EntryState {
  const keywords = row[at + 3] as string;
  return {
    uid: row[at] as Uid,
    modSeq: row[at + 1] as ModSeq,
    flags: row[at + 2] as number,
    keywords: keywords.length <= 1 ? '' : keywords.slice(1, -1),
  };
}
