import { PosthornError } from '#kernel';
import { encodeQuotaRoot, type GetQuotaRootCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { encodeQuotaOf } from '../quota-root.ts';
import type { Session } from '../session.ts';

/** GETQUOTAROOT (RFC 9208 §4.1.2). The folder need not exist: it is told what would govern it. */
export async function getQuotaRoot(
  session: Session,
  command: GetQuotaRootCommand,
): Promise<Completion> {
  const { mailbox } = await session.names.place(command.mailbox);
  // How much another keeps is for those who may read there.
  if (!mailbox.isOwn) {
    const { folder } = await session.names.get(command.mailbox);
    await mailbox.require(folder.folderId, 'r');
  }
  const info = await mailbox.info();
  if (info === undefined) throw new PosthornError('no-mailbox');
  const quota = encodeQuotaOf(session, info);
  const roots = quota === '' ? [] : [info.primaryAddress];
  session.write(encodeQuotaRoot({ mailbox: command.mailbox, roots }, session.utf8));
  session.write(quota);
  return ok('GETQUOTAROOT completed');
}
