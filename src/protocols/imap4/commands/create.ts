import { DELIMITER } from '#model';
import { checkFolderName } from '#store';
import { type CreateCommand, responseCode } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import { mailboxIdOf } from '../object-id.ts';
import type { Session } from '../session.ts';

/**
 * CREATE (RFC 9051 §6.3.4), with USE (RFC 6154 §3) and MAILBOXID (RFC 8474 §4.1). A delimiter at the end only says that
 * names below will follow.
 */
export async function create(session: Session, command: CreateCommand): Promise<Completion> {
  if (command.uses.length > 1) return no('A mailbox has one special use', 'USEATTR');
  const { mailbox, name } = await session.names.place(withoutEnd(command.mailbox));
  const folderId = await mailbox.createFolder(name, command.uses[0]);
  session.notifications?.heard?.create(mailbox.prefix + checkFolderName(name));
  const code = responseCode.mailboxId(mailboxIdOf(mailbox.mailboxId, folderId));
  return ok('CREATE completed', code);
}

/** A name without the delimiter that a client may put at its end. */
export function withoutEnd(name: string): string {
  return name.length > 1 && name.endsWith(DELIMITER) ? name.slice(0, -1) : name;
}
