import type { MailboxId, ModSeq, Uid } from '#model';
import type { FolderRef, UidRanges } from '../commands.ts';
import { bring } from './bring.ts';
import type { CopyState, MailboxParts, MailboxStamp, MovedChange } from './port.ts';
import type { Work } from './work.ts';

/** What a way through all mailboxes found to do. */
export interface Pass {
  mailboxes: number;
  messages: number;
}

/** Goes through all mailboxes once: copies those that are not in the target, and brings up those that changed. */
export async function followAll(work: Work): Promise<Pass> {
  const pass: Pass = { mailboxes: 0, messages: 0 };
  for (let after = 0; ; ) {
    work.checkpoint();
    const page = await work.source.stamps(after, work.rowsAtOnce);
    const through =
      page.length < work.rowsAtOnce ? Number.POSITIVE_INFINITY : page.at(-1)!.mailboxId;
    const known = await stampsUpTo(work, after, through);
    for (const stamp of page) {
      const there = known.get(stamp.mailboxId);
      known.delete(stamp.mailboxId);
      if (there !== undefined && keyOf(there) === keyOf(stamp)) continue;
      pass.mailboxes++;
      pass.messages += await bringUp(work, stamp.mailboxId);
    }
    for (const mailboxId of known.keys()) {
      pass.mailboxes++;
      await work.target.removeMailbox(mailboxId);
    }
    if (through === Number.POSITIVE_INFINITY) return pass;
    after = through;
  }
}

/** Equal for equal stamps. */
export function keyOf({ modSeq, logFloor, recents, keywords }: MailboxStamp): string {
  return `${modSeq}/${logFloor}/${recents}/${keywords}`;
}

async function stampsUpTo(
  { target, rowsAtOnce }: Work,
  after: number,
  through: number,
): Promise<Map<MailboxId, MailboxStamp>> {
  const found = new Map<MailboxId, MailboxStamp>();
  for (let from = after; ; ) {
    const page = await target.stamps(from, rowsAtOnce);
    for (const stamp of page) if (stamp.mailboxId <= through) found.set(stamp.mailboxId, stamp);
    const last = page.at(-1)?.mailboxId;
    if (page.length < rowsAtOnce || last === undefined || last >= through) return found;
    from = last;
  }
}

/** Makes a mailbox of the target what the source's is. Gives the number of messages that were written. */
async function bringUp(work: Work, mailboxId: MailboxId): Promise<number> {
  const { source, target } = work;
  let state = await target.copyState(mailboxId);
  const there = state === undefined ? await target.mailboxParts(mailboxId) : undefined;
  if (there !== undefined)
    return await follow(work, mailboxId, there.mailbox.modSeq, there.mailbox.modSeq);
  if (state === undefined) {
    const parts = await source.mailboxParts(mailboxId);
    if (parts === undefined) return 0;
    await target.beginCopy(mailboxId, parts.mailbox.modSeq);
    state = (await target.copyState(mailboxId))!;
  }
  const copied = await copyEntries(work, mailboxId, state);
  return copied + (await follow(work, mailboxId, state.fromModSeq, 0 as ModSeq));
}

/** Copies the entries of a mailbox from where the copy stands. */
async function copyEntries(work: Work, mailboxId: MailboxId, state: CopyState): Promise<number> {
  let after = { folderId: state.folderId, uid: state.uid };
  for (let copied = 0; ; ) {
    work.checkpoint();
    const entries = await work.source.entriesAfter(mailboxId, after, work.rowsAtOnce);
    const last = entries.at(-1);
    if (last === undefined) return copied;
    after = { folderId: last.folderId, uid: last.uid };
    await bring(work, mailboxId, entries, after);
    copied += entries.length;
    work.added(entries.length);
  }
}

/**
 * Follows a mailbox from a modseq on. Its parts are read first: what changes after that has a higher modseq than they tell, and is
 * found the next time.
 */
async function follow(
  work: Work,
  mailboxId: MailboxId,
  since: ModSeq,
  logSince: ModSeq,
): Promise<number> {
  const parts = await work.source.mailboxParts(mailboxId);
  if (parts === undefined) {
    await work.target.removeMailbox(mailboxId);
    return 0;
  }
  let written = 0;
  for (const folder of parts.folders)
    if (folder.highestModSeq > since) written += await followFolder(work, folder, since);
  await copyLog(work, parts, logSince);
  work.checkpoint();
  await work.target.putParts(parts);
  return written;
}

async function followFolder(work: Work, folder: FolderRef, since: ModSeq): Promise<number> {
  const { source, target } = work;
  const ref = { mailboxId: folder.mailboxId, folderId: folder.folderId };
  const news = await source.news(ref, since);
  if (news === undefined) return 0;
  const vanished = news.vanished ?? (await goneFrom(work, ref));
  for (const uids of chunks(vanished, work.rowsAtOnce)) {
    work.checkpoint();
    await target.removeEntries(ref, uids);
  }
  for (const uids of chunks(news.touched, work.rowsAtOnce)) {
    work.checkpoint();
    const entries = await source.entries(ref, rangesOf(uids));
    await bring(work, ref.mailboxId, entries, undefined);
  }
  return news.touched.length;
}

/** Uids that the target has and the source has no more: for when the change log does not reach back far enough. */
async function goneFrom(work: Work, ref: FolderRef): Promise<readonly number[]> {
  const there = await work.target.uids(ref);
  const kept = new Set(await work.source.uids(ref));
  return [...there].filter((uid) => !kept.has(uid));
}

async function copyLog(work: Work, { mailbox }: MailboxParts, since: ModSeq): Promise<void> {
  const { mailboxId, logFloor } = mailbox;
  let after: Pick<MovedChange, 'modSeq' | 'folderId' | 'kind'> = {
    modSeq: Math.max(since, logFloor),
    folderId: Number.MAX_SAFE_INTEGER,
    kind: '',
  };
  for (;;) {
    work.checkpoint();
    const rows = await work.source.changeLog(mailboxId, after, work.rowsAtOnce);
    const last = rows.at(-1);
    if (last === undefined) return;
    await work.target.putChanges(mailboxId, rows);
    after = last;
  }
}

function* chunks<T>(all: readonly T[], size: number): Iterable<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

/** Ascending uids as ranges. */
function rangesOf(uids: readonly Uid[]): UidRanges {
  const ranges: [Uid, Uid][] = [];
  for (const uid of uids) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 === uid) last[1] = uid;
    else ranges.push([uid, uid]);
  }
  return ranges;
}
