import { DELIMITER, hasRight } from '#model';
import type { OpenedFolder } from '#store';
import {
  encodeCount,
  encodeFlagsResponse,
  encodeList,
  responseCode,
  type SelectCommand,
  SYSTEM_FLAGS,
} from '#wire';
import { bad, type Completion, no, ok } from '../completion.ts';
import { mailboxIdOf } from '../object-id.ts';
import { resynchronize } from '../qresync.ts';
import { recentOf } from '../recent.ts';
import { tellPermanentFlags, tellRecent } from '../refresh.ts';
import type { Session } from '../session.ts';
import { allowsWriting, View } from '../view.ts';

/** SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3), with CONDSTORE and QRESYNC (RFC 7162 §3.1.8, §3.2.5). */
export async function select(session: Session, command: SelectCommand): Promise<Completion> {
  const { qresync } = command;
  // RFC 7162 §3.2.5: BAD when it was not enabled.
  if (qresync !== undefined && !session.qresync) return bad('QRESYNC needs ENABLE QRESYNC');
  leavePrevious(session);
  const found = await session.names.find(command.mailbox);
  if (found === undefined) return no('There is no such mailbox', 'NONEXISTENT');
  if (command.condstore) session.enableCondstore();
  const { mailbox, folder } = found;
  const rights = await mailbox.rights(folder.folderId);
  if (!hasRight(rights, 'r')) return no('You may not read that mailbox', 'NOPERM');
  const examines = command.name === 'EXAMINE';
  const readOnly = examines || !allowsWriting(rights);
  // Claimed before the messages are counted, so that none escapes.
  const claimed = readOnly ? undefined : await recentOf(session, mailbox, folder, false);
  const opened = await mailbox.openFolder(folder.folderId);
  if (opened === undefined) return no('There is no such mailbox', 'NONEXISTENT');
  const view = new View(mailbox, opened, examines, rights);
  const recent = readOnly ? await recentOf(session, mailbox, opened.folder, true) : claimed;
  if (recent !== undefined) view.addRecent(recent.from, recent.to);
  tellFolder(session, view, opened);
  if (qresync !== undefined && qresync.uidValidity === opened.folder.uidValidity)
    await resynchronize(session, view, qresync);
  session.select(view);
  return ok(`${command.name} completed`, readOnly ? 'READ-ONLY' : 'READ-WRITE');
}

/** The folder that was selected is left also when SELECT or EXAMINE fails (RFC 9051 §6.3.2). */
export function leavePrevious(session: Session): void {
  if (!session.selected) return;
  session.unselect();
  session.say('OK', 'The previous mailbox is closed', 'CLOSED');
}

function tellFolder(session: Session, view: View, opened: OpenedFolder): void {
  const { folder, keywords } = opened;
  session.write(encodeFlagsResponse([...SYSTEM_FLAGS, ...keywords]));
  tellPermanentFlags(session, view, 'Flags');
  session.write(encodeCount(view.size, 'EXISTS'));
  if (session.rev2) {
    // RFC 9051 §6.3.2: the name as the server has it.
    const listed = { attributes: [], delimiter: DELIMITER, name: view.name };
    session.write(encodeList('LIST', listed, session.utf8));
  } else tellRev1(session, view, opened);
  session.say('OK', 'UIDs valid', responseCode.uidValidity(folder.uidValidity));
  session.say('OK', 'Next UID', responseCode.uidNext(folder.uidNext));
  session.say('OK', 'Highest', responseCode.highestModSeq(folder.highestModSeq));
  const id = mailboxIdOf(folder.mailboxId, folder.folderId);
  session.say('OK', 'Id', responseCode.mailboxId(id));
}

/** What only IMAP4rev1 has (RFC 3501 §6.3.1). */
function tellRev1(session: Session, view: View, { firstUnseen }: OpenedFolder): void {
  tellRecent(session, view, true);
  // RFC 9586 §3: it would be a message number.
  if (session.uidOnly) return;
  const unseen = firstUnseen && view.seqOf(firstUnseen);
  if (unseen !== undefined) session.say('OK', 'First unseen', responseCode.unseen(unseen));
}
