import type { CancelUpdateCommand } from '#wire';
import { type Completion, no, ok } from '../completion.ts';
import type { Session } from '../session.ts';

/** CANCELUPDATE (RFC 5267 §4.3.5): no more is told of the results of these searches. */
export function cancelUpdate(session: Session, { tags }: CancelUpdateCommand): Completion {
  const unknown = tags.filter((tag) => !session.contexts.cancel(tag));
  return unknown.length === 0
    ? ok('CANCELUPDATE completed')
    : no('There is nothing to cancel with some of these tags');
}
