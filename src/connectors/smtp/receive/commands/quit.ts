import { formatReply } from '#wire';
import { NO_ARGUMENTS } from '../replies.ts';
import type { Session } from '../session.ts';

const BYE = formatReply(221, '2.0.0', 'Bye');

// quit = "QUIT" CRLF                                                             ; RFC 5321 §4.1.1.10
export function quit(session: Session, rest: string): void {
  if (rest === '') session.close(BYE);
  else session.refuse(NO_ARGUMENTS);
}
