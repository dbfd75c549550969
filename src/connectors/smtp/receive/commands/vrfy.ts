import { formatReply } from '#wire';
import type { Session } from '../session.ts';

const SYNTAX = formatReply(501, '5.5.4', 'Syntax: VRFY address');
// RFC 5321 §3.5.3, §7.3: a server that does not tell who exists answers 252.
const CANNOT = formatReply(
  252,
  '2.1.5',
  'Cannot VRFY user, but will accept mail and try to deliver',
);

// vrfy = "VRFY" SP String CRLF                                                   ; RFC 5321 §4.1.1.6
export function vrfy(session: Session, rest: string): void {
  if (rest === '') session.refuse(SYNTAX);
  else session.reply(CANNOT);
}
