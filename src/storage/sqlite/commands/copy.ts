import { PosthornError } from '#kernel';
import { ALL_FLAGS, Flag, type FlagSet, UID_MAX, type Uid } from '#model';
import type { Copied, Copy } from '../../commands.ts';
import { hasRoomFor } from '../../quota.ts';
import { mergeRanges, RANGES, rangesJson } from '../ranges.ts';
import type { Row } from '../statements.ts';
import type { FolderState, Transaction } from '../transaction.ts';
import { internKeywords, namesOf } from './keywords.ts';

const FROM_SOURCE = `FROM ${RANGES} AS r CROSS JOIN entry AS e
  WHERE e.mailbox_id = ? AND e.folder_id = ? AND e.uid BETWEEN r.lo AND r.hi`;
const SELECT_SOURCE = `SELECT e.uid, e.flags, e.size_bytes ${FROM_SOURCE} ORDER BY e.uid`;
const INSERT_COPIES = `INSERT INTO entry(mailbox_id, folder_id, uid, content_id, flags, keywords, modseq, internal_ms, saved_ms, size_bytes)
  SELECT ?, ?, ? + row_number() OVER (ORDER BY e.uid) - 1, e.content_id, e.flags & ?,
    CASE WHEN ? = 1 THEN e.keywords ELSE ' ' END, ?, e.internal_ms, ?, e.size_bytes ${FROM_SOURCE}`;
const COUNT_COPIES = `INSERT INTO content_ref(content_id, refs)
  SELECT e.content_id, 1 + count(*) ${FROM_SOURCE} GROUP BY e.content_id
  ON CONFLICT(content_id) DO UPDATE SET refs = refs + excluded.refs - 1`;
const SELECT_KEYWORDS = `SELECT DISTINCT e.keywords ${FROM_SOURCE} AND e.keywords <> ' '`;
const REWRITE_KEYWORDS = `UPDATE entry SET keywords = ?
  WHERE mailbox_id = ? AND folder_id = ? AND uid >= ? AND keywords = ?`;
const DELETE_SOURCE = `DELETE FROM entry WHERE (mailbox_id, folder_id, uid) IN (SELECT e.mailbox_id, e.folder_id, e.uid ${FROM_SOURCE})`;

/** Copies or moves entries; all or nothing (RFC 9051 §6.4.7, RFC 6851 §3.3). */
export function copy(tx: Transaction, command: Copy, nowMs: number): Copied {
  const source = tx.folder(command);
  const target = tx.folder(command.to);
  const asked = [rangesJson(command.uids), command.mailboxId, command.folderId] as const;
  const rows = tx.sql.rows(SELECT_SOURCE, ...asked);
  const firstUid = target.uidNext as Uid;
  const uids = rows.map((row) => row[0] as Uid);
  if (rows.length === 0) return { uidValidity: target.uidValidity, uids, firstUid };
  // From here on exactly these: moved within one folder, the copies must not be taken for sources.
  const exact = rangesJson(mergeRanges(uids.map((uid) => [uid, uid])));
  const place = [exact, command.mailboxId, command.folderId] as const;
  const { keeping = ALL_FLAGS } = command;
  const sums = sumsOf(rows, keeping.flags);
  checkRoom(tx, command, target, sums);

  const mailbox = tx.mailbox(command.to.mailboxId);
  const rewrites =
    command.to.mailboxId === command.mailboxId || !keeping.keywords
      ? []
      : rewritesFor(tx, command, place);
  const modSeq = tx.nextModSeq(mailbox, target);
  tx.sql.run(
    INSERT_COPIES,
    command.to.mailboxId,
    command.to.folderId,
    firstUid,
    keeping.flags,
    keeping.keywords ? 1 : 0,
    modSeq,
    nowMs,
    ...place,
  );
  for (const [from, to] of rewrites)
    tx.sql.run(REWRITE_KEYWORDS, to, command.to.mailboxId, command.to.folderId, firstUid, from);
  target.uidNext += rows.length;
  addSums(target, sums, 1);
  mailbox.usedBytes += sums.sizeBytes;
  mailbox.usedMessages += sums.messages;
  tx.logChange(
    target,
    modSeq,
    'a',
    uids.map((_uid, index) => firstUid + index),
  );
  if (command.move) removeSource(tx, source, place, uids, sumsOf(rows, ALL_FLAGS.flags));
  else tx.sql.run(COUNT_COPIES, ...place);
  return { uidValidity: target.uidValidity, uids, firstUid };
}

/**
 * The keywords of the sources as the other mailbox writes them: it may know a name in another letter case.
 * @throws {too-many}
 */
function rewritesFor(tx: Transaction, command: Copy, place: Place): (readonly [string, string])[] {
  return tx.sql
    .rows(SELECT_KEYWORDS, ...place)
    .map(([stored]) => stored as string)
    .map(
      (stored) => [stored, internKeywords(tx, command.to.mailboxId, [...namesOf(stored)])] as const,
    )
    .filter(([from, to]) => from !== to);
}

/** Ranges, mailbox and folder of the sources. */
type Place = readonly [string, number, number];

interface Sums {
  messages: number;
  unseen: number;
  deleted: number;
  sizeBytes: number;
}

/** @param kept the flags that count */
function sumsOf(rows: readonly Row[], kept: FlagSet): Sums {
  const sums: Sums = { messages: rows.length, unseen: 0, deleted: 0, sizeBytes: 0 };
  for (const [, flags, sizeBytes] of rows) {
    if (((flags as number) & kept & Flag.Seen) === 0) sums.unseen++;
    if (((flags as number) & kept & Flag.Deleted) !== 0) sums.deleted++;
    sums.sizeBytes += sizeBytes as number;
  }
  return sums;
}

function addSums(folder: FolderState, sums: Sums, sign: 1 | -1): void {
  folder.messages += sign * sums.messages;
  folder.unseen += sign * sums.unseen;
  folder.deleted += sign * sums.deleted;
  folder.sizeBytes += sign * sums.sizeBytes;
}

function checkRoom(tx: Transaction, command: Copy, target: FolderState, sums: Sums): void {
  if (target.uidNext + sums.messages - 1 > UID_MAX)
    throw new PosthornError('too-many', 'the folder has used all its 4294967295 uids');
  const mailbox = tx.mailbox(command.to.mailboxId);
  const grows = !command.move || command.to.mailboxId !== command.mailboxId;
  if (grows && !hasRoomFor(mailbox, sums)) throw new PosthornError('over-quota');
}

function removeSource(
  tx: Transaction,
  source: FolderState,
  place: Place,
  uids: readonly Uid[],
  sums: Sums,
): void {
  const mailbox = tx.mailbox(source.mailboxId);
  const modSeq = tx.nextModSeq(mailbox, source);
  tx.sql.run(DELETE_SOURCE, ...place);
  addSums(source, sums, -1);
  mailbox.usedBytes -= sums.sizeBytes;
  mailbox.usedMessages -= sums.messages;
  tx.logChange(source, modSeq, 'v', uids);
}
