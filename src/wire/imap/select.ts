import type { ModSeq, SeqNum, Uid } from '#model';
import * as c from './chars.ts';
import { readMailbox } from './mailbox.ts';
import { countOf, type Ranges, readKnownSet } from './number-set.ts';
import type { Cursor } from './parser.ts';

/** What a client remembers of a mailbox, to be told what changed (RFC 7162 §3.2.5). */
export interface QresyncParameters {
  readonly uidValidity: number;
  readonly modSeq: ModSeq;
  /** The UIDs it knows; undefined: all from 1 on. */
  readonly knownUids?: Ranges<Uid>;
  /** Pairs of a sequence number and its UID, to find where expunges began; ascending, equally many. */
  readonly match?: { readonly seqs: Ranges<SeqNum>; readonly uids: Ranges<Uid> };
}

export interface SelectCommand {
  readonly name: 'SELECT' | 'EXAMINE';
  readonly mailbox: string;
  /** The CONDSTORE parameter (RFC 7162 §3.1.8). */
  readonly condstore: boolean;
  readonly qresync?: QresyncParameters;
}

/**
 * ```abnf
 * select        = "SELECT" SP mailbox [select-params]
 * select-params = SP "(" select-param *(SP select-param) ")"
 * select-param  = "CONDSTORE" / "QRESYNC" SP "(" uidvalidity SP mod-sequence-value
 *                 [SP known-uids] [SP seq-match-data] ")"
 * ```
 * RFC 9051 §6.3.2, RFC 7162 §7. The cursor stands after "SELECT" or "EXAMINE".
 */
export function readSelect(cursor: Cursor, name: SelectCommand['name']): SelectCommand {
  cursor.space('a mailbox name');
  const mailbox = readMailbox(cursor);
  let condstore = false;
  let qresync: QresyncParameters | undefined;
  if (cursor.more())
    cursor.list('parameters', 4, () => {
      if (cursor.skipKeyword('CONDSTORE')) condstore = true;
      else if (cursor.skipKeyword('QRESYNC')) qresync = readQresync(cursor);
      else cursor.fail('CONDSTORE or QRESYNC');
    });
  return qresync === undefined
    ? { name, mailbox, condstore }
    : { name, mailbox, condstore, qresync };
}

function readQresync(cursor: Cursor): QresyncParameters {
  cursor.space('QRESYNC parameters');
  cursor.expect(c.LPAREN, '"(" before QRESYNC parameters');
  const uidValidity = cursor.nzNumber('a UIDVALIDITY');
  cursor.space('a mod-sequence');
  const modSeq = cursor.modSeq();
  let knownUids: Ranges<Uid> | undefined;
  let match: QresyncParameters['match'];
  if (cursor.next === c.SP && cursor.bytes[cursor.pos + 1] !== c.LPAREN) {
    cursor.pos++;
    knownUids = readKnownSet<Uid>(cursor, 'known UIDs');
  }
  if (cursor.skipSpace()) match = readMatch(cursor);
  cursor.expect(c.RPAREN, '")" after QRESYNC parameters');
  return {
    uidValidity,
    modSeq,
    ...(knownUids === undefined ? {} : { knownUids }),
    ...(match === undefined ? {} : { match }),
  };
}

/** `seq-match-data = "(" known-sequence-set SP known-uid-set ")"` */
function readMatch(cursor: Cursor): NonNullable<QresyncParameters['match']> {
  cursor.expect(c.LPAREN, '"(" before known sequence numbers');
  const seqs = readKnownSet<SeqNum>(cursor, 'known sequence numbers');
  cursor.space('their UIDs');
  const uids = readKnownSet<Uid>(cursor, 'known UIDs');
  cursor.expect(c.RPAREN, '")" after known UIDs');
  if (countOf(seqs) !== countOf(uids))
    cursor.reject('there must be as many known sequence numbers as known UIDs');
  return { seqs, uids };
}
