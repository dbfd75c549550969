import type { CleanedUp, CleanUp } from '../../commands.ts';
import type { Transaction } from '../transaction.ts';

const SELECT_ORPHANS = 'SELECT content_id FROM orphan ORDER BY content_id LIMIT +?';
const IN_LIST = 'content_id IN (SELECT value FROM json_each(?))';
const DELETE_CONTENTS = `DELETE FROM content WHERE ${IN_LIST} RETURNING blob`;
const DELETE_ORPHANS = `DELETE FROM orphan WHERE ${IN_LIST}`;
const RAISE_CONTENT_FLOOR = `INSERT INTO header(key, value) VALUES ('content_floor', ?)
  ON CONFLICT DO UPDATE SET value = max(value, excluded.value)`;
// The log keeps the last `keepChanges` modseqs of a mailbox; a client that was away longer compares uids instead.
const RAISE_FLOORS = 'UPDATE mailbox SET log_floor = modseq - ? WHERE modseq - ? > log_floor + ?';
const PRUNE_LOG = `DELETE FROM change WHERE (mailbox_id, modseq, folder_id, kind) IN (
  SELECT c.mailbox_id, c.modseq, c.folder_id, c.kind FROM mailbox AS m CROSS JOIN change AS c
  WHERE c.mailbox_id = m.mailbox_id AND c.modseq <= m.log_floor LIMIT +?)`;

// Events are numbered in the order of time.
const PRUNE_TRACKING = `DELETE FROM tracking
  WHERE tracking_id IN (SELECT tracking_id FROM tracking ORDER BY tracking_id LIMIT +?) AND at_ms < ?`;

/** Removes a bounded amount of what nothing refers to. */
export function cleanUp(tx: Transaction, command: CleanUp): CleanedUp {
  const { contentsMax, keepChanges } = command;
  tx.flush();
  tx.sql.run(RAISE_FLOORS, keepChanges, keepChanges, Math.ceil(keepChanges / 10));
  const changes = tx.sql.run(PRUNE_LOG, contentsMax);
  const events =
    command.trackingBeforeMs === undefined
      ? 0
      : tx.sql.run(PRUNE_TRACKING, contentsMax, command.trackingBeforeMs);
  const ids = tx.sql.rows(SELECT_ORPHANS, contentsMax).map((row) => row[0] as number);
  const more = [changes, events, ids.length].includes(contentsMax);
  if (ids.length === 0) return { contents: 0, blobs: [], more };
  tx.sql.run(RAISE_CONTENT_FLOOR, ids.at(-1)!);
  const json = JSON.stringify(ids);
  const blobs = tx.sql
    .rows(DELETE_CONTENTS, json)
    .map((row) => row[0])
    .filter((blob) => typeof blob === 'string');
  tx.sql.run(DELETE_ORPHANS, json);
  return { contents: ids.length, blobs, more };
}
