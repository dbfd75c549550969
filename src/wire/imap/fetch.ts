import type { ModSeq, SeqNum, Uid } from '#model';
import * as c from './chars.ts';
import { type NumSet, readNumSet } from './number-set.ts';
import type { Cursor } from './parser.ts';
import { type PartialRange, readPartialRange } from './partial-range.ts';
import {
  type FetchPartial,
  readBinarySection,
  readPartial,
  readSection,
  type Section,
} from './section.ts';

const ITEMS_MAX = 256;

const PLAIN = [
  'ENVELOPE',
  'FLAGS',
  'INTERNALDATE',
  'RFC822.SIZE',
  'BODYSTRUCTURE',
  'UID',
  'MODSEQ',
  'SAVEDATE',
  'EMAILID',
  'THREADID',
  'RFC822',
  'RFC822.PEEK',
  'RFC822.HEADER',
  'RFC822.TEXT',
] as const;

/**
 * Items that have no arguments. RFC822, .HEADER and .TEXT are IMAP4rev1's (RFC 3501 §6.4.5); RFC822.PEEK is IMAP4's (RFC 1730
 * §6.4.5), and still asked for.
 */
export type PlainFetchItem = (typeof PLAIN)[number];

/** One thing to fetch of each message. */
export type FetchItem =
  | { readonly item: PlainFetchItem }
  /** BODY without a section: BODYSTRUCTURE without extension data. */
  | { readonly item: 'BODY' }
  | {
      readonly item: 'BODY[]';
      readonly peek: boolean;
      readonly section: Section;
      readonly partial?: FetchPartial;
    }
  | {
      readonly item: 'BINARY';
      readonly peek: boolean;
      readonly part: readonly number[];
      readonly partial?: FetchPartial;
    }
  | { readonly item: 'BINARY.SIZE'; readonly part: readonly number[] }
  /** RFC 8970: `lazy` asks only for previews that are ready. */
  | { readonly item: 'PREVIEW'; readonly lazy: boolean };

interface FetchRest {
  readonly name: 'FETCH';
  /** Macros are expanded; never empty. */
  readonly items: readonly FetchItem[];
  /** Only messages whose mod-sequence is above this (RFC 7162 §3.1.4.1). */
  readonly changedSince?: ModSeq;
  /** Also report expunged UIDs (RFC 7162 §3.2.6); only with `uid` and `changedSince`. */
  readonly vanished: boolean;
  /** Only these of the messages that the set names (RFC 9394 §3.3); only with `uid`. */
  readonly page?: PartialRange;
}

export type FetchCommand =
  | (FetchRest & { readonly uid: true; readonly set: NumSet<Uid> })
  | (FetchRest & { readonly uid: false; readonly set: NumSet<SeqNum> });

const FAST: readonly PlainFetchItem[] = ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE'];
const plainItem = (item: PlainFetchItem): FetchItem => ({ item });
const MACROS: ReadonlyMap<string, readonly FetchItem[]> = new Map([
  ['FAST', FAST.map(plainItem)],
  ['ALL', [...FAST, 'ENVELOPE' as const].map(plainItem)],
  ['FULL', [...[...FAST, 'ENVELOPE' as const].map(plainItem), { item: 'BODY' } as const]],
]);
const PLAIN_ITEMS: ReadonlyMap<string, FetchItem> = new Map(PLAIN.map((item) => [item, { item }]));

/**
 * ```abnf
 * fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att /
 *         "(" fetch-att *(SP fetch-att) ")") [SP fetch-modifiers]
 * ```
 * RFC 9051 §6.4.5, RFC 7162 §7. The cursor stands after "FETCH".
 */
export function readFetch(cursor: Cursor, uid: boolean): FetchCommand {
  cursor.space('a sequence set');
  const set = readNumSet<never>(cursor, 'a sequence set');
  cursor.space('what to fetch');
  const items = readItems(cursor);
  const modifiers = cursor.more() ? readModifiers(cursor, uid) : { vanished: false };
  return { name: 'FETCH', uid, set, items, ...modifiers };
}

function readItems(cursor: Cursor): readonly FetchItem[] {
  if (cursor.next !== c.LPAREN) {
    const start = cursor.pos;
    const macro = MACROS.get(cursor.run(c.ATOM).toUpperCase());
    if (macro !== undefined) return macro;
    cursor.pos = start;
    return [readItem(cursor)];
  }
  return readFetchItems(cursor);
}

/** `"(" fetch-att *(SP fetch-att) ")"` */
export function readFetchItems(cursor: Cursor): readonly FetchItem[] {
  return cursor.list('what to fetch', ITEMS_MAX, () => readItem(cursor));
}

/**
 * ```abnf
 * fetch-att = "ENVELOPE" / "FLAGS" / "INTERNALDATE" / "RFC822.SIZE" / "UID" / "MODSEQ" / "SAVEDATE" /
 *             "EMAILID" / "THREADID" / "RFC822" [".HEADER" / ".TEXT" / ".PEEK"] / "BODY" ["STRUCTURE"] /
 *             "BODY" [".PEEK"] section [partial] / "BINARY" [".PEEK"] section-binary [partial] /
 *             "BINARY.SIZE" section-binary / "PREVIEW" [SP "(" "LAZY" ")"]
 * ```
 */
function readItem(cursor: Cursor): FetchItem {
  const start = cursor.pos;
  const name = readItemName(cursor);
  const plain = PLAIN_ITEMS.get(name);
  if (plain !== undefined) return plain;
  switch (name) {
    case 'BODY':
      if (cursor.next !== c.LBRACKET) return { item: 'BODY' };
      return readBody(cursor, false);
    case 'BODY.PEEK':
      return readBody(cursor, true);
    case 'BINARY':
    case 'BINARY.PEEK': {
      const part = readBinarySection(cursor);
      return { item: 'BINARY', peek: name === 'BINARY.PEEK', part, ...partialOf(cursor) };
    }
    case 'BINARY.SIZE':
      return { item: name, part: readBinarySection(cursor) };
    case 'PREVIEW':
      return { item: name, lazy: readLazy(cursor) };
    default:
      cursor.pos = start;
      return cursor.fail('what to fetch, such as FLAGS or BODY.PEEK[]');
  }
}

/** An item's name ends before its section; "[" may stand in an atom. */
function readItemName(cursor: Cursor): string {
  const start = cursor.pos;
  while (cursor.next !== c.LBRACKET && cursor.next >= 0 && c.isOf(cursor.next, c.ATOM))
    cursor.pos++;
  return cursor.bytes.toString('latin1', start, cursor.pos).toUpperCase();
}

function readBody(cursor: Cursor, peek: boolean): FetchItem {
  const section = readSection(cursor);
  return { item: 'BODY[]', peek, section, ...partialOf(cursor) };
}

function partialOf(cursor: Cursor): { readonly partial?: FetchPartial } {
  const partial = readPartial(cursor);
  return partial === undefined ? {} : { partial };
}

/** `[SP "(" "LAZY" *(SP preview-mod-ext) ")"]` (RFC 8970 §3.1); FETCH modifiers may follow instead. */
function readLazy(cursor: Cursor): boolean {
  const start = cursor.pos;
  if (cursor.skipSpace() && cursor.skip(c.LPAREN) && cursor.skipKeyword('LAZY')) {
    cursor.expect(c.RPAREN, '")" after LAZY');
    return true;
  }
  cursor.pos = start;
  return false;
}

type Modifiers = Pick<FetchRest, 'changedSince' | 'vanished' | 'page'>;

/**
 * ```abnf
 * fetch-modifiers = "(" fetch-modifier *(SP fetch-modifier) ")"
 * fetch-modifier  = "CHANGEDSINCE" SP mod-sequence-value / "VANISHED" / "PARTIAL" SP partial-range
 * ```
 */
function readModifiers(cursor: Cursor, uid: boolean): Modifiers {
  let changedSince: ModSeq | undefined;
  let page: PartialRange | undefined;
  let vanished = false;
  cursor.list('FETCH modifiers', 3, () => {
    if (cursor.skipKeyword('VANISHED')) vanished = true;
    else if (cursor.skipKeyword('CHANGEDSINCE')) {
      cursor.space('a mod-sequence');
      changedSince = cursor.modSeq();
    } else if (cursor.skipKeyword('PARTIAL')) {
      cursor.space('a range of messages');
      page = readPartialRange(cursor);
    } else cursor.fail('CHANGEDSINCE, VANISHED or PARTIAL');
  });
  if (vanished && changedSince === undefined) cursor.reject('VANISHED needs CHANGEDSINCE');
  if (vanished && !uid) cursor.reject('VANISHED is for UID FETCH only');
  if (page !== undefined && !uid) cursor.reject('PARTIAL is for UID FETCH only');
  return {
    vanished,
    ...(changedSince === undefined ? {} : { changedSince }),
    ...(page === undefined ? {} : { page }),
  };
}
