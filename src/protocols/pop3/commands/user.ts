import { refusePlainText } from '../login.ts';
import type { Pop3Session } from '../session.ts';

/** USER (RFC 1939 §7): the same answer whether the name is known or not. */
export function user(session: Pop3Session, name: string): void {
  if (session.mayUsePlainText) {
    session.user = name;
    session.ok('Send PASS');
  } else refusePlainText(session);
}
