import { waits } from '#kernel';
import { type Completion, no } from './completion.ts';
import type { Session } from './session.ts';

/**
 * Answers a login that failed: late, and later each time, so that guessing takes long; after a few there are no more
 * tries.
 *
 * @param reason for the log only: the client does not learn whether the name or the password was wrong
 */
export async function failLogin(session: Session, reason: string): Promise<Completion> {
  const { limits, clock } = session.server;
  session.authFailures++;
  session.log.info({ reason, failures: session.authFailures }, 'a login failed');
  const delayMs = limits.authFailureDelayMs * session.authFailures;
  if (delayMs > 0) {
    const over = clock.sleep(delayMs);
    await waits.track('the delay after a failed login', session.connection.owner, 60_000, over);
  }
  return no('Wrong name or password', 'AUTHENTICATIONFAILED');
}
