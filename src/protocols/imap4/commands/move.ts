import { type CopyCommand, responseCode } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import type { Session } from '../session.ts';
import { transfer } from './copy.ts';

/**
 * MOVE and UID MOVE (RFC 9051 §6.4.8): in one step, nobody sees a message twice or not at all. COPYUID comes untagged before
 * the EXPUNGEs (RFC 6851 §4.3), which come before the completion.
 */
export async function move(session: Session, command: CopyCommand): Promise<Completion> {
  const { view } = session;
  if (view.readOnly) return no('The mailbox is selected read-only', 'READ-ONLY');
  const moved = await transfer(session, command, true);
  if ('condition' in moved) return moved;
  if (!moved.any) return ok('MOVE completed');
  if (moved.code !== undefined) session.say('OK', 'Moved', moved.code);
  await session.update(true);
  const tells = session.condstore && session.selected;
  return ok('MOVE completed', tells ? responseCode.highestModSeq(view.modSeq) : undefined);
}
