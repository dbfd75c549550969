import { PosthornError } from '#kernel';
import { ALL_FLAGS, Flag, type FlagSet, UID_MAX, type Uid } from '#model';
import type { Copied, Copy, FolderRef } from '../../commands.ts';
import { hasRoomFor } from '../../quota.ts';
import type { Row } from '../connection.ts';
import { numberArray, rangesLiteral, textArray, uidsLiteral } from '../literals.ts';
import type { FolderState } from '../state.ts';
import type { Transaction } from '../transaction.ts';
import { internKeywords, namesOf, readKeywords } from './keywords.ts';
import { IN_RANGES } from './store-flags.ts';

const SELECT_SOURCE = `SELECT e.uid, e.flags, e.size_bytes, e.content_id, e.keywords, e.internal_ms FROM entry AS e WHERE ${IN_RANGES} ORDER BY e.uid`;
const INSERT_COPIES = `INSERT INTO entry(mailbox_id, folder_id, uid, content_id, flags, keywords, modseq, internal_ms, saved_ms, size_bytes)
  SELECT $1::bigint, $2::bigint, $3::bigint + c.nth - 1, c.content_id, c.flags, c.keywords, $4::bigint, c.internal_ms, $5::bigint, c.size_bytes
  FROM unnest($6::bigint[], $7::integer[], $8::text[], $9::bigint[], $10::bigint[])
    WITH ORDINALITY AS c(content_id, flags, keywords, internal_ms, size_bytes, nth)`;
const COUNT_COPIES = `INSERT INTO content_ref AS c (mailbox_id, content_id, refs)
  SELECT $1::bigint, l.id, $3::bigint + count(*) FROM unnest($2::bigint[]) AS l(id) GROUP BY l.id
  ON CONFLICT(mailbox_id, content_id) DO UPDATE SET refs = c.refs + excluded.refs - $3::bigint`;
const DELETE_SOURCE = `DELETE FROM entry AS e WHERE ${IN_RANGES}`;

const CONTENT_COLUMNS = `size_bytes, head_bytes, sent_ms, blob, message_id, subject, envelope, body_structure, body_short, structure,
  preview, hash, head, body`;
// By way of the columns' text: between mailboxes that may stand on different servers.
const COPY_CONTENT = `INSERT INTO content(mailbox_id, content_id, ${CONTENT_COLUMNS})
  SELECT $1::bigint, n.id, ${CONTENT_COLUMNS} FROM unnest($3::bigint[], $4::bigint[]) AS n(old, id)
  JOIN content ON content.mailbox_id = $2 AND content.content_id = n.old`;

/** Copies or moves entries; all or nothing (RFC 9051 §6.4.7, RFC 6851 §3.3). */
export async function copy(tx: Transaction, command: Copy): Promise<Copied> {
  const source = tx.folder(command);
  const target = tx.folder(command.to);
  const { mailboxId, folderId, to } = command;
  const rows = await tx.selectEntries(
    SELECT_SOURCE,
    mailboxId,
    folderId,
    rangesLiteral(command.uids),
  );
  const firstUid = target.uidNext as Uid;
  const uids = rows.map((row) => row[0] as Uid);
  if (rows.length === 0) return { uidValidity: target.uidValidity, uids, firstUid };
  const { keeping = ALL_FLAGS } = command;
  const sums = sumsOf(rows, keeping.flags);
  checkRoom(tx, command, target, sums);

  const mailbox = tx.mailbox(to.mailboxId);
  const across = to.mailboxId !== mailboxId;
  const stored = rows.map((row) => (keeping.keywords ? (row[4] as string) : ' '));
  const keywords = across ? await keywordsFor(tx, to, stored) : stored;
  const contentIds = across ? await copyContents(tx, command, rows) : rows.map(contentIdOf);
  const modSeq = tx.nextModSeq(mailbox, target);
  await tx.write(
    INSERT_COPIES,
    to.mailboxId,
    to.folderId,
    firstUid,
    modSeq,
    tx.nowMs,
    numberArray(contentIds),
    numberArray(rows.map((row) => (row[1] as number) & keeping.flags)),
    textArray(keywords),
    numberArray(rows.map((row) => row[5] as number)),
    numberArray(rows.map((row) => row[2] as number)),
  );
  target.uidNext += rows.length;
  addSums(target, sums, 1);
  mailbox.usedBytes += sums.sizeBytes;
  mailbox.usedMessages += sums.messages;
  const added = uids.map((_uid, index) => firstUid + index);
  tx.logChange({ ...to, modSeq, kind: 'a', uids: added });
  if (command.move) await removeSource(tx, source, rows, across);
  else if (!across) await countCopies(tx, mailboxId, contentIds, 1);
  return { uidValidity: target.uidValidity, uids, firstUid };
}

function contentIdOf(row: Row): number {
  return row[3] as number;
}

/** Counts references up; `first` is what a content without a count has already. */
async function countCopies(
  tx: Transaction,
  mailboxId: number,
  contentIds: readonly number[],
  first: 0 | 1,
): Promise<void> {
  await tx.write(COUNT_COPIES, mailboxId, numberArray(contentIds), first);
}

/**
 * The keywords of the sources as the other mailbox writes them: it may know a name in another letter case.
 * @throws {too-many} before anything was written
 */
async function keywordsFor(
  tx: Transaction,
  { mailboxId }: FolderRef,
  stored: readonly string[],
): Promise<readonly string[]> {
  const names = new Set(stored.flatMap((text) => [...namesOf(text)]));
  await readKeywords(tx, mailboxId, [...names]);
  internKeywords(tx, mailboxId, [...names]);
  const forms = new Map<string, string>();
  for (const text of new Set(stored))
    forms.set(text, internKeywords(tx, mailboxId, [...namesOf(text)]));
  return stored.map((text) => forms.get(text)!);
}

/** Gives the other mailbox its own copy of each content; gives the id of each row's content there. */
async function copyContents(
  tx: Transaction,
  { mailboxId, to }: Copy,
  rows: readonly Row[],
): Promise<readonly number[]> {
  const mailbox = tx.mailbox(to.mailboxId);
  const ids = new Map<number, number>();
  for (const id of rows.map(contentIdOf)) if (!ids.has(id)) ids.set(id, mailbox.nextContentId++);
  await tx.write(
    COPY_CONTENT,
    to.mailboxId,
    mailboxId,
    numberArray([...ids.keys()]),
    numberArray([...ids.values()]),
  );
  const contentIds = rows.map((row) => ids.get(contentIdOf(row))!);
  const many = contentIds.filter((id, index) => contentIds.indexOf(id) !== index);
  if (many.length > 0) {
    const shared = new Set(many);
    const all = contentIds.filter((id) => shared.has(id));
    await countCopies(tx, to.mailboxId, all, 0);
  }
  return contentIds;
}

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
  folder.dirty = true;
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

async function removeSource(
  tx: Transaction,
  source: FolderState,
  rows: readonly Row[],
  across: boolean,
): Promise<void> {
  const { mailboxId, folderId } = source;
  const uids = rows.map((row) => row[0] as number);
  const mailbox = tx.mailbox(mailboxId);
  const modSeq = tx.nextModSeq(mailbox, source);
  await tx.write(DELETE_SOURCE, mailboxId, folderId, uidsLiteral(uids));
  if (across) tx.rows.release(mailboxId, rows.map(contentIdOf));
  const sums = sumsOf(rows, ALL_FLAGS.flags);
  addSums(source, sums, -1);
  mailbox.usedBytes -= sums.sizeBytes;
  mailbox.usedMessages -= sums.messages;
  tx.logChange({ mailboxId, folderId, modSeq, kind: 'v', uids });
}
