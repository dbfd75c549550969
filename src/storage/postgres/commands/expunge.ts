import { Flag, type ModSeq, type Uid } from '#model';
import type { Expunge, Expunged, FolderRef, UidRanges } from '../../commands.ts';
import type { Row } from '../connection.ts';
import { ALL_UIDS, rangesLiteral } from '../literals.ts';
import type { Transaction } from '../transaction.ts';
import { IN_RANGES } from './store-flags.ts';

const DELETE_ENTRIES = `DELETE FROM entry AS e WHERE ${IN_RANGES} AND e.flags & $4 = $4
  RETURNING uid, flags, size_bytes, content_id`;

/** Removes entries for good; their contents are collected later when nothing else shows them. */
export async function expunge(tx: Transaction, command: Expunge): Promise<Expunged> {
  const mailbox = tx.mailbox(command.mailboxId);
  const folder = tx.folder(command);
  const { highestModSeq } = folder;
  const modSeq = tx.reserveModSeq(mailbox);
  const mask = command.onlyDeleted ? Flag.Deleted : 0;
  const uids = await removeEntries(tx, command, command.uids ?? ALL_UIDS, mask);
  if (uids.length === 0) return { modSeq: highestModSeq as ModSeq, uids };
  tx.useModSeq(mailbox, folder, modSeq);
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
  const [rows] = await tx.writeEntries([
    [DELETE_ENTRIES, mailboxId, folderId, rangesLiteral(ranges), mask],
  ]);
  if (rows!.length === 0) return [];
  takeFromCounters(tx, { mailboxId, folderId }, rows!);
  const contentIds = rows!.map((row) => row[3] as number);
  tx.rows.release(mailboxId, contentIds);
  return rows!.map((row) => row[0] as Uid).sort((a, b) => a - b);
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
