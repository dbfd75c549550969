import type { Drop } from '../drop.ts';
import { sendWhole } from '../message.ts';
import type { Pop3Session } from '../session.ts';

/** RETR (RFC 1939 §5). The message becomes \Seen at QUIT, so that webmail and phone know that it was fetched. */
export function retr(session: Pop3Session, drop: Drop, number: number): Promise<void> | undefined {
  const message = drop.message(number);
  if (message !== undefined) return sendWhole(session, drop, message);
  session.err('No such message');
  return undefined;
}
