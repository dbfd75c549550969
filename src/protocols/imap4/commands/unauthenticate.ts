import { responseCode } from '#wire';
import { capabilitiesOf } from '../capability.ts';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';

/**
 * UNAUTHENTICATE (RFC 8437 §3): back to where the connection was before the login, for somebody else to log in. The
 * selected folder is left without an expunge, and what was switched on by ENABLE is off (RFC 8437 §4.1); TLS and
 * compression stay as they are.
 */
export function unauthenticate(session: Session): Completion {
  session.logOut();
  return ok('Logged out', responseCode.capability(capabilitiesOf(session)));
}
