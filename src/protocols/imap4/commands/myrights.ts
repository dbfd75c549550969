import { tellRights } from '#model';
import type { Found } from '#store';
import { encodeAclData, type RightsCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { nameOf } from '../name.ts';
import type { Session } from '../session.ts';

/** MYRIGHTS (RFC 4314 §3.5). */
export async function myRights(session: Session, { mailbox }: RightsCommand): Promise<Completion> {
  session.write(await encodeMyRights(session, await session.names.get(mailbox)));
  return ok('MYRIGHTS completed');
}

/** The MYRIGHTS response of a folder, as LIST gives it too (RFC 8440 §3). */
export async function encodeMyRights(session: Session, found: Found): Promise<string> {
  const rights = tellRights(await found.mailbox.rights(found.folder.folderId));
  return encodeAclData({ type: 'MYRIGHTS', mailbox: nameOf(found), rights }, session.utf8);
}
