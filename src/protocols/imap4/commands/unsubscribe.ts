import type { FolderCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';
import { subscribedName } from './subscribe.ts';

/** UNSUBSCRIBE (RFC 9051 §6.3.8). */
export async function unsubscribe(
  session: Session,
  { mailbox }: FolderCommand,
): Promise<Completion> {
  await session.mailbox.subscribe(await subscribedName(session, mailbox), false);
  return ok('UNSUBSCRIBE completed');
}
