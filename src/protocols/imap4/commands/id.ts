import { encodeCapability, encodeId, type IdCommand } from '#wire';
import { capabilitiesOf } from '../capability.ts';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';

const SELF: ReadonlyMap<string, string> = new Map([['name', 'Posthorn']]);

/** ID (RFC 2971 §3.1): what the client says of itself goes to the log, and its name decides what is switched off for it. */
export function id(session: Session, { fields }: IdCommand): Completion {
  if (fields !== undefined && fields.size > 0)
    session.log.debug({ client: Object.fromEntries(fields) }, 'the client says what it is');
  session.write(encodeId(SELF));
  const before = session.off.size;
  session.clientName = fields?.get('name') ?? session.clientName;
  // What was told before may be more than there is for this client.
  if (session.off.size !== before) session.write(encodeCapability(capabilitiesOf(session)));
  return ok('ID completed');
}
