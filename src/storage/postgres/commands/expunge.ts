import { Flag, type MailboxId, type Uid } from '#model';
import type { Expunge, Expunged, FolderRef, UidRanges } from '../../commands.ts';
import type { Row } from '../connection.ts';
import { ALL_UIDS, numberArray, rangesLiteral } from '../literals.ts';
import type { Transaction } from '../transaction.ts';
import { IN_RANGES } from './store-flags.ts';

// Materialized for the reason that `storeFlags` has.
const DELETE_ENTRIES = `WITH chosen AS MATERIALIZED (SELECT e.uid FROM ${IN_RANGES} WHERE e.flags & $4 = $4)
  DELETE FROM entry WHERE mailbox_id = $1 AND folder_id = $2 AND uid IN (SELECT uid FROM chosen)
  RETURNING uid, flags, size_bytes, content_id`;

// Contents that lose references come as arrays of id and how many.
const LOST = 'unnest($2::bigint[], $3::bigint[]) AS l(id, n)';
const RELEASE = `WITH held AS (
    SELECT l.id, l.n, c.refs FROM ${LOST}
    LEFT JOIN content_ref AS c ON c.mailbox_id = $1 AND c.content_id = l.id
  ), gone AS (
    DELETE FROM content_ref AS c USING held WHERE c.mailbox_id = $1 AND c.content_id = held.id AND held.refs <= held.n
  ), lowered AS (
    UPDATE content_ref AS c SET refs = c.refs - held.n FROM held
    WHERE c.mailbox_id = $1 AND c.content_id = held.id AND held.refs > held.n
  )
  INSERT INTO orphan(mailbox_id, content_id)
  SELECT $1, id FROM held WHERE coalesce(refs, 1) <= n ON CONFLICT DO NOTHING RETURNING 1`;

/** Removes entries for good; their contents are collected later when nothing else shows them. */
export async function expunge(tx: Transaction, command: Expunge): Promise<Expunged> {
  const mailbox = tx.mailbox(command.mailboxId);
  const folder = tx.folder(command);
  const mask = command.onlyDeleted ? Flag.Deleted : 0;
  const uids = await removeEntries(tx, command, command.uids ?? ALL_UIDS, mask);
  if (uids.length === 0) return { modSeq: folder.highestModSeq as Expunged['modSeq'], uids };
  const modSeq = tx.nextModSeq(mailbox, folder);
  const { mailboxId, folderId } = command;
  tx.logChange({ mailboxId, modSeq, folderId, kind: 'v', uids });
  return { modSeq, uids };
}

/** Removes every entry of a folder that is about to go. */
export async function removeAllEntries(tx: Transaction, ref: FolderRef): Promise<void> {
  await removeEntries(tx, ref, ALL_UIDS, 0);
}

async function removeEntries(
  tx: Transaction,
  { mailboxId, folderId }: FolderRef,
  ranges: UidRanges,
  mask: number,
): Promise<readonly Uid[]> {
  await tx.flushRows();
  const rows = await tx.write(DELETE_ENTRIES, mailboxId, folderId, rangesLiteral(ranges), mask);
  if (rows.length === 0) return [];
  takeFromCounters(tx, { mailboxId, folderId }, rows);
  await releaseContents(
    tx,
    mailboxId,
    rows.map((row) => row[3] as number),
  );
  return rows.map((row) => row[0] as Uid).sort((a, b) => a - b);
}

function takeFromCounters(tx: Transaction, ref: FolderRef, rows: readonly Row[]): void {
  const mailbox = tx.mailbox(ref.mailboxId);
  const folder = tx.folder(ref);
  folder.dirty = true;
  mailbox.dirty = true;
  for (const [, flags, sizeBytes] of rows) {
    folder.messages--;
    mailbox.usedMessages--;
    folder.sizeBytes -= sizeBytes as number;
    mailbox.usedBytes -= sizeBytes as number;
    if (((flags as number) & Flag.Seen) === 0) folder.unseen--;
    if (((flags as number) & Flag.Deleted) !== 0) folder.deleted--;
  }
}

/** Counts references down, one for each id given; contents without any are noted for the clean-up. */
export async function releaseContents(
  tx: Transaction,
  mailboxId: MailboxId,
  contentIds: readonly number[],
): Promise<void> {
  const lost = new Map<number, number>();
  for (const id of contentIds) lost.set(id, (lost.get(id) ?? 0) + 1);
  const orphans = await tx.write(
    RELEASE,
    mailboxId,
    numberArray([...lost.keys()]),
    numberArray([...lost.values()]),
  );
  if (orphans.length > 0) tx.chore(mailboxId);
}
