import type { ModSeq, SeqNum, Uid } from '#model';
import * as c from './chars.ts';
import { type FlagName, readBareFlags, readFlagList } from './flags.ts';
import { type NumSet, readNumSet } from './number-set.ts';
import type { Cursor } from './parser.ts';

interface StoreRest {
  readonly name: 'STORE';
  readonly op: 'set' | 'add' | 'remove';
  readonly silent: boolean;
  readonly flags: readonly FlagName[];
  /** Leave messages alone whose mod-sequence is above this (RFC 7162 §3.1.3). */
  readonly unchangedSince?: ModSeq;
}

export type StoreCommand =
  | (StoreRest & { readonly uid: true; readonly set: NumSet<Uid> })
  | (StoreRest & { readonly uid: false; readonly set: NumSet<SeqNum> });

/**
 * ```abnf
 * store           = "STORE" SP sequence-set [SP store-modifiers] SP store-att-flags
 * store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
 * ```
 * RFC 9051 §6.4.6, RFC 7162 §7. The cursor stands after "STORE".
 */
export function readStore(cursor: Cursor, uid: boolean): StoreCommand {
  cursor.space('a sequence set');
  const set = readNumSet<never>(cursor, 'a sequence set');
  cursor.space('FLAGS, +FLAGS or -FLAGS');
  const modifiers = cursor.next === c.LPAREN ? readModifiers(cursor) : {};
  const op = cursor.skip(c.PLUS) ? 'add' : cursor.skip(0x2d) ? 'remove' : 'set';
  const silent = cursor.skipKeyword('FLAGS.SILENT');
  if (!silent && !cursor.skipKeyword('FLAGS'))
    return cursor.fail('FLAGS, +FLAGS or -FLAGS, with or without .SILENT');
  cursor.space('flags');
  const flags = cursor.next === c.LPAREN ? readFlagList(cursor) : readBareFlags(cursor);
  return { name: 'STORE', uid, set, op, silent, flags, ...modifiers };
}

/** `store-modifiers = "(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")"` */
function readModifiers(cursor: Cursor): { readonly unchangedSince: ModSeq } {
  let unchangedSince = 0 as ModSeq;
  cursor.list('STORE modifiers', 1, () => {
    if (!cursor.skipKeyword('UNCHANGEDSINCE')) cursor.fail('UNCHANGEDSINCE');
    cursor.space('a mod-sequence');
    unchangedSince = cursor.modSeq();
  });
  cursor.space('FLAGS, +FLAGS or -FLAGS');
  return { unchangedSince };
}
