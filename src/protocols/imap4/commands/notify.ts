import { NOTIFY_EVENTS, type NotifyCommand, type NotifyEvent, responseCode } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import { TooManyFolders } from '../notify/heard.ts';
import { Notifications } from '../notify/notifications.ts';
import { Registration } from '../notify/registration.ts';
import type { Session } from '../session.ts';
import { isOn } from '../switched-off.ts';

/**
 * NOTIFY (RFC 5465 §3.1): from now on just what it names is told, as it happens. What happened before is told first, and as it was to be
 * told until then; a command that is refused changes nothing.
 */
export async function notify(
  session: Session,
  { groups, status }: NotifyCommand,
): Promise<Completion> {
  const supported = NOTIFY_EVENTS.filter((event) => isOffered(session, event));
  if (groups.some(({ events }) => events.difference(new Set(supported)).size > 0))
    return no('There is no such event here', responseCode.badEvent(supported));
  await session.update(true);
  await session.tellFolders();
  const notifications = new Notifications(session, new Registration(groups));
  try {
    await notifications.begin(status);
  } catch (error) {
    notifications[Symbol.dispose]();
    if (!(error instanceof TooManyFolders)) throw error;
    return no('There are too many folders to tell of', responseCode.notificationOverflow());
  }
  session.notifyBy(notifications);
  // What was not wanted until now may be.
  if (session.tellsFlags) await session.update(true);
  return ok('NOTIFY completed');
}

/** Annotations may be kept from a client, and all that tells of them with them. */
function isOffered(session: Session, event: NotifyEvent): boolean {
  switch (event) {
    case 'MailboxMetadataChange':
      return isOn(session, 'METADATA');
    case 'ServerMetadataChange':
      return isOn(session, 'METADATA') || isOn(session, 'METADATA-SERVER');
    default:
      return true;
  }
}
