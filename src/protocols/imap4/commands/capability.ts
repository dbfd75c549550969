import { encodeCapability } from '#wire';
import { capabilitiesOf } from '../capability.ts';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';

/** CAPABILITY (RFC 9051 §6.1.1). */
export function capability(session: Session): Completion {
  session.write(encodeCapability(capabilitiesOf(session)));
  return ok('CAPABILITY completed');
}
