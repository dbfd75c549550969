import type { FolderCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';
import { setSubscribed } from './subscribe.ts';

/** UNSUBSCRIBE (RFC 9051 §6.3.8). */
export async function unsubscribe(
  session: Session,
  { mailbox }: FolderCommand,
): Promise<Completion> {
  await setSubscribed(session, mailbox, false);
  return ok('UNSUBSCRIBE completed');
}
