import { Flag, INBOX_ID } from '#model';
import type { Drop } from '../drop.ts';
import type { Pop3Session } from '../session.ts';

/**
 * QUIT (RFC 1939 §4, §6): after a login it is the UPDATE state, the only place where a session changes the mailbox:
 * what was marked deleted is removed in one commit, what was retrieved becomes \Seen.
 */
export async function quit(session: Pop3Session): Promise<void> {
  session.end();
  const { drop } = session;
  if (drop === undefined) return session.ok('Bye');
  if (!(await removeDeleted(session, drop)))
    return session.err('Some deleted messages were not removed', 'SYS/TEMP');
  await flagSeen(session, drop);
  session.ok(`Bye (${drop.messages} messages left)`);
}

async function removeDeleted(session: Pop3Session, drop: Drop): Promise<boolean> {
  const uids = drop.deleted();
  if (uids.length === 0) return true;
  try {
    await drop.mailbox.expunge({ folderId: INBOX_ID, uids, onlyDeleted: false });
    return true;
  } catch (error) {
    const { owner } = session.connection;
    session.context.log.error({ session: owner, error }, 'deleted messages were not removed');
    return false;
  }
}

/** A flag that could not be set is no reason to tell the client that its messages are not removed. */
async function flagSeen(session: Pop3Session, drop: Drop): Promise<void> {
  const uids = drop.seen();
  if (uids.length === 0) return;
  try {
    await drop.mailbox.storeFlags({
      folderId: INBOX_ID,
      uids,
      operation: 'add',
      flags: Flag.Seen,
      keywords: [],
      unchangedSince: undefined,
    });
  } catch (error) {
    const { owner } = session.connection;
    session.context.log.error({ session: owner, error }, 'retrieved messages were not flagged');
  }
}
