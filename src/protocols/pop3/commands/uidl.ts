import type { Drop } from '../drop.ts';
import type { Pop3Session } from '../session.ts';

/** UIDL (RFC 1939 §7): an id that is the same in every session. */
export async function uidl(
  session: Pop3Session,
  drop: Drop,
  number: number | undefined,
): Promise<void> {
  const line = (wanted: number): string | undefined => {
    const message = drop.message(wanted);
    return message && `${wanted} ${drop.uniqueId(message)}`;
  };
  if (number !== undefined) {
    const one = line(number);
    return one === undefined ? session.err('No such message') : session.ok(one);
  }
  session.ok('Unique-id listing follows');
  await session.inBody(() => session.sendListing(drop.last, line));
}
