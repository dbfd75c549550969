import type { ModSeq, Uid } from '#model';
import type { EntryState, StateQuery } from '../../reads.ts';
import { RANGES, rangesJson } from '../ranges.ts';
import type { Row, Statements } from '../statements.ts';

export const STATE_COLUMNS = 'e.uid, e.modseq, e.flags, e.keywords';
const SELECT_RANGE = `SELECT ${STATE_COLUMNS} FROM entry AS e
  WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN ? AND ? AND e.modseq > ? ORDER BY e.uid LIMIT +?`;
const SELECT_RANGES = `SELECT ${STATE_COLUMNS} FROM ${RANGES} AS r CROSS JOIN entry AS e
  WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN r.lo AND r.hi AND e.modseq > ? LIMIT +?`;

/** Reads the flags of entries by uid, lowest first. */
export function readStates(sql: Statements, query: StateQuery): readonly EntryState[] {
  const { mailboxId, folderId, uids, limit, changedSince = 0 } = query;
  const [one] = uids;
  const rows =
    uids.length === 1
      ? sql.rows(SELECT_RANGE, mailboxId, folderId, ...one!, changedSince, limit)
      : sql.rows(SELECT_RANGES, rangesJson(uids), mailboxId, folderId, changedSince, limit);
  return rows.map(stateOf);
}

/** An entry's flags from a row of `STATE_COLUMNS`. */
export function stateOf(row: Row): EntryState {
  const keywords = row[3] as string;
  return {
    uid: row[0] as Uid,
    modSeq: row[1] as ModSeq,
    flags: row[2] as number,
    keywords: keywords.length <= 1 ? '' : keywords.slice(1, -1),
  };
}
