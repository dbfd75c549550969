import { formatReply } from '#wire';
import type { Session } from '../session.ts';

const TEXT = formatReply(214, '2.0.0', [
  'HELO EHLO MAIL RCPT DATA BDAT RSET NOOP',
  'VRFY HELP EXPN QUIT STARTTLS AUTH',
  'See RFC 5321',
]);

// help = "HELP" [ SP String ] CRLF                                               ; RFC 5321 §4.1.1.8
export function help(session: Session): void {
  session.reply(TEXT);
}
