import { DELIMITER } from '#model';
import { encodeNamespace } from '#wire';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';

/** NAMESPACE (RFC 9051 §6.3.10): there is the personal one only. */
export function namespace(session: Session): Completion {
  session.write(encodeNamespace([[{ prefix: '', delimiter: DELIMITER }], [], []], session.utf8));
  return ok('NAMESPACE completed');
}
