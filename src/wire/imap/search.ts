import * as c from './chars.ts';
import { readDate } from './date.ts';
import { isKeyword } from './flags.ts';
import { readNumSet, startsNumSet } from './number-set.ts';
import type { Cursor } from './parser.ts';
import type {
  ModSeqEntry,
  SearchCommand,
  SearchField,
  SearchKey,
  SearchProgram,
  SearchTime,
} from './search-key.ts';
import { readReturnOptions } from './search-return.ts';

const DEPTH_MAX = 32;
const KEYS_MAX = 4096;

/** Decodes search texts; the charset is an argument of the command. */
type Decode = (bytes: Buffer) => string;

/** A search being read: bounds over the whole tree. */
interface Reading {
  readonly cursor: Cursor;
  readonly decode: Decode;
  keys: number;
}

/**
 * ```abnf
 * search         = "SEARCH" [search-return-opts] SP search-program
 * search-program = ["CHARSET" SP charset SP] search-key *(SP search-key)
 * ```
 * RFC 9051 §6.4.4. The cursor stands after "SEARCH".
 */
export function readSearch(cursor: Cursor, uid: boolean): SearchCommand {
  cursor.space('search keys');
  const returns = readReturnOptions(cursor, 'search keys');
  return { name: 'SEARCH', uid, ...returns, ...readSearchProgram(cursor) };
}

/** A search program; see {@link readSearch}. */
export function readSearchProgram(cursor: Cursor): SearchProgram {
  return readKeys(cursor, cursor.skipKeyword('CHARSET') ? charsetAfterSpace(cursor) : undefined);
}

/**
 * ```abnf
 * search-criteria = charset 1*(SP search-key)
 * charset         = atom / quoted
 * ```
 * What SORT and THREAD take (RFC 5256 §5). The cursor stands before the space.
 */
export function readSearchCriteria(cursor: Cursor): SearchProgram {
  return readKeys(cursor, charsetAfterSpace(cursor));
}

function charsetAfterSpace(cursor: Cursor): string {
  cursor.space('a charset');
  const charset = cursor.astring('a charset');
  cursor.space('search keys');
  return charset;
}

function readKeys(cursor: Cursor, charset: string | undefined): SearchProgram {
  const decode =
    charset === undefined ? (bytes: Buffer) => cursor.text(bytes) : decoderOf(cursor, charset);
  const reading: Reading = { cursor, decode, keys: 0 };
  const keys = [readKey(reading, 0)];
  while (cursor.more()) keys.push(readKey(reading, 0));
  return { key: allOf(keys), ...(charset === undefined ? {} : { charset }) };
}

function decoderOf(cursor: Cursor, charset: string): Decode {
  if (/^(utf-?8|us-ascii)$/i.test(charset)) return (bytes) => cursor.text(bytes);
  try {
    const decoder = new TextDecoder(charset);
    return (bytes) => decoder.decode(bytes);
  } catch {
    return cursor.reject(
      'unknown charset; UTF-8 is always right',
      'NO',
      'BADCHARSET (UTF-8 US-ASCII)',
    );
  }
}

function allOf(keys: readonly SearchKey[]): SearchKey {
  return keys.length === 1 ? keys[0]! : { key: 'and', keys };
}

/**
 * ```abnf
 * search-key = "ALL" / "ANSWERED" / … / "NOT" SP search-key / "OR" SP search-key SP search-key /
 *              sequence-set / "(" search-key *(SP search-key) ")"
 * ```
 */
function readKey(reading: Reading, depth: number): SearchKey {
  const { cursor } = reading;
  if (depth > DEPTH_MAX) cursor.reject(`search keys are nested more than ${DEPTH_MAX} deep`);
  if (++reading.keys > KEYS_MAX) cursor.reject(`more than ${KEYS_MAX} search keys`);
  if (cursor.next === c.LPAREN)
    return allOf(cursor.list('search keys', KEYS_MAX, () => readKey(reading, depth + 1)));
  if (startsNumSet(cursor)) return { key: 'seqs', set: readNumSet(cursor, 'a sequence set') };
  const start = cursor.pos;
  const name = cursor.keyword('a search key');
  switch (name) {
    case 'NOT':
      cursor.space('a search key');
      return { key: 'not', of: readKey(reading, depth + 1) };
    case 'OR':
      return readOr(reading, depth);
    default: {
      const read = KEYS.get(name);
      if (read !== undefined) return read(reading);
      cursor.pos = start;
      return cursor.fail('a search key');
    }
  }
}

/**
 * `"OR" SP search-key SP search-key`. Clients chain long alternatives as `OR a OR b c`, so a chain to
 * the right becomes one flat `or`, and only the left sides count as nesting.
 */
function readOr(reading: Reading, depth: number): SearchKey {
  const { cursor } = reading;
  const keys: SearchKey[] = [];
  do {
    cursor.space('a search key');
    keys.push(readKey(reading, depth + 1));
    cursor.space('the second search key of OR');
  } while (cursor.skipKeyword('OR'));
  keys.push(readKey(reading, depth + 1));
  return { key: 'or', keys };
}

type KeyReader = (reading: Reading) => SearchKey;

function fixed(key: SearchKey): KeyReader {
  return () => key;
}

function flagKey(flag: string, set: boolean): KeyReader {
  return fixed({ key: 'flag', flag, set });
}

/** `"KEYWORD" SP flag-keyword` */
function keywordKey(set: boolean): KeyReader {
  return ({ cursor }) => {
    cursor.space('a keyword');
    const flag = cursor.astring('a keyword');
    return isKeyword(flag) ? { key: 'flag', flag, set } : cursor.reject('not a keyword');
  };
}

function readText({ cursor, decode }: Reading): string {
  cursor.space('a search text');
  return decode(cursor.astringBytes('a search text'));
}

function fieldKey(field: SearchField): KeyReader {
  return (reading) => ({ key: 'field', field, text: readText(reading) });
}

function dateKey(time: SearchTime, op: 'before' | 'on' | 'since'): KeyReader {
  return ({ cursor }) => {
    cursor.space('a date');
    return { key: 'date', time, op, dayMs: readDate(cursor) };
  };
}

/** `"LARGER" SP number64` */
function sizeKey(key: 'larger' | 'smaller'): KeyReader {
  return ({ cursor }) => {
    cursor.space('a size');
    return { key, sizeBytes: cursor.number64('a size') };
  };
}

/** `("OLDER" / "YOUNGER") SP nz-number` (RFC 5032 §3) */
function ageKey(key: 'older' | 'younger'): KeyReader {
  return ({ cursor }) => {
    cursor.space('an age in seconds');
    return { key, ageSeconds: cursor.nzNumber('an age in seconds') };
  };
}

/** `"EMAILID" SP objectid` (RFC 8474 §7): 1 to 255 of letters, digits, "_" and "-". */
function idKey(key: 'email-id' | 'thread-id'): KeyReader {
  return ({ cursor }) => {
    cursor.space('an object id');
    const id = cursor.astring('an object id');
    return /^[A-Za-z0-9_-]{1,255}$/.test(id) ? { key, id } : cursor.reject('not an object id');
  };
}

/** `"HEADER" SP header-fld-name SP astring` */
function readHeaderKey(reading: Reading): SearchKey {
  reading.cursor.space('a field name');
  const name = reading.cursor.astring('a field name');
  return { key: 'header', name, text: readText(reading) };
}

/** `"UID" SP sequence-set` */
function readUidKey({ cursor }: Reading): SearchKey {
  cursor.space('a sequence set');
  return { key: 'uids', set: readNumSet(cursor, 'a sequence set') };
}

/**
 * ```abnf
 * search-modsequence = "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer
 * entry-name         = DQUOTE "/flags/" attr-flag DQUOTE
 * entry-type-req     = "priv" / "shared" / "all"
 * ```
 * RFC 7162 §7.
 */
function readModSeqKey({ cursor }: Reading): SearchKey {
  cursor.space('a mod-sequence');
  const entry = cursor.next === c.DQUOTE ? readModSeqEntry(cursor) : undefined;
  const modSeq = cursor.modSeq();
  return entry === undefined ? { key: 'modseq', modSeq } : { key: 'modseq', modSeq, entry };
}

function readModSeqEntry(cursor: Cursor): ModSeqEntry {
  const name = cursor.string('an entry name');
  cursor.space('priv, shared or all');
  const type = (['priv', 'shared', 'all'] as const).find((known) =>
    cursor.skipKeyword(known.toUpperCase()),
  );
  if (type === undefined) return cursor.fail('priv, shared or all');
  cursor.space('a mod-sequence');
  return { name, type };
}

const KEYS: ReadonlyMap<string, KeyReader> = new Map<string, KeyReader>([
  ['ALL', fixed({ key: 'all' })],
  ['ANSWERED', flagKey('\\Answered', true)],
  ['DELETED', flagKey('\\Deleted', true)],
  ['DRAFT', flagKey('\\Draft', true)],
  ['FLAGGED', flagKey('\\Flagged', true)],
  ['SEEN', flagKey('\\Seen', true)],
  ['UNANSWERED', flagKey('\\Answered', false)],
  ['UNDELETED', flagKey('\\Deleted', false)],
  ['UNDRAFT', flagKey('\\Draft', false)],
  ['UNFLAGGED', flagKey('\\Flagged', false)],
  ['UNSEEN', flagKey('\\Seen', false)],
  ['KEYWORD', keywordKey(true)],
  ['UNKEYWORD', keywordKey(false)],
  ['RECENT', fixed({ key: 'recent', set: true })],
  ['OLD', fixed({ key: 'recent', set: false })],
  [
    'NEW',
    fixed({
      key: 'and',
      keys: [
        { key: 'recent', set: true },
        { key: 'flag', flag: '\\Seen', set: false },
      ],
    }),
  ],
  ['BCC', fieldKey('BCC')],
  ['CC', fieldKey('CC')],
  ['FROM', fieldKey('FROM')],
  ['SUBJECT', fieldKey('SUBJECT')],
  ['TO', fieldKey('TO')],
  ['HEADER', readHeaderKey],
  ['BODY', (reading) => ({ key: 'body', text: readText(reading) })],
  ['TEXT', (reading) => ({ key: 'text', text: readText(reading) })],
  ['BEFORE', dateKey('internal', 'before')],
  ['ON', dateKey('internal', 'on')],
  ['SINCE', dateKey('internal', 'since')],
  ['SENTBEFORE', dateKey('sent', 'before')],
  ['SENTON', dateKey('sent', 'on')],
  ['SENTSINCE', dateKey('sent', 'since')],
  ['SAVEDBEFORE', dateKey('saved', 'before')],
  ['SAVEDON', dateKey('saved', 'on')],
  ['SAVEDSINCE', dateKey('saved', 'since')],
  ['SAVEDATESUPPORTED', fixed({ key: 'save-date-supported' })],
  ['LARGER', sizeKey('larger')],
  ['SMALLER', sizeKey('smaller')],
  ['OLDER', ageKey('older')],
  ['YOUNGER', ageKey('younger')],
  ['UID', readUidKey],
  ['MODSEQ', readModSeqKey],
  ['EMAILID', idKey('email-id')],
  ['THREADID', idKey('thread-id')],
]);
