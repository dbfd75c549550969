import { identifierOf } from '#directory';
import { PosthornError } from '#kernel';
import { ALL_RIGHTS, tellRights } from '#model';
import { encodeAclData, type RightsCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { nameOf } from '../name.ts';
import type { Session } from '../session.ts';

/** GETACL (RFC 4314 §3.3): the owner first, who has all rights, then whom the folder is shared with. */
export async function getAcl(
  session: Session,
  { mailbox: name }: RightsCommand,
): Promise<Completion> {
  const found = await session.names.get(name);
  const { mailbox, folder } = found;
  const grants = await mailbox.acl(folder.folderId);
  const info = await mailbox.info();
  if (info === undefined) throw new PosthornError('no-folder');
  const entries = [
    { identifier: info.primaryAddress, rights: tellRights(ALL_RIGHTS) },
    ...grants.map(({ address, negative, rights }) => ({
      identifier: identifierOf(address, negative),
      rights: tellRights(rights),
    })),
  ];
  session.write(encodeAclData({ type: 'ACL', mailbox: nameOf(found), entries }, session.utf8));
  return ok('GETACL completed');
}
