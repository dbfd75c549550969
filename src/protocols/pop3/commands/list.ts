import type { Drop } from '../drop.ts';
import type { Pop3Session } from '../session.ts';

/** LIST (RFC 1939 §5): exact octets of one message, or of all that are not marked deleted. */
export async function list(
  session: Pop3Session,
  drop: Drop,
  number: number | undefined,
): Promise<void> {
  const line = (wanted: number): string | undefined => {
    const message = drop.message(wanted);
    return message && `${wanted} ${message.sizeBytes}`;
  };
  if (number !== undefined) {
    const one = line(number);
    return one === undefined ? session.err('No such message') : session.ok(one);
  }
  session.ok(`${drop.messages} messages (${drop.octets} octets)`);
  await session.inBody(() => session.sendListing(drop.last, line));
}
