import { type LoginCommand, responseCode } from '#wire';
import { capabilitiesOf } from '../capability.ts';
import { type Completion, no, ok } from '../completion.ts';
import { failLogin } from '../login-failure.ts';
import type { Session } from '../session.ts';

/** LOGIN (RFC 9051 §6.2.3). */
export async function login(session: Session, command: LoginCommand): Promise<Completion> {
  // RFC 9051 §11.1: not on a channel where others could read along (LOGINDISABLED).
  if (!session.channelSecure) return no('Encryption is needed first', 'PRIVACYREQUIRED');
  const { directory } = session.server;
  const account = await directory.verifyPassword(
    command.user,
    command.password,
    session.saslChannel.client,
  );
  if (account === undefined) return failLogin(session, `LOGIN of ${command.user}`);
  if (!session.logIn(account)) return no('Too many sessions of this mailbox', 'LIMIT');
  return ok('Logged in', responseCode.capability(capabilitiesOf(session)));
}
