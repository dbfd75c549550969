import { isOthers } from '#store';
import type { FolderCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { nameOf } from '../name.ts';
import type { Session } from '../session.ts';

/** SUBSCRIBE (RFC 9051 §6.3.7): also to a name that does not exist yet. */
export async function subscribe(session: Session, { mailbox }: FolderCommand): Promise<Completion> {
  await session.mailbox.subscribe(await subscribedName(session, mailbox), true);
  return ok('SUBSCRIBE completed');
}

/** The name under which a folder is subscribed: of one of another's, the one that LIST gives. */
export async function subscribedName(session: Session, name: string): Promise<string> {
  const found = isOthers(name) ? await session.names.find(name) : undefined;
  return found === undefined ? name : nameOf(found);
}
