import type { NotifyCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import { TooManyFolders } from '../notify/folder-news.ts';
import { Notifications, tellOverflow } from '../notify/notifications.ts';
import { Registration } from '../notify/registration.ts';
import type { Session } from '../session.ts';

/**
 * NOTIFY (RFC 5465 §3): from now on just what it names is told, as it happens. What happened in the selected folder before is told
 * first; until then the old registration holds.
 */
export async function notify(
  session: Session,
  { groups, status }: NotifyCommand,
): Promise<Completion> {
  await session.update(true);
  const registration = new Registration(groups);
  const notifications = new Notifications(session, registration);
  try {
    await notifications.begin(status);
    session.notifyBy(notifications);
  } catch (error) {
    notifications[Symbol.dispose]();
    if (!(error instanceof TooManyFolders)) throw error;
    tellOverflow(session);
  }
  return ok('NOTIFY completed');
}
