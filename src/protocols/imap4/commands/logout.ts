import { encodeStatus } from '#wire';
import type { Session } from '../session.ts';

/** LOGOUT (RFC 9051 §6.1.3): BYE comes before the tagged OK, and the connection ends after it. */
export function logout(session: Session): undefined {
  session.say('BYE', 'Logging out');
  session.write(encodeStatus(session.tag, 'OK', 'LOGOUT completed'));
  session.end();
}
