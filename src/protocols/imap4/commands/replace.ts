import type { Uid } from '#model';
import { type AppendTarget, responseCode } from '#wire';
import { Appending, type ComingMessages } from '../append/appending.ts';
import { bad, type Completion, no, ok } from '../completion.ts';
import { complete } from '../dispatch.ts';
import type { Session } from '../session.ts';

type ReplaceTarget = Extract<AppendTarget, { readonly name: 'REPLACE' }>;

/**
 * REPLACE and UID REPLACE (RFC 8508 §3): a message takes the place of another. The new one is stored first and durable
 * before the old one goes, each in its own commit: should the second fail, both are there and the answer says NO.
 */
export async function replace(
  session: Session,
  { tag, target, run }: ComingMessages<ReplaceTarget>,
): Promise<void> {
  session.tag = tag;
  session.byUid = target.uid;
  const replaced = replacedBy(session, target);
  if (typeof replaced !== 'number') {
    if (run.literal !== undefined) session.input.reader.refuse();
    return complete(session, tag, replaced);
  }
  await using appending = new Appending(session, 'REPLACE');
  const taken = await appending.take(target.mailbox, run);
  if (taken === undefined) return;
  const completion = taken === 'all' ? await exchange(session, appending, replaced) : taken;
  if (session.selected) await session.update(true);
  complete(session, tag, completion);
}

/** The message that is to go, or why it cannot. */
function replacedBy({ view }: Session, target: ReplaceTarget): Uid | Completion {
  const ranges = view.uidsOf(target, []);
  if (ranges === undefined) return bad('There is no message with that number');
  if (view.readOnly) return no('The mailbox is selected read-only', 'READ-ONLY');
  // What STORE of \Deleted and EXPUNGE need (RFC 4314 §4).
  if (!view.may('t') || !view.may('e')) return no('You may not remove messages', 'NOPERM');
  const uid = ranges[0]?.first;
  if (uid === undefined || view.seqOf(uid) === undefined || view.isGone(uid))
    return no('There is no such message', 'NONEXISTENT');
  return uid;
}

/** The new message is told, by APPENDUID and EXISTS, before the old one is told to be gone (RFC 8508 §3.4). */
async function exchange(
  session: Session,
  appending: Appending,
  replaced: Uid,
): Promise<Completion> {
  const { view } = session;
  const code = await appending.store();
  if (code !== undefined) session.say('OK', 'The new message', code);
  await session.update(false);
  const expunged = await view.mailbox.expunge({
    folderId: view.folderId,
    uids: [[replaced, replaced]],
    onlyDeleted: false,
  });
  const tells = session.condstore && expunged.uids.length > 0;
  return ok('REPLACE completed', tells ? responseCode.highestModSeq(expunged.modSeq) : undefined);
}
