import type { Drop } from '../drop.ts';
import type { Pop3Session } from '../session.ts';

/** DELE (RFC 1939 §5): only marks; QUIT removes. */
export function dele(session: Pop3Session, drop: Drop, number: number): void {
  const message = drop.message(number);
  if (message === undefined) {
    session.err('No such message');
    return;
  }
  drop.delete(message);
  session.ok(`Message ${number} deleted`);
}
