import { assert, PosthornError } from '#kernel';
import { Flag, type MailboxId, type ModSeq, UID_MAX, type Uid } from '#model';
import type { Ingest, Ingested, IngestedEntry, IngestTarget } from '../../commands.ts';
import { hasRoomFor } from '../../quota.ts';
import type { Transaction } from '../transaction.ts';
import { checkKeywords, internKeywords } from './keywords.ts';

/** Puts contents into folders of one mailbox, or keeps tracking alone. What can be refused is refused before the first row. */
export function ingest(tx: Transaction, command: Ingest): Ingested {
  assertWhole(command);
  const mailboxId = command.targets[0]?.mailboxId;
  if (mailboxId !== undefined) checkPart(tx, mailboxId, command);
  for (const event of command.tracking) tx.rows.addTracking(mailboxId ?? 0, event);
  return { entries: mailboxId === undefined ? [] : ingestPart(tx, mailboxId, command) };
}

/** Refuses an ingest that is not whole: a bug of the caller. */
export function assertWhole({ contents, targets }: Pick<Ingest, 'contents' | 'targets'>): void {
  const used = new Set<number>();
  for (const target of targets) {
    assert(contents[target.content] !== undefined, 'an ingest target names one of the contents');
    used.add(target.content);
  }
  assert(used.size === contents.length, 'every content has a target');
}

/**
 * Refuses what can be refused about the part of an ingest that goes to one mailbox. Writes nothing.
 * @throws {no-mailbox}, {no-folder}, {over-quota}, {too-many}
 */
export function checkPart(
  tx: Transaction,
  mailboxId: MailboxId,
  { contents, targets }: Pick<Ingest, 'contents' | 'targets'>,
): void {
  const mailbox = tx.mailbox(mailboxId);
  const more = { messages: 0, sizeBytes: 0 };
  for (const target of targets) {
    if (target.mailboxId !== mailboxId) continue;
    if (tx.folder(target).uidNext + targets.length - 1 > UID_MAX)
      throw new PosthornError('too-many', 'the folder has used all its 4294967295 uids');
    if (!target.enforceQuota) continue;
    more.messages++;
    more.sizeBytes += contents[target.content]!.sizeBytes;
    if (!hasRoomFor(mailbox, more)) throw new PosthornError('over-quota');
  }
  const keywords = targets
    .filter((target) => target.mailboxId === mailboxId)
    .flatMap((target) => target.keywords);
  checkKeywords(tx, mailboxId, keywords);
}

/** Puts the contents of an ingest into the folders of one mailbox; gives the entries in the order of its targets. */
export function ingestPart(
  tx: Transaction,
  mailboxId: MailboxId,
  { contents, targets }: Pick<Ingest, 'contents' | 'targets'>,
): readonly IngestedEntry[] {
  const own = targets.filter((target) => target.mailboxId === mailboxId);
  const keywords = own.map((target) => internKeywords(tx, mailboxId, target.keywords));
  const placed = new Map<number, { readonly contentId: number; refs: number }>();
  const mailbox = tx.mailbox(mailboxId);
  const entries = own.map((target, index) => {
    let place = placed.get(target.content);
    if (place === undefined) {
      place = { contentId: mailbox.nextContentId++, refs: 0 };
      placed.set(target.content, place);
      const content = contents[target.content]!;
      tx.rows.addContent({ mailboxId, contentId: place.contentId, content });
    }
    place.refs++;
    const { sizeBytes } = contents[target.content]!;
    return addEntry(tx, target, { ...place, sizeBytes }, keywords[index]!);
  });
  for (const { contentId, refs } of placed.values())
    if (refs > 1) tx.rows.addRefs(mailboxId, contentId, refs);
  return entries;
}

function addEntry(
  tx: Transaction,
  target: IngestTarget,
  content: { readonly contentId: number; readonly sizeBytes: number },
  keywords: string,
): IngestedEntry {
  const { mailboxId, folderId, flags, internalMs } = target;
  const { contentId, sizeBytes } = content;
  const mailbox = tx.mailbox(mailboxId);
  const folder = tx.folder(target);
  const modSeq: ModSeq = tx.ingestModSeq(mailbox, folder);
  const uid = folder.uidNext++ as Uid;
  tx.logChange({ mailboxId, modSeq, folderId, kind: 'a', uids: [uid] });
  folder.messages++;
  folder.sizeBytes += sizeBytes;
  if ((flags & Flag.Seen) === 0) folder.unseen++;
  if ((flags & Flag.Deleted) !== 0) folder.deleted++;
  mailbox.usedBytes += sizeBytes;
  mailbox.usedMessages++;
  const savedMs = tx.nowMs;
  tx.rows.addEntry({
    mailboxId,
    folderId,
    uid,
    contentId,
    flags,
    keywords,
    modSeq,
    internalMs,
    savedMs,
    sizeBytes,
  });
  const entry = { uid, uidValidity: folder.uidValidity, modSeq };
  if (target.claimsRecent !== true) return entry;
  const recentFrom = folder.recentFrom as Uid;
  folder.recentFrom = folder.uidNext;
  return { ...entry, recentFrom };
}
