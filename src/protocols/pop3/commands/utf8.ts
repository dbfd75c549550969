import type { Pop3Session } from '../session.ts';

/** UTF8 (RFC 6856 §2): messages are sent as they are with and without it. */
export function utf8(session: Pop3Session): void {
  session.ok('UTF8 enabled');
}
