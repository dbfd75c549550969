import { PosthornError } from '#kernel';
import type { RenameCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';
import { withoutEnd } from './create.ts';

/** RENAME (RFC 9051 §6.3.6): with all below it; INBOX stays and gives its messages away. */
export async function rename(session: Session, { from, to }: RenameCommand): Promise<Completion> {
  const folder = await session.mailbox.folderByName(withoutEnd(from));
  if (folder === undefined) throw new PosthornError('no-folder');
  await session.mailbox.renameFolder(folder.folderId, withoutEnd(to));
  return ok('RENAME completed');
}
