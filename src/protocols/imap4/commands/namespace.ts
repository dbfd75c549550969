import { DELIMITER } from '#model';
import { OTHERS } from '#store';
import { encodeNamespace } from '#wire';
import { type Completion, ok } from '../completion.ts';
import type { Session } from '../session.ts';

/** NAMESPACE (RFC 9051 §6.3.10): the own folders at the root, those of others below a name of theirs. */
export function namespace(session: Session): Completion {
  const personal = { prefix: '', delimiter: DELIMITER };
  const others = { prefix: OTHERS + DELIMITER, delimiter: DELIMITER };
  session.write(encodeNamespace([[personal], [others], []], session.utf8));
  return ok('NAMESPACE completed');
}
