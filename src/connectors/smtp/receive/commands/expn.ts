import { formatReply } from '#wire';
import type { Session } from '../session.ts';

// RFC 5321 §3.5.2, §4.2.4: EXPN is optional; 502 where it is not implemented.
const NOT_HERE = formatReply(502, '5.5.1', 'EXPN is not available');

// expn = "EXPN" SP String CRLF                                                   ; RFC 5321 §4.1.1.7
export function expn(session: Session): void {
  session.refuse(NOT_HERE);
}
