import type { Drop } from '../drop.ts';
import { sendMessage } from '../message.ts';
import type { Pop3Session } from '../session.ts';

/** RETR (RFC 1939 §5). The message becomes \Seen at QUIT, so that webmail and phone know that it was fetched. */
export async function retr(session: Pop3Session, drop: Drop, number: number): Promise<void> {
  const message = drop.message(number);
  if (message === undefined) return session.err('No such message');
  const reply = `${message.sizeBytes} octets`;
  if (await sendMessage(session, drop, message, { reply })) drop.markSeen(message);
}
