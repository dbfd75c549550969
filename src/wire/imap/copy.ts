import type { SeqNum, Uid } from '#model';
import { readMailbox } from './mailbox.ts';
import { type NumSet, readNumSet } from './number-set.ts';
import type { Cursor } from './parser.ts';

interface CopyRest {
  readonly name: 'COPY' | 'MOVE';
  readonly mailbox: string;
}

export type CopyCommand =
  | (CopyRest & { readonly uid: true; readonly set: NumSet<Uid> })
  | (CopyRest & { readonly uid: false; readonly set: NumSet<SeqNum> });

export interface ExpungeCommand {
  readonly name: 'EXPUNGE';
  /** UID EXPUNGE: only these (RFC 9051 §6.4.9). */
  readonly uids?: NumSet<Uid>;
}

/**
 * `("COPY" / "MOVE") SP sequence-set SP mailbox` (RFC 9051 §6.4.7, §6.4.8). The cursor stands after the
 * command's name.
 */
export function readCopy(cursor: Cursor, name: CopyRest['name'], uid: boolean): CopyCommand {
  cursor.space('a sequence set');
  const set = readNumSet<never>(cursor, 'a sequence set');
  cursor.space('a mailbox name');
  return { name, uid, set, mailbox: readMailbox(cursor) };
}

/** `uid-expunge = "UID" SP "EXPUNGE" SP sequence-set`. The cursor stands after "EXPUNGE". */
export function readUidExpunge(cursor: Cursor): ExpungeCommand {
  cursor.space('a sequence set');
  return { name: 'EXPUNGE', uids: readNumSet(cursor, 'a sequence set') };
}
