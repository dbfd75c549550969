import type { FolderCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';

/** SUBSCRIBE (RFC 9051 §6.3.7): also to a name that does not exist yet. */
export async function subscribe(session: Session, { mailbox }: FolderCommand): Promise<Completion> {
  await session.mailbox.subscribe(mailbox, true);
  return ok('SUBSCRIBE completed');
}
