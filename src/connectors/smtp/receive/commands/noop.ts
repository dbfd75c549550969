import { OK } from '../replies.ts';
import type { Session } from '../session.ts';

// noop = "NOOP" [ SP String ] CRLF                                               ; RFC 5321 §4.1.1.9
export function noop(session: Session): void {
  session.reply(OK);
}
