import type { Drop } from '../drop.ts';
import type { Pop3Session } from '../session.ts';

/** RSET (RFC 1939 §5): takes deletion marks back. */
export function rset(session: Pop3Session, drop: Drop): void {
  drop.reset();
  session.ok(`Maildrop has ${drop.messages} messages (${drop.octets} octets)`);
}
