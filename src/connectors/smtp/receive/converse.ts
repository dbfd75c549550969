import { dispatch } from './dispatch.ts';
import { SHUTTING_DOWN, TOO_MANY_ERRORS } from './replies.ts';
import type { Session } from './session.ts';

/**
 * Leads a session from the greeting to its end. Commands are carried out one after the other, however many have come at
 * once; the replies to all that are there go out together (RFC 2920 §3.2). Never rejects.
 */
export async function converse(session: Session): Promise<void> {
  try {
    session.reply(`220 ${session.receiver.hostname} ESMTP Posthorn\r\n`);
    while (!session.over) await answerNext(session);
    // What the client still sends is taken away, or the system would drop our last reply along with it.
    while ((await session.connection.read()) !== undefined);
  } catch (error) {
    session.log.error({ error }, 'a session failed');
    session.connection.destroy();
  } finally {
    await session.reset();
  }
}

async function answerNext(session: Session): Promise<void> {
  for (let line = session.input.line(); line !== undefined; line = session.input.line()) {
    try {
      const pending = dispatch(session, line);
      if (pending !== undefined) await pending;
    } catch (error) {
      session.replyFailure(session.failureReply(error));
    }
    if (session.tooManyErrors) session.close(TOO_MANY_ERRORS);
    if (session.stopping) session.close(SHUTTING_DOWN);
    if (session.over) return;
  }
  if (!(await session.awaitLine())) session.lost();
}
