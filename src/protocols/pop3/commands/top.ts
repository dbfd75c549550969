import { TopCutter } from '#wire';
import type { Drop } from '../drop.ts';
import { sendTop } from '../message.ts';
import type { Pop3Session } from '../session.ts';

/** TOP (RFC 1939 §7): header and some lines of the body; no more of the message is read than that. */
export async function top(
  session: Pop3Session,
  drop: Drop,
  number: number,
  lines: number,
): Promise<void> {
  const message = drop.message(number);
  if (message === undefined) return session.err('No such message');
  await sendTop(session, drop, message, new TopCutter(lines));
}
