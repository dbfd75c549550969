import { encodeId, type IdCommand } from '#wire';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';

const SELF: ReadonlyMap<string, string> = new Map([['name', 'Posthorn']]);

/** ID (RFC 2971 §3.1): what the client says of itself goes to the log. */
export function id(session: Session, { fields }: IdCommand): Completion {
  if (fields !== undefined && fields.size > 0)
    session.log.debug({ client: Object.fromEntries(fields) }, 'the client says what it is');
  session.write(encodeId(SELF));
  return ok('ID completed');
}
