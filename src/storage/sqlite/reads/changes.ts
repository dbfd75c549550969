import type { ModSeq, Uid } from '#model';
import type { FolderRef, UidRanges } from '../../commands.ts';
import type { FolderChanges } from '../../reads.ts';
import { uidCount } from '../../uid-count.ts';
import { ALL_UIDS, decodeUids, mergeRanges, RANGES, rangesJson } from '../ranges.ts';
import type { Row, Statements } from '../statements.ts';
import { readFolder } from './folders.ts';
import { STATE_COLUMNS, stateOf } from './states.ts';

/** Log rows beyond which a scan of the folder is cheaper than following the log. */
const LOG_ROWS_MAX = 2000;

const SELECT_FLOOR = 'SELECT log_floor FROM mailbox WHERE mailbox_id = ?';
const SELECT_LOG = `SELECT kind, uids FROM change WHERE mailbox_id = ? AND modseq > ? AND folder_id = ?
  AND NOT (kind = 'f' AND modseq IN (SELECT value FROM json_each(?))) ORDER BY modseq`;
const SELECT_NAMED = `SELECT ${STATE_COLUMNS} FROM ${RANGES} AS r CROSS JOIN entry AS e
  WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN r.lo AND r.hi AND e.modseq > ? ORDER BY e.uid`;
const SELECT_SCAN = `SELECT ${STATE_COLUMNS} FROM entry AS e
  WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.modseq > ? ORDER BY e.uid`;

/** Follows the change log of a folder from a modseq on, passing over changes of flags that are known. */
export function readChanges(
  sql: Statements,
  ref: FolderRef,
  since: ModSeq,
  known: readonly ModSeq[] = [],
  entriesMax = Number.POSITIVE_INFINITY,
): FolderChanges | undefined {
  const folder = readFolder(sql, ref);
  if (folder === undefined) return undefined;
  if (folder.highestModSeq <= since) return { folder, vanished: [], entries: [] };
  const { mailboxId, folderId } = ref;
  const complete = (sql.row(SELECT_FLOOR, mailboxId)?.[0] as number) <= since;
  const log = complete
    ? sql.rows(SELECT_LOG, mailboxId, since, folderId, JSON.stringify(known))
    : [];
  const named = complete && log.length <= LOG_ROWS_MAX ? namedIn(log) : undefined;
  if (uidCount(named ?? ALL_UIDS) > entriesMax) return { folder, vanished: undefined, entries: [] };
  const rows =
    named === undefined
      ? sql.rows(SELECT_SCAN, mailboxId, folderId, since)
      : sql.rows(SELECT_NAMED, rangesJson(named), mailboxId, folderId, since);
  return { folder, vanished: complete ? vanishedIn(log) : undefined, entries: rows.map(stateOf) };
}

function namedIn(log: readonly Row[]): UidRanges {
  const ranges: (readonly [Uid, Uid])[] = [];
  for (const [kind, uids] of log) if (kind !== 'v') decodeUids(uids as string, ranges);
  return mergeRanges(ranges);
}

function vanishedIn(log: readonly Row[]): Uid[] {
  const ranges: (readonly [Uid, Uid])[] = [];
  for (const [kind, uids] of log) if (kind === 'v') decodeUids(uids as string, ranges);
  const vanished: Uid[] = [];
  for (const [first, last] of mergeRanges(ranges))
    for (let uid = first as number; uid <= last; uid++) vanished.push(uid as Uid);
  return vanished;
}
