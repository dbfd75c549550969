import { isPosthornError } from '#kernel';
import { formatReply } from '#wire';
import { NO_ARGUMENTS } from '../replies.ts';
import type { Session } from '../session.ts';

const READY = formatReply(220, '2.0.0', 'Ready to start TLS');
const ALREADY = formatReply(503, '5.5.1', 'TLS is active already');
const NOT_OFFERED = formatReply(502, '5.5.1', 'STARTTLS is not offered');

// STARTTLS takes no parameters; what was sent behind it in the clear is dropped, and what was said before is forgotten
// (RFC 3207 §4, §4.2).
export async function starttls(session: Session, rest: string): Promise<void> {
  const { secureContext } = session.receiver;
  if (rest !== '') return session.refuse(NO_ARGUMENTS);
  if (session.connection.secure) return session.refuse(ALREADY);
  if (secureContext === undefined) return session.refuse(NOT_OFFERED);
  session.reply(READY);
  session.flush();
  session.input.clear();
  try {
    await session.connection.startTls(secureContext);
  } catch (error) {
    if (!isPosthornError(error)) throw error;
    session.log.debug({ detail: error.message }, 'no TLS');
    return session.lost();
  }
  await session.startOver();
}
