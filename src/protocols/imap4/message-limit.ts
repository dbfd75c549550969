import type { SeqNum, Uid } from '#model';
import { countOf, positionsIn, type Ranges, responseCode } from '#wire';
import type { Completion } from './completion.ts';
import type { ImapLimits } from './limits.ts';
import type { Session } from './session.ts';

/** What a command does at once of the messages that it addresses. */
export interface WithinLimit {
  readonly ranges: Ranges<Uid>;
  /** The lowest uid among them, when there are more below; else undefined. */
  readonly lowest: Uid | undefined;
}

/** The messages that may be saved by one command; undefined where there is no limit. */
export function saveLimitOf({ messageLimit, saveLimit }: ImapLimits): number | undefined {
  if (messageLimit === undefined || saveLimit === undefined) return messageLimit ?? saveLimit;
  return Math.min(messageLimit, saveLimit);
}

/** The newest of the messages addressed, as many as the limit allows (RFC 9738 §3.1). */
export function newestWithin(
  { view }: Session,
  ranges: Ranges<Uid>,
  limit: number | undefined,
): WithinLimit {
  if (limit === undefined) return { ranges, lowest: undefined };
  const positions = positionsIn(ranges, view.uids);
  const newest: { first: Uid; last: Uid }[] = [];
  let room = limit;
  for (let at = positions.length - 1; at >= 0; at--) {
    const [from, to] = positions[at]!;
    const first = view.uids[Math.max(from, to - room)] as Uid;
    newest.unshift({ first, last: view.uids[to - 1] as Uid });
    if (to - from > room) return { ranges: newest, lowest: newest[0]!.first };
    room -= to - from;
    if (room === 0 && at > 0) return { ranges: newest, lowest: newest[0]!.first };
  }
  return { ranges, lowest: undefined };
}

/** The same of message numbers, for a search. */
export function newestNumbers(
  bounds: Ranges<SeqNum>,
  limit: number | undefined,
): { readonly bounds: Ranges<SeqNum>; readonly lowest: SeqNum | undefined } {
  if (limit === undefined || countOf(bounds) <= limit) return { bounds, lowest: undefined };
  const newest: { first: SeqNum; last: SeqNum }[] = [];
  for (let at = bounds.length - 1, room = limit; room > 0; at--) {
    const { first, last } = bounds[at]!;
    newest.unshift({ first: Math.max(first, last - room + 1) as SeqNum, last });
    room -= last - first + 1;
  }
  return { bounds: newest, lowest: newest[0]!.first };
}

/**
 * Adds to how a command ended that it did not come to all messages. Where the completion has a response code already, it is
 * said before by an untagged NO (RFC 9738 §3.1).
 */
export function tellLimit(
  session: Session,
  completion: Completion,
  lowest: Uid | undefined,
): Completion {
  const { messageLimit } = session.server.limits;
  if (lowest === undefined || messageLimit === undefined || completion.condition !== 'OK')
    return completion;
  const code = responseCode.messageLimit(messageLimit, lowest);
  if (completion.code === undefined) return { ...completion, code };
  session.say('NO', 'There were more messages than one command may have', code);
  return completion;
}
