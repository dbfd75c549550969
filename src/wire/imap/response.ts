import type { ModSeq, SeqNum, Uid } from '#model';
import { type AclData, readAclData } from './acl.ts';
import * as c from './chars.ts';
import type { Condition } from './encode-response.ts';
import { type EsearchData, readEsearchData } from './esearch-data.ts';
import { readMailbox } from './mailbox.ts';
import { type MetadataData, readMetadataData } from './metadata.ts';
import { type Ranges, readKnownSet } from './number-set.ts';
import { Cursor, GrammarError, type ParseOptions } from './parser.ts';
import { type QuotaData, type QuotaRootData, readQuotaData, readQuotaRootData } from './quota.ts';
import { readTag } from './tag.ts';
import { readThreads, type ThreadForest } from './thread-list.ts';
import { readLooseAtom, readValue, textOf, type Value } from './value.ts';

/** Items of a FETCH response by name in upper case, sections included: `BODY[HEADER]<0>`. */
export type FetchData = ReadonlyMap<string, Value>;

/** What a status response says, tagged or not. */
export interface StatusText {
  readonly condition: Condition;
  /** The code's name in upper case, without its arguments: `UIDVALIDITY`. */
  readonly code?: string;
  /** All that stands in the brackets, as it came: `UIDVALIDITY 3857529045`. */
  readonly codeText?: string;
  readonly text: string;
}

/** Data the server sends unasked or before a command's completion, told apart by `type`. */
export type Untagged =
  | ({ readonly type: 'STATUS-RESPONSE' } & StatusText)
  | { readonly type: 'EXISTS' | 'RECENT'; readonly count: number }
  | { readonly type: 'EXPUNGE'; readonly seq: SeqNum }
  | { readonly type: 'FETCH'; readonly seq: SeqNum; readonly items: FetchData }
  | { readonly type: 'FLAGS'; readonly flags: readonly string[] }
  | { readonly type: 'CAPABILITY' | 'ENABLED'; readonly capabilities: readonly string[] }
  | {
      readonly type: 'LIST' | 'LSUB';
      readonly attributes: readonly string[];
      readonly delimiter: string | null;
      readonly mailbox: string;
      /** Extended items by name in upper case: CHILDINFO, OLDNAME. */
      readonly extended: ReadonlyMap<string, Value>;
    }
  | {
      readonly type: 'STATUS';
      readonly mailbox: string;
      readonly items: ReadonlyMap<string, Value>;
    }
  | {
      readonly type: 'SEARCH' | 'SORT';
      readonly numbers: readonly number[];
      readonly modSeq?: ModSeq;
    }
  | ({ readonly type: 'METADATA' } & MetadataData)
  | ({ readonly type: 'QUOTA' } & QuotaData)
  | ({ readonly type: 'QUOTAROOT' } & QuotaRootData)
  | { readonly type: 'THREAD'; readonly forest: ThreadForest }
  | AclData
  | ({ readonly type: 'ESEARCH' } & EsearchData)
  | { readonly type: 'VANISHED'; readonly earlier: boolean; readonly uids: Ranges<Uid> }
  /** Anything else: NAMESPACE, ID, extensions. `number` is the one before the name, if any. */
  | {
      readonly type: 'OTHER';
      readonly name: string;
      readonly number?: number;
      readonly values: readonly Value[];
    };

/** One response of a server. */
export type Response =
  | { readonly kind: 'continue'; readonly text: string }
  | ({ readonly kind: 'tagged'; readonly tag: string } & StatusText)
  | { readonly kind: 'untagged'; readonly data: Untagged; readonly bytes: Buffer }
  /** Not a response in any grammar: `text` says why. */
  | { readonly kind: 'invalid'; readonly text: string; readonly bytes: Buffer };

const CONDITIONS: readonly Condition[] = ['OK', 'NO', 'BAD', 'BYE', 'PREAUTH'];

/**
 * Parses a whole response, its literals inline. Never throws, whatever the bytes.
 *
 * ```abnf
 * response      = *(continue-req / response-data) response-done
 * continue-req  = "+" SP (resp-text / base64) CRLF
 * response-data = "*" SP (resp-cond-state / resp-cond-bye / mailbox-data / message-data / …) CRLF
 * response-tagged = tag SP resp-cond-state CRLF
 * ```
 */
export function parseResponse(bytes: Buffer, options: ParseOptions): Response {
  const cursor = new Cursor(bytes, options);
  cursor.context = 'response';
  try {
    if (cursor.skip(c.PLUS)) {
      cursor.skip(c.SP);
      return { kind: 'continue', text: restOf(cursor) };
    }
    if (cursor.skip(0x2a)) {
      cursor.space('data');
      return { kind: 'untagged', data: readUntagged(cursor), bytes };
    }
    const tag = readTag(cursor);
    const condition = readCondition(cursor) ?? cursor.fail('OK, NO or BAD');
    return { kind: 'tagged', tag, ...readStatusText(cursor, condition) };
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    return { kind: 'invalid', text: error.message, bytes };
  }
}

function restOf(cursor: Cursor): string {
  const rest = cursor.bytes.subarray(cursor.pos);
  cursor.pos = cursor.bytes.length;
  return textOf(rest) ?? '';
}

function readCondition(cursor: Cursor): Condition | undefined {
  return CONDITIONS.find((condition) => cursor.skipKeyword(condition));
}

/** `resp-text = ["[" resp-text-code "]" SP] [text]` */
function readStatusText(cursor: Cursor, condition: Condition): StatusText {
  cursor.skip(c.SP);
  if (!cursor.skip(c.LBRACKET)) return { condition, text: restOf(cursor) };
  const start = cursor.pos;
  while (cursor.next !== c.RBRACKET) {
    if (cursor.atEnd) cursor.fail('"]"');
    if (cursor.next === c.DQUOTE) cursor.stringBytes('a string');
    else cursor.pos++;
  }
  const codeText = cursor.bytes.toString('utf8', start, cursor.pos);
  cursor.pos++;
  cursor.skip(c.SP);
  const code = (/^[^ ]*/.exec(codeText)?.[0] ?? '').toUpperCase();
  return { condition, code, codeText, text: restOf(cursor) };
}

function readUntagged(cursor: Cursor): Untagged {
  const condition = readCondition(cursor);
  if (condition !== undefined)
    return { type: 'STATUS-RESPONSE', ...readStatusText(cursor, condition) };
  if (cursor.next >= 48 && cursor.next <= 57) return readNumbered(cursor);
  const name = cursor.keyword('the name of a response');
  switch (name) {
    case 'CAPABILITY':
    case 'ENABLED':
      return { type: name, capabilities: restValues(cursor).map(String) };
    case 'FLAGS':
      return { type: name, flags: strings(restValues(cursor)[0]) };
    case 'LIST':
    case 'LSUB':
      return readListed(cursor, name);
    case 'STATUS':
      return readMailboxStatus(cursor);
    case 'ACL':
    case 'LISTRIGHTS':
    case 'MYRIGHTS':
      return readAclData(cursor, name);
    case 'SEARCH':
    case 'SORT':
      return readSearchResult(cursor, name);
    case 'ESEARCH':
      return { type: name, ...readEsearchData(cursor) };
    case 'METADATA':
      return { type: name, ...readMetadataData(cursor) };
    case 'QUOTA':
      return { type: name, ...readQuotaData(cursor) };
    case 'QUOTAROOT':
      return { type: name, ...readQuotaRootData(cursor) };
    case 'THREAD':
      return { type: name, forest: readThreads(cursor) };
    case 'VANISHED':
      return readVanished(cursor);
    default:
      return { type: 'OTHER', name, values: restValues(cursor) };
  }
}

/** `nz-number SP ("EXISTS" / "EXPUNGE" / "RECENT" / "FETCH" SP msg-att)` */
function readNumbered(cursor: Cursor): Untagged {
  const number = cursor.number('a number');
  cursor.space('the name of a response');
  const name = cursor.keyword('the name of a response');
  switch (name) {
    case 'EXISTS':
    case 'RECENT':
      return { type: name, count: number };
    case 'EXPUNGE':
      return { type: name, seq: number as SeqNum };
    case 'FETCH':
      cursor.space('a list of items');
      return { type: name, seq: number as SeqNum, items: readFetchItems(cursor) };
    default:
      return { type: 'OTHER', name, number, values: restValues(cursor) };
  }
}

/** All values up to the end. */
function restValues(cursor: Cursor): readonly Value[] {
  const values: Value[] = [];
  for (;;) {
    while (cursor.skip(c.SP));
    if (cursor.atEnd) return values;
    values.push(readValue(cursor));
  }
}

function strings(value: Value | undefined): readonly string[] {
  return Array.isArray(value) ? value.map((item: Value) => textOf(item) ?? String(item)) : [];
}

function readFetchItems(cursor: Cursor): FetchData {
  const items = new Map<string, Value>();
  cursor.expect(c.LPAREN, '"("');
  while (!cursor.skip(c.RPAREN)) {
    if (cursor.skip(c.SP)) continue;
    const name = readFetchName(cursor);
    cursor.space('a value');
    items.set(name, readValue(cursor));
  }
  return items;
}

/** An item's name with its section, which may hold spaces, lists and strings. */
function readFetchName(cursor: Cursor): string {
  const start = cursor.pos;
  let inSection = false;
  while (
    inSection ||
    (cursor.next > c.SP && cursor.next !== c.LPAREN && cursor.next !== c.RPAREN)
  ) {
    if (cursor.atEnd) cursor.fail('"]"');
    if (cursor.next === c.DQUOTE) {
      cursor.stringBytes('a field name');
      continue;
    }
    if (cursor.next === c.LBRACKET) inSection = true;
    if (cursor.next === c.RBRACKET) inSection = false;
    cursor.pos++;
  }
  if (cursor.pos === start) cursor.fail('the name of an item');
  return cursor.bytes.toString('latin1', start, cursor.pos).toUpperCase();
}

function readListed(cursor: Cursor, type: 'LIST' | 'LSUB'): Untagged {
  cursor.space('attributes');
  const attributes = strings(readValue(cursor));
  cursor.space('a delimiter');
  const delimiter = textOf(readValue(cursor)) ?? null;
  cursor.space('a mailbox name');
  const mailbox = readMailbox(cursor);
  const [extended] = restValues(cursor);
  return { type, attributes, delimiter, mailbox, extended: pairsOf(extended) };
}

function readMailboxStatus(cursor: Cursor): Untagged {
  cursor.space('a mailbox name');
  const mailbox = readMailbox(cursor);
  const [items] = restValues(cursor);
  return { type: 'STATUS', mailbox, items: pairsOf(items) };
}

/** A list of names and values by name in upper case. */
function pairsOf(value: Value | undefined): ReadonlyMap<string, Value> {
  const pairs = new Map<string, Value>();
  if (!Array.isArray(value)) return pairs;
  for (let i = 0; i + 1 < value.length; i += 2)
    pairs.set((textOf(value[i]) ?? '').toUpperCase(), value[i + 1] as Value);
  return pairs;
}

/** `("SEARCH" / "SORT") *(SP nz-number) [SP "(" "MODSEQ" SP mod-sequence-value ")"]` */
function readSearchResult(cursor: Cursor, type: 'SEARCH' | 'SORT'): Untagged {
  const values = restValues(cursor);
  const numbers = values.filter((value) => typeof value === 'number');
  const modSeq = pairsOf(values.at(-1)).get('MODSEQ');
  return typeof modSeq === 'number'
    ? { type, numbers, modSeq: modSeq as ModSeq }
    : { type, numbers };
}

/** `"VANISHED" [SP "(EARLIER)"] SP known-uids` (RFC 7162 §3.2.10) */
function readVanished(cursor: Cursor): Untagged {
  cursor.space('UIDs');
  const earlier = cursor.next === c.LPAREN;
  if (earlier) {
    cursor.pos++;
    if (readLooseAtom(cursor).toUpperCase() !== 'EARLIER') cursor.fail('EARLIER');
    cursor.expect(c.RPAREN, '")"');
    cursor.space('UIDs');
  }
  return { type: 'VANISHED', earlier, uids: readKnownSet<Uid>(cursor, 'UIDs') };
}
