import type { SeqNum, Uid } from '#model';
import type { AppendTarget, CommandBody, SearchKey, WireBuffer } from '#wire';
import { bad, type Completion } from './completion.ts';
import type { Session } from './session.ts';

/**
 * Refuses what counts in message numbers once the client has renounced them (RFC 9586 §3): a command without UID that has
 * a twin with it, and search keys and QRESYNC parameters that name numbers.
 */
export function refuseNumbers(
  session: Session,
  body: CommandBody | AppendTarget,
): Completion | undefined {
  if (!session.uidOnly) return undefined;
  if ('uid' in body && body.uid === false)
    return bad(`After ENABLE UIDONLY it must be UID ${body.name}`, 'UIDREQUIRED');
  if ('key' in body && namesNumbers(body.key))
    return bad('After ENABLE UIDONLY a search names no message numbers', 'UIDREQUIRED');
  if ('qresync' in body && body.qresync?.match !== undefined)
    return bad('After ENABLE UIDONLY there are no message numbers to match', 'UIDREQUIRED');
  return undefined;
}

function namesNumbers(key: SearchKey): boolean {
  switch (key.key) {
    case 'seqs':
      // "$" alone stands for uids.
      return key.set.ranges.length > 0;
    case 'and':
    case 'or':
      return key.keys.some(namesNumbers);
    case 'not':
      return namesNumbers(key.of);
    default:
      return false;
  }
}

/** Writes how a FETCH response begins, as `fetchStart` gives it. */
export function putFetchStart(wire: WireBuffer, uidOnly: boolean, seq: SeqNum, uid: Uid): void {
  wire.put('* ');
  wire.putNumber(uidOnly ? uid : seq);
  wire.put(uidOnly ? ' UIDFETCH (' : ' FETCH (');
}

/** How a FETCH response begins, up to its parenthesis; after ENABLE UIDONLY it is a UIDFETCH (RFC 9586 §3.3). */
export function fetchStart(session: Session, seq: SeqNum, uid: Uid): string {
  return session.uidOnly ? `* ${uid} UIDFETCH (` : `* ${seq} FETCH (`;
}
