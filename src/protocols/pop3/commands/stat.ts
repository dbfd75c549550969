import type { Drop } from '../drop.ts';
import type { Pop3Session } from '../session.ts';

/** STAT (RFC 1939 §5): messages marked deleted do not count. */
export function stat(session: Pop3Session, drop: Drop): void {
  session.ok(`${drop.messages} ${drop.octets}`);
}
