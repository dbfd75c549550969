import { checkFolderName, isOthers } from '#store';
import type { FolderCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { nameOf } from '../name.ts';
import type { Session } from '../session.ts';

/** SUBSCRIBE (RFC 9051 §6.3.7): also to a name that does not exist yet. */
export async function subscribe(session: Session, { mailbox }: FolderCommand): Promise<Completion> {
  await setSubscribed(session, mailbox, true);
  return ok('SUBSCRIBE completed');
}

/** Subscribes or unsubscribes a name. */
export async function setSubscribed(session: Session, given: string, on: boolean): Promise<void> {
  const name = checkFolderName(await subscribedName(session, given));
  await session.mailbox.subscribe(name, on);
  session.notifications?.heard?.subscribe(name, on);
}

/** The name under which a folder is subscribed: of one of another's, the one that LIST gives. */
async function subscribedName(session: Session, name: string): Promise<string> {
  const found = isOthers(name) ? await session.names.find(name) : undefined;
  return found === undefined ? name : nameOf(found);
}
