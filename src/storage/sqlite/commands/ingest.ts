import { assert, PosthornError } from '#kernel';
import { type Content, Flag, type ModSeq, type TrackingEvent, UID_MAX, type Uid } from '#model';
import type { Ingest, Ingested, IngestTarget } from '../../commands.ts';
import { hasRoomFor } from '../../quota.ts';
import type { Transaction } from '../transaction.ts';
import { internKeywords } from './keywords.ts';

const INSERT_CONTENT = `INSERT INTO content(content_id, size_bytes, head_bytes, sent_ms, blob, message_id, subject,
    envelope, body_structure, body_short, structure, preview, hash, head, body)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_REFS = 'INSERT INTO content_ref(content_id, refs) VALUES (?, ?)';
const INSERT_ENTRY = `INSERT INTO entry(mailbox_id, folder_id, uid, content_id, flags, keywords, modseq, internal_ms, saved_ms, size_bytes)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_TRACKING = `INSERT INTO tracking(at_ms, event, source, submission_id, message_id, sender, recipients,
    recipient_status, size_bytes, subject, client_address)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Puts contents into folders. What can be refused is refused before the first row is written. */
export function ingest(tx: Transaction, command: Ingest, nowMs: number): Ingested {
  checkTargets(tx, command);
  const keywords = command.targets.map((target) =>
    internKeywords(tx, target.mailboxId, target.keywords),
  );
  const contentIds = command.contents.map((content) => insertContent(tx, content));
  const refs = new Array<number>(contentIds.length).fill(0);
  const entries = command.targets.map((target, index) => {
    refs[target.content]!++;
    const content = {
      contentId: contentIds[target.content]!,
      sizeBytes: command.contents[target.content]!.sizeBytes,
    };
    return insertEntry(tx, target, content, keywords[index]!, nowMs);
  });
  refs.forEach((count, index) => {
    if (count > 1) tx.sql.run(INSERT_REFS, contentIds[index]!, count);
  });
  for (const event of command.tracking) insertTracking(tx, event);
  return { entries };
}

function checkTargets(tx: Transaction, command: Ingest): void {
  const added = new Map<number, { readonly messages: number; readonly sizeBytes: number }>();
  const used = new Set<number>();
  for (const target of command.targets) {
    const content = command.contents[target.content];
    assert(content !== undefined, 'an ingest target names one of the contents');
    used.add(target.content);
    const mailbox = tx.mailbox(target.mailboxId);
    if (tx.folder(target).uidNext + command.targets.length - 1 > UID_MAX)
      throw new PosthornError('too-many', 'the folder has used all its 4294967295 uids');
    if (!target.enforceQuota) continue;
    const before = added.get(target.mailboxId);
    const more = {
      messages: (before?.messages ?? 0) + 1,
      sizeBytes: (before?.sizeBytes ?? 0) + content.sizeBytes,
    };
    added.set(target.mailboxId, more);
    if (!hasRoomFor(mailbox, more)) throw new PosthornError('over-quota');
  }
  assert(used.size === command.contents.length, 'every content has a target');
}

function insertContent(tx: Transaction, content: Content): number {
  const contentId = tx.nextContentId();
  const { body } = content;
  tx.sql.run(
    INSERT_CONTENT,
    contentId,
    content.sizeBytes,
    content.head.length,
    content.sentAtMs ?? null,
    body.kind === 'blob' ? body.blob : null,
    content.messageId ?? null,
    content.subject,
    content.envelope,
    content.bodyStructure,
    content.bodyShort,
    content.structure,
    content.preview,
    content.hash,
    content.head,
    body.kind === 'bytes' ? body.bytes : null,
  );
  return contentId;
}

function insertEntry(
  tx: Transaction,
  target: IngestTarget,
  content: { readonly contentId: number; readonly sizeBytes: number },
  keywords: string,
  nowMs: number,
): Ingested['entries'][number] {
  const { contentId, sizeBytes } = content;
  const mailbox = tx.mailbox(target.mailboxId);
  const folder = tx.folder(target);
  const modSeq: ModSeq = tx.ingestModSeq(mailbox, folder);
  const uid = folder.uidNext++ as Uid;
  tx.entryAdded(folder, uid, modSeq);
  folder.messages++;
  folder.sizeBytes += sizeBytes;
  if ((target.flags & Flag.Seen) === 0) folder.unseen++;
  if ((target.flags & Flag.Deleted) !== 0) folder.deleted++;
  mailbox.usedBytes += sizeBytes;
  mailbox.usedMessages++;
  tx.sql.run(
    INSERT_ENTRY,
    target.mailboxId,
    target.folderId,
    uid,
    contentId,
    target.flags,
    keywords,
    modSeq,
    target.internalMs,
    nowMs,
    sizeBytes,
  );
  const entry = { uid, uidValidity: folder.uidValidity, modSeq };
  if (target.claimsRecent !== true) return entry;
  const recentFrom = folder.recentFrom as Uid;
  folder.recentFrom = folder.uidNext;
  return { ...entry, recentFrom };
}

function insertTracking(tx: Transaction, event: TrackingEvent): void {
  tx.sql.run(
    INSERT_TRACKING,
    event.atMs,
    event.event,
    event.source,
    event.submissionId,
    event.messageId,
    event.sender,
    event.recipients,
    event.recipientStatus,
    event.sizeBytes,
    event.subject,
    event.clientAddress,
  );
}
