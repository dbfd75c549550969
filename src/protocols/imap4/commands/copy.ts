import { hasRight, type Uid } from '#model';
import type { Copied } from '#store';
import { type CopyCommand, type ResponseCode, responseCode } from '#wire';
import { bad, type Completion, no, ok } from '../completion.ts';
import { newestWithin, saveLimitOf } from '../message-limit.ts';
import { noteOwnMessages } from '../notify/own-messages.ts';
import { uidRanges } from '../ranges.ts';
import type { Session } from '../session.ts';

/** COPY and UID COPY (RFC 9051 §6.4.7): all or nothing. */
export async function copy(session: Session, command: CopyCommand): Promise<Completion> {
  const copied = await transfer(session, command, false);
  if ('condition' in copied) return copied;
  return ok('COPY completed', copied.code);
}

/** What came of a copy. */
interface Transferred {
  /** COPYUID, where there is any and it may be told. */
  readonly code: ResponseCode | undefined;
  /** Whether there was anything to copy. */
  readonly any: boolean;
}

/** Copies or moves what the command addresses; a completion when that cannot be done. */
export async function transfer(
  session: Session,
  command: CopyCommand,
  move: boolean,
): Promise<Transferred | Completion> {
  const { view } = session;
  const ranges = view.uidsOf(command, session.savedResult);
  if (ranges === undefined) return bad('There is no message with that number');
  const limit = saveLimitOf(session.server.limits);
  // RFC 9738 §3.2: all or nothing, so nothing.
  if (limit !== undefined && newestWithin(session, ranges, limit).lowest !== undefined)
    return no('Too many messages for one command', responseCode.messageLimit(limit));
  const target = await session.names.find(command.mailbox);
  // RFC 9051 §6.4.7: the client may CREATE it and try again.
  if (target === undefined) return no('There is no such mailbox', 'TRYCREATE');
  const { mailbox, folder } = target;
  const copied = await view.mailbox.copy({
    folderId: view.folderId,
    uids: uidRanges(ranges),
    to: target,
    move,
  });
  // RFC 4315 §3: it would tell of a mailbox that the client cannot look into.
  const mayLook = hasRight(await mailbox.rights(folder.folderId), 'r');
  noteOwnMessages(session, folder, copiesOf(copied));
  return { code: mayLook ? copyUid(copied) : undefined, any: copied.uids.length > 0 };
}

/** COPYUID (RFC 9051 §7.1); nothing when no message was copied. */
function copyUid(copied: Copied): string | undefined {
  const { uidValidity, uids } = copied;
  return uids.length === 0 ? undefined : responseCode.copyUid(uidValidity, uids, copiesOf(copied));
}

function copiesOf({ uids, firstUid }: Copied): readonly Uid[] {
  return uids.map((_uid, index) => (firstUid + index) as Uid);
}
