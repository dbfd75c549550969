import { Appending, type ComingMessages } from '../append/appending.ts';
import { ok } from '../completion.ts';
import { complete } from '../dispatch.ts';
import type { Session } from '../session.ts';

/**
 * APPEND (RFC 9051 §6.3.12) of one or more messages, all or none (RFC 3502), each as a literal or put together of texts and
 * parts of other messages (RFC 4469).
 */
export async function append(
  session: Session,
  { tag, target, run }: ComingMessages,
): Promise<void> {
  session.tag = tag;
  session.byUid = false;
  await using appending = new Appending(session, 'APPEND');
  const taken = await appending.take(target.mailbox, run);
  if (taken === undefined) return;
  let completion = taken;
  if (completion === 'all') {
    completion = ok('APPEND completed', await appending.store());
  }
  if (session.selected) await session.update(true);
  complete(session, tag, completion);
}
