import { type Folder, hasRight } from '#model';
import type { Found, Mailbox } from '#store';
import { encodeMailboxStatus, type StatusCommand, type StatusItem, type StatusValue } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import { mailboxIdOf } from '../object-id.ts';
import type { Session } from '../session.ts';

/** Entries counted for RECENT in one query. */
const RECENT_ROWS = 10_000;

/** STATUS (RFC 9051 §6.3.11). */
export async function status(session: Session, command: StatusCommand): Promise<Completion> {
  const found = await session.names.find(command.mailbox);
  if (found === undefined) return no('There is no such mailbox', 'NONEXISTENT');
  if (!hasRight(await found.mailbox.rights(found.folder.folderId), 'r'))
    return no('You may not read that mailbox', 'NOPERM');
  session.write(await encodeFolderStatus(session, found, command.items));
  return ok('STATUS completed');
}

/** The STATUS response of a folder; HIGHESTMODSEQ among the items enables CONDSTORE (RFC 7162 §3.1). */
export async function encodeFolderStatus(
  session: Session,
  { mailbox, folder }: Found,
  items: readonly StatusItem[],
): Promise<string> {
  if (items.includes('HIGHESTMODSEQ')) session.enableCondstore();
  return await encodeStatusOf(session, { mailbox, folder }, items);
}

/** The same, of what the client has not asked for now. */
export async function encodeStatusOf(
  session: Session,
  { mailbox, folder }: Found,
  items: readonly StatusItem[],
): Promise<string> {
  const values: (readonly [StatusItem, StatusValue])[] = [];
  for (const item of items)
    values.push([item, await statusValue(session, { mailbox, folder }, item)]);
  return encodeMailboxStatus(mailbox.prefix + folder.name, values, session.utf8);
}

function statusValue(
  session: Session,
  { mailbox, folder }: Found,
  item: StatusItem,
): StatusValue | Promise<StatusValue> {
  switch (item) {
    case 'MESSAGES':
      return folder.messages;
    case 'UIDNEXT':
      return folder.uidNext;
    case 'UIDVALIDITY':
      return folder.uidValidity;
    case 'UNSEEN':
      return folder.unseen;
    case 'DELETED':
      return folder.deleted;
    case 'DELETED-STORAGE':
      return folder.deleted === 0 ? 0 : mailbox.deletedBytes(folder.folderId);
    case 'RECENT':
      return countRecent(mailbox, folder);
    case 'SIZE':
      return folder.sizeBytes;
    case 'HIGHESTMODSEQ':
      return folder.highestModSeq;
    case 'MAILBOXID':
      return mailboxIdOf(folder.mailboxId, folder.folderId);
    case 'APPENDLIMIT':
      return session.server.limits.appendBytesMax;
  }
}

/** Messages that no session has had as \Recent yet (RFC 3501 §6.3.10). */
async function countRecent(mailbox: Mailbox, folder: Folder): Promise<number> {
  const { folderId, recentFrom, uidNext } = folder;
  let count = 0;
  for (let from = recentFrom; from < uidNext; ) {
    const rows = await mailbox.states({ folderId, uids: [[from, uidNext]], limit: RECENT_ROWS });
    count += rows.length;
    if (rows.length < RECENT_ROWS) break;
    from = (rows.at(-1)!.uid + 1) as typeof from;
  }
  return count;
}
