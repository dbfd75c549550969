import { NO_RIGHTS } from '#model';
import type { IdentifierCommand } from '#wire';
import type { Completion } from '../completion.ts';
import type { Session } from '../session.ts';
import { grant } from './setacl.ts';

/** DELETEACL (RFC 4314 §3.2): no matter whether there was such a grant. */
export function deleteAcl(session: Session, command: IdentifierCommand): Promise<Completion> {
  return grant(session, command, 'replace', NO_RIGHTS);
}
