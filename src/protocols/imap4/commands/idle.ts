import { encodeContinuation, isDone } from '#wire';
import { bad, type Completion, ok } from '../completion.ts';
import { DONE_LINE_BYTES_MAX } from '../limits.ts';
import type { Session } from '../session.ts';

/**
 * IDLE (RFC 9051 §6.3.13): what happens is told as it happens, until the client says DONE.
 */
export async function idle(session: Session): Promise<Completion> {
  session.write(encodeContinuation('idling'));
  if (session.tellsSelected) await session.update(true);
  // What ends a session that waits for its client may have come while it did not wait yet.
  session.leave();
  session.follower.beginIdle();
  session.input.reader.expectLine(DONE_LINE_BYTES_MAX);
  const step = await session.input.next();
  await session.follower.endIdle();
  if (step?.kind === 'line' && isDone(step.bytes)) return ok('IDLE completed');
  return bad('Expected DONE');
}
