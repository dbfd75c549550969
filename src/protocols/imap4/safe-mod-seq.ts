import { responseCode } from '#wire';
import type { Completion } from './completion.ts';
import type { Session } from './session.ts';

/**
 * How a command ended, with what keeps a client with QRESYNC from losing anything. It takes the highest mod-sequence it was
 * shown for the point up to which it knows the folder (RFC 7162 §6). Where that lies above an expunge of which it may
 * not be told yet, it is told a lower one, which it must take (RFC 7162 §3.2).
 */
export function withSafeModSeq(session: Session, completion: Completion): Completion {
  if (!session.qresync || !session.selected || !session.view.takeShownAhead()) return completion;
  const code = responseCode.highestModSeq(session.view.safeModSeq);
  if (completion.code === undefined) return { ...completion, code };
  // Clients look for it in the tagged response first of all; that some messages are gone may be said apart.
  if (completion.code !== 'EXPUNGEISSUED') {
    session.say('OK', 'Highest that is safe', code);
    return completion;
  }
  session.say('OK', 'Some messages are gone', completion.code);
  return { ...completion, code };
}

/** The same between commands, where what was told is not all that happened: expunges are held back (RFC 5465 §6.1.2), or flags are not told. */
export function tellSafeModSeq(session: Session): void {
  if (!session.qresync || !session.selected || !session.view.takeShownAhead()) return;
  const code = responseCode.highestModSeq(session.view.safeModSeq);
  session.say('OK', 'Highest that is safe', code);
}
