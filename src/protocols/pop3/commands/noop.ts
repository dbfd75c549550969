import type { Pop3Session } from '../session.ts';

/** NOOP (RFC 1939 §5). */
export function noop(session: Pop3Session): void {
  session.ok('');
}
