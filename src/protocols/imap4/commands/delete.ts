import type { FolderCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { nameOf } from '../name.ts';
import type { Session } from '../session.ts';

/** DELETE (RFC 9051 §6.3.5). A session that deletes the folder it has selected has none selected then. */
export async function deleteFolder(
  session: Session,
  { mailbox: name }: FolderCommand,
): Promise<Completion> {
  const { mailbox, folder } = await session.names.get(name);
  await mailbox.deleteFolder(folder.folderId);
  session.notifications?.heard?.delete(folder, nameOf({ mailbox, folder }));
  if (session.selected && session.view.shows(folder)) {
    session.unselect();
    session.say('OK', 'The selected mailbox was deleted', 'CLOSED');
  }
  return ok('DELETE completed');
}
