import { INBOX_ID } from '#model';
import { checkFolderName } from '#store';
import type { RenameCommand } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import { nameOf } from '../name.ts';
import type { Session } from '../session.ts';
import { withoutEnd } from './create.ts';

/** RENAME (RFC 9051 §6.3.6): with all below it; INBOX stays and gives its messages away. */
export async function rename(session: Session, { from, to }: RenameCommand): Promise<Completion> {
  const { mailbox, folder } = await session.names.get(withoutEnd(from));
  const target = await session.names.place(withoutEnd(to));
  if (target.mailbox.mailboxId !== mailbox.mailboxId)
    return no('A mailbox stays with its owner: copy its messages instead', 'CANNOT');
  await mailbox.renameFolder(folder.folderId, target.name);
  const heard = session.notifications?.heard;
  const name = mailbox.prefix + checkFolderName(target.name);
  if (folder.folderId === INBOX_ID) heard?.create(name);
  else heard?.rename(nameOf({ mailbox, folder }), name);
  return ok('RENAME completed');
}
