import type { ModSeq } from '#model';
import type { FolderRef } from '../../commands.ts';
import type { EntryState, FolderChanges } from '../../reads.ts';
import type { Connection, Row } from '../connection.ts';
import { numberArray, uidsIn } from '../literals.ts';
import { COLUMNS, FOLDER_COLUMNS, folderOf } from './folders.ts';
import { stateOf } from './states.ts';

// The log's uids in one statement with the entries they name, so that all of it is of one snapshot. Names of the log: $3 since, $4 known.
const SELECT_NAMED = `WITH log AS (
    SELECT range_agg(c.uids) FILTER (WHERE c.kind = 'v') AS gone, range_agg(c.uids) FILTER (WHERE c.kind <> 'v') AS named
    FROM change AS c WHERE c.mailbox_id = $1 AND c.modseq > $3 AND c.folder_id = $2
      AND NOT (c.kind = 'f' AND c.modseq = ANY ($4::bigint[]))
  )
  SELECT ${COLUMNS}, m.log_floor, log.gone::text, e.uid, e.modseq, e.flags, e.keywords
  FROM folder AS f JOIN mailbox AS m ON m.mailbox_id = f.mailbox_id CROSS JOIN log
  LEFT JOIN LATERAL (
    SELECT i.uid, i.modseq, i.flags, i.keywords FROM entry AS i
    WHERE i.mailbox_id = $1 AND i.folder_id = $2 AND i.uid >= lower(log.named) AND i.uid < upper(log.named)
      AND i.uid <@ log.named AND i.modseq > $3 AND m.log_floor <= $3
    -- Keeps it a look by the key for what the log names; without, it may become a walk through the whole folder.
    OFFSET 0 LIMIT $5
  ) AS e ON true
  WHERE f.mailbox_id = $1 AND f.folder_id = $2 ORDER BY e.uid`;
// When the log does not reach back so far.
const SELECT_SCAN = `SELECT ${COLUMNS}, e.uid, e.modseq, e.flags, e.keywords FROM folder AS f
  LEFT JOIN entry AS e ON e.mailbox_id = f.mailbox_id AND e.folder_id = f.folder_id AND e.modseq > $3
  WHERE f.mailbox_id = $1 AND f.folder_id = $2 ORDER BY e.uid`;

/** Follows the change log of a folder from a modseq on, passing over changes of flags that are known. */
export async function readChanges(
  connection: Connection,
  { mailboxId, folderId }: FolderRef,
  since: ModSeq,
  known: readonly ModSeq[] = [],
  entriesMax?: number,
): Promise<FolderChanges | undefined> {
  const limit = entriesMax === undefined ? null : entriesMax + 1;
  const values = [mailboxId, folderId, since, numberArray(known), limit] as const;
  const rows = await connection.query(SELECT_NAMED, ...values);
  const [first] = rows;
  if (first === undefined) return undefined;
  const folder = folderOf(first);
  if (folder.highestModSeq <= since) return { folder, vanished: [], entries: [] };
  const [floor, gone] = first.slice(FOLDER_COLUMNS) as [number, string | null];
  const isTooMany = entriesMax !== undefined && (floor > since || rows.length > entriesMax);
  if (isTooMany) return { folder, vanished: undefined, entries: [] };
  if (floor <= since)
    return { folder, vanished: uidsIn(gone), entries: statesIn(rows, FOLDER_COLUMNS + 2) };
  const scanned = await connection.query(SELECT_SCAN, mailboxId, folderId, since);
  if (scanned[0] === undefined) return undefined;
  return {
    folder: folderOf(scanned[0]),
    vanished: undefined,
    entries: statesIn(scanned, FOLDER_COLUMNS),
  };
}

/** The entries of joined rows; a folder without any is one row of nothing. */
function statesIn(rows: readonly Row[], at: number): readonly EntryState[] {
  return rows.filter((row) => row[at] !== null).map((row) => stateOf(row, at));
}
