/**
 * ESEARCH responses, written and read: the results of SEARCH, SORT and ESEARCH with return options, and what changes
 * in them.
 */
import type { ModSeq, SeqNum, Uid } from '#model';
import * as c from './chars.ts';
import { encodeMailbox, encodeQuoted } from './encode.ts';
import { readMailbox } from './mailbox.ts';
import { formatRanges, type NumRange, readOrderedSet } from './number-set.ts';
import type { Cursor } from './parser.ts';
import { formatPartialRange, type PartialRange, readPartialRange } from './partial-range.ts';
import { readValue } from './value.ts';

type Results = readonly NumRange<SeqNum | Uid>[];

/** Results that come or go at a place in the list, counted from 1; 0 where the order of the mailbox tells the place. */
export interface ContextChange {
  readonly position: number;
  readonly results: Results;
}

/** What an ESEARCH response tells; only what was asked for, and MIN, MAX and ALL only if there is any. */
export interface SearchResult {
  readonly min?: number;
  readonly max?: number;
  readonly count?: number;
  /** In the order that was asked for: ranges may descend and touch after SORT. */
  readonly all?: Results;
  readonly partial?: { readonly range: PartialRange; readonly results: Results };
  /** Processed in order: first what goes, then what comes (RFC 5267 §4.3.2). */
  readonly removeFrom?: readonly ContextChange[];
  readonly addTo?: readonly ContextChange[];
  readonly modSeq?: ModSeq;
}

/** Which command a response belongs to, and which mailbox when that may be another than the selected one (RFC 7377 §2.1). */
export interface SearchCorrelator {
  readonly tag: string;
  readonly mailbox?: { readonly name: string; readonly uidValidity: number };
}

/** What ESEARCH tells; results are UIDs if `uid`. */
export interface EsearchData extends SearchResult {
  readonly tag?: string;
  readonly mailbox?: string;
  readonly uidValidity?: number;
  readonly uid: boolean;
}

/**
 * ```abnf
 * esearch-response   = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)
 * search-correlator  = SP "(" one-correlator *(SP one-correlator) ")"
 * one-correlator     = ("TAG" SP tag-string) / ("MAILBOX" SP astring) / ("UIDVALIDITY" SP nz-number)
 * search-return-data = "MIN" SP nz-number / "MAX" SP nz-number / "ALL" SP sequence-set / "COUNT" SP number /
 *                      "MODSEQ" SP mod-sequence-value / ret-data-partial / ret-data-addto / ret-data-removefrom
 * ret-data-partial   = "PARTIAL" SP "(" partial-range SP (sequence-set / "NIL") ")"
 * ret-data-addto     = "ADDTO" SP "(" context-position SP sequence-set *(SP context-position SP sequence-set) ")"
 * ```
 * RFC 9051 §7.3.4, RFC 7377 §4, RFC 5267 §5, RFC 9394 §4; REMOVEFROM is built as ADDTO.
 */
export function encodeEsearch(
  { tag, mailbox }: SearchCorrelator,
  uid: boolean,
  result: SearchResult,
  utf8Names = false,
): string {
  const of =
    mailbox === undefined
      ? ''
      : ` MAILBOX ${encodeMailbox(mailbox.name, utf8Names)} UIDVALIDITY ${mailbox.uidValidity}`;
  let wire = `* ESEARCH (TAG ${encodeQuoted(tag)}${of})`;
  if (uid) wire += ' UID';
  const { min, max, count, all, partial, removeFrom, addTo, modSeq } = result;
  if (min !== undefined) wire += ` MIN ${min}`;
  if (max !== undefined) wire += ` MAX ${max}`;
  if (count !== undefined) wire += ` COUNT ${count}`;
  if (all !== undefined && all.length > 0) wire += ` ALL ${formatRanges(all)}`;
  if (partial !== undefined) {
    const results = partial.results.length === 0 ? 'NIL' : formatRanges(partial.results);
    wire += ` PARTIAL (${formatPartialRange(partial.range)} ${results})`;
  }
  if (removeFrom !== undefined) wire += ` REMOVEFROM (${formatChanges(removeFrom)})`;
  if (addTo !== undefined) wire += ` ADDTO (${formatChanges(addTo)})`;
  if (modSeq !== undefined) wire += ` MODSEQ ${modSeq}`;
  return `${wire}\r\n`;
}

function formatChanges(changes: readonly ContextChange[]): string {
  return changes.map(({ position, results }) => `${position} ${formatRanges(results)}`).join(' ');
}

/** Reads what stands behind ESEARCH in a response; see {@link encodeEsearch}. What is not known is passed over. */
export function readEsearchData(cursor: Cursor): EsearchData {
  let data: EsearchData = { uid: false };
  while (!cursor.atEnd) {
    cursor.space('search results');
    if (cursor.next === c.LPAREN) {
      data = { ...data, ...readCorrelator(cursor) };
      continue;
    }
    const name = cursor.keyword('search results');
    if (name === 'UID') data = { ...data, uid: true };
    else data = { ...data, ...readItem(cursor, name) };
  }
  return data;
}

type Correlated = Pick<EsearchData, 'tag' | 'mailbox' | 'uidValidity'>;

function readCorrelator(cursor: Cursor): Correlated {
  let correlated: Correlated = {};
  cursor.list('correlators', 8, () => {
    const name = cursor.keyword('a correlator');
    cursor.space('its value');
    if (name === 'TAG') correlated = { ...correlated, tag: cursor.astring('a tag') };
    else if (name === 'MAILBOX') correlated = { ...correlated, mailbox: readMailbox(cursor) };
    else if (name === 'UIDVALIDITY')
      correlated = { ...correlated, uidValidity: cursor.nzNumber('a UIDVALIDITY') };
    else readValue(cursor);
  });
  return correlated;
}

function readItem(cursor: Cursor, name: string): SearchResult {
  cursor.space('a value');
  switch (name) {
    case 'MIN':
      return { min: cursor.number('a number') };
    case 'MAX':
      return { max: cursor.number('a number') };
    case 'COUNT':
      return { count: cursor.number('a number') };
    case 'ALL':
      return { all: readOrderedSet(cursor, 'a sequence set') };
    case 'PARTIAL':
      return { partial: readPartial(cursor) };
    case 'ADDTO':
      return { addTo: readChanges(cursor) };
    case 'REMOVEFROM':
      return { removeFrom: readChanges(cursor) };
    case 'MODSEQ':
      return { modSeq: cursor.modSeq() };
    default:
      readValue(cursor);
      return {};
  }
}

function readPartial(cursor: Cursor): NonNullable<SearchResult['partial']> {
  cursor.expect(c.LPAREN, '"("');
  const range = readPartialRange(cursor);
  cursor.space('results');
  const results = cursor.skipKeyword('NIL') ? [] : readOrderedSet<never>(cursor, 'a sequence set');
  cursor.expect(c.RPAREN, '")"');
  return { range, results };
}

function readChanges(cursor: Cursor): readonly ContextChange[] {
  return cursor.list('changes', Number.MAX_SAFE_INTEGER, () => {
    const position = cursor.number('a position');
    cursor.space('results');
    return { position, results: readOrderedSet<never>(cursor, 'a sequence set') };
  });
}
