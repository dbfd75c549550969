import type { Rights, RightsOperation } from '#model';
import type { IdentifierCommand, SetAclCommand } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import { namedBy } from '../identifier.ts';
import type { Session } from '../session.ts';

/** SETACL (RFC 4314 §3.1). */
export function setAcl(session: Session, command: SetAclCommand): Promise<Completion> {
  return grant(session, command, command.operation, command.rights);
}

/** Changes what somebody may do in a folder. */
export async function grant(
  session: Session,
  command: SetAclCommand | IdentifierCommand,
  operation: RightsOperation,
  rights: Rights,
): Promise<Completion> {
  const { mailbox, folder } = await session.names.get(command.mailbox);
  const { folderId } = folder;
  // First: who may not change them learns nothing of who is here either (RFC 4314 §6).
  await mailbox.require(folderId, 'a');
  const named = await namedBy(session, command.identifier);
  if ('condition' in named) return named;
  if (named.granteeId === mailbox.mailboxId) return no('The owner always has all rights');
  await mailbox.setAcl({ folderId, ...named, operation, rights });
  return ok(`${command.name} completed`);
}
