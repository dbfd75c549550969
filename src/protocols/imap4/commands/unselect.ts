import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';

/** UNSELECT (RFC 9051 §6.4.2): leaves the folder and expunges nothing. */
export function unselect(session: Session): Completion {
  session.unselect();
  return ok('UNSELECT completed');
}
