import { openDrop, refusePlainText } from '../login.ts';
import type { Pop3Session } from '../session.ts';
import { channelOf } from './auth.ts';

/** PASS (RFC 1939 §7). After a failure USER must come again. */
export async function pass(session: Pop3Session, password: string): Promise<void> {
  if (!session.mayUsePlainText) return refusePlainText(session);
  const { user } = session;
  if (user === undefined) return session.mistake('USER comes first');
  session.user = undefined;
  const { directory } = session.context;
  const account = await directory.verifyPassword(user, password, channelOf(session).client);
  if (account === undefined) return session.loginFailed('wrong password or unknown user');
  await openDrop(session, account);
}
