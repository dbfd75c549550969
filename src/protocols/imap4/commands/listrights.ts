import { ALL_RIGHTS, tellRights } from '#model';
import { encodeAclData, type IdentifierCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { namedBy } from '../identifier.ts';
import { nameOf } from '../name.ts';
import type { Session } from '../session.ts';

/**
 * LISTRIGHTS (RFC 4314 §3.4): the owner has all rights whatever is granted; others may be granted each by itself. The identifier comes
 * back as it was given.
 */
export async function listRights(
  session: Session,
  { mailbox: name, identifier }: IdentifierCommand,
): Promise<Completion> {
  const found = await session.names.get(name);
  const { mailbox, folder } = found;
  await mailbox.require(folder.folderId, 'a');
  const named = await namedBy(session, identifier);
  if ('condition' in named) return named;
  const all = tellRights(ALL_RIGHTS);
  const isOwner = named.granteeId === mailbox.mailboxId;
  const [required, optional] = isOwner ? [all, []] : ['', [...all]];
  const about = { mailbox: nameOf(found), identifier, required, optional };
  session.write(encodeAclData({ type: 'LISTRIGHTS', ...about }, session.utf8));
  return ok('LISTRIGHTS completed');
}
