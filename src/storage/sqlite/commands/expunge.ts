import { Flag, type FolderId, type MailboxId, type Uid } from '#model';
import type { Expunge, Expunged, FolderRef, UidRanges } from '../../commands.ts';
import { ALL_UIDS, RANGES, rangesJson } from '../ranges.ts';
import type { Row } from '../statements.ts';
import type { Transaction } from '../transaction.ts';

const DELETE_ENTRIES = `DELETE FROM entry WHERE mailbox_id = ? AND folder_id = ? AND uid IN (
    SELECT e.uid FROM ${RANGES} AS r CROSS JOIN entry AS e
    WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN r.lo AND r.hi AND (e.flags & ? = ?))
  RETURNING uid, flags, size_bytes, content_id`;

// Contents that lose references come as JSON pairs of id and how many.
const LOST = '(SELECT value ->> 0 AS id, value ->> 1 AS n FROM json_each(?))';
const NOTE_ORPHANS = `INSERT OR IGNORE INTO orphan(content_id)
  SELECT l.id FROM ${LOST} AS l LEFT JOIN content_ref AS c ON c.content_id = l.id WHERE coalesce(c.refs, 1) <= l.n`;
const REMOVE_REFS = `DELETE FROM content_ref WHERE content_id IN (
  SELECT l.id FROM ${LOST} AS l JOIN content_ref AS c ON c.content_id = l.id WHERE c.refs <= l.n)`;
const LOWER_REFS = `UPDATE content_ref SET refs = refs - l.n FROM ${LOST} AS l WHERE content_ref.content_id = l.id`;

/** Removes entries for good; their contents are collected later when nothing else shows them. */
export function expunge(tx: Transaction, command: Expunge): Expunged {
  const mailbox = tx.mailbox(command.mailboxId);
  const folder = tx.folder(command);
  const mask = command.onlyDeleted ? Flag.Deleted : 0;
  const uids = removeEntries(tx, command, command.uids ?? ALL_UIDS, mask);
  if (uids.length === 0) return { modSeq: folder.highestModSeq as Expunged['modSeq'], uids };
  const modSeq = tx.nextModSeq(mailbox, folder);
  tx.logChange(folder, modSeq, 'v', uids);
  return { modSeq, uids };
}

/** Removes every entry of a folder that is about to go. */
export function removeAllEntries(tx: Transaction, ref: FolderRef): void {
  removeEntries(tx, ref, ALL_UIDS, 0);
}

function removeEntries(
  tx: Transaction,
  ref: FolderRef,
  ranges: UidRanges,
  mask: number,
): readonly Uid[] {
  const { mailboxId, folderId } = ref;
  const rows = tx.sql.rows(
    DELETE_ENTRIES,
    mailboxId,
    folderId,
    rangesJson(ranges),
    mailboxId,
    folderId,
    mask,
    mask,
  );
  if (rows.length === 0) return [];
  takeFromCounters(tx, ref, rows);
  releaseContents(tx, rows);
  return rows.map((row) => row[0] as Uid).sort((a, b) => a - b);
}

function takeFromCounters(
  tx: Transaction,
  ref: { mailboxId: MailboxId; folderId: FolderId },
  rows: readonly Row[],
): void {
  const mailbox = tx.mailbox(ref.mailboxId);
  const folder = tx.folder(ref);
  tx.touchFolder(folder);
  tx.touchMailbox(mailbox);
  for (const [, flags, sizeBytes] of rows) {
    folder.messages--;
    mailbox.usedMessages--;
    folder.sizeBytes -= sizeBytes as number;
    mailbox.usedBytes -= sizeBytes as number;
    if (((flags as number) & Flag.Seen) === 0) folder.unseen--;
    if (((flags as number) & Flag.Deleted) !== 0) folder.deleted--;
  }
}

function releaseContents(tx: Transaction, rows: readonly Row[]): void {
  const lost = new Map<number, number>();
  for (const row of rows) lost.set(row[3] as number, (lost.get(row[3] as number) ?? 0) + 1);
  const json = JSON.stringify([...lost]);
  tx.sql.run(NOTE_ORPHANS, json);
  tx.sql.run(REMOVE_REFS, json);
  tx.sql.run(LOWER_REFS, json);
}
