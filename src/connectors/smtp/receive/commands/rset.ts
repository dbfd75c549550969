import { NO_ARGUMENTS, OK } from '../replies.ts';
import type { Session } from '../session.ts';

// rset = "RSET" CRLF                                                             ; RFC 5321 §4.1.1.5
export async function rset(session: Session, rest: string): Promise<void> {
  if (rest !== '') return session.refuse(NO_ARGUMENTS);
  await session.reset();
  session.reply(OK);
}
