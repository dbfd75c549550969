import * as c from './chars.ts';
import { encodeAstring, encodeLiteral8, encodeMailbox, encodeString } from './encode.ts';
import { readMailbox } from './mailbox.ts';
import type { Cursor } from './parser.ts';

const ENTRIES_MAX = 256;
const ENTRY_BYTES_MAX = 1000;

/** How far below a named entry an answer reaches. */
export type MetadataDepth = 0 | 1 | 'infinity';

export interface GetMetadataCommand {
  readonly name: 'GETMETADATA';
  /** '' is the server. */
  readonly mailbox: string;
  /** In lower case; each once. */
  readonly entries: readonly string[];
  readonly depth: MetadataDepth;
  /** Larger values are left out. */
  readonly maxSize?: number;
}

export interface SetMetadataCommand {
  readonly name: 'SETMETADATA';
  /** '' is the server. */
  readonly mailbox: string;
  /** By entry in lower case; null removes it. Of an entry that is named twice the last value. */
  readonly values: ReadonlyMap<string, Buffer | null>;
}

/** What a METADATA response says: values, or only which entries have changed (RFC 5464 §4.4). */
export type MetadataData =
  | { readonly mailbox: string; readonly values: ReadonlyMap<string, Buffer | null> }
  | { readonly mailbox: string; readonly changed: readonly string[] };

/**
 * ```abnf
 * getmetadata         = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries
 * getmetadata-options = "(" getmetadata-option *(SP getmetadata-option) ")"
 * getmetadata-option  = "MAXSIZE" SP number / "DEPTH" SP ("0" / "1" / "infinity")
 * entries             = entry / "(" entry *(SP entry) ")"
 * ```
 * RFC 5464 §5. Its examples have the options after the mailbox, so that is taken too. The cursor stands after "GETMETADATA".
 */
export function readGetMetadata(cursor: Cursor): GetMetadataCommand {
  cursor.space('a mailbox name');
  let options: Options | undefined;
  if (cursor.next === c.LPAREN) {
    options = readOptions(cursor);
    cursor.space('a mailbox name');
  }
  const mailbox = readMailbox(cursor);
  cursor.space('an entry');
  if (options === undefined && isOptions(cursor)) {
    options = readOptions(cursor);
    cursor.space('an entry');
  }
  const entries = readEntries(cursor);
  return { name: 'GETMETADATA', mailbox, entries, depth: 0, ...options };
}

type Options = Partial<Pick<GetMetadataCommand, 'depth' | 'maxSize'>>;

function readOptions(cursor: Cursor): Options {
  let options: Options = {};
  const readOption = (): void => {
    if (cursor.skipKeyword('MAXSIZE')) {
      cursor.space('a size');
      options = { ...options, maxSize: cursor.number('a size') };
    } else if (cursor.skipKeyword('DEPTH')) {
      cursor.space('0, 1 or infinity');
      options = { ...options, depth: readDepth(cursor) };
    } else cursor.fail('MAXSIZE or DEPTH');
  };
  cursor.list('options', 4, readOption);
  return options;
}

function readDepth(cursor: Cursor): MetadataDepth {
  if (cursor.skipKeyword('0')) return 0;
  if (cursor.skipKeyword('1')) return 1;
  return cursor.skipKeyword('INFINITY') ? 'infinity' : cursor.fail('0, 1 or infinity');
}

/** Whether a list comes that does not begin with an entry: those begin with "/", in quotes or a literal perhaps. */
function isOptions(cursor: Cursor): boolean {
  const first = cursor.bytes[cursor.pos + 1] ?? 0;
  const isLetter = (first >= 65 && first <= 90) || (first >= 97 && first <= 122);
  return cursor.next === c.LPAREN && isLetter;
}

/** `entries = entry / "(" entry *(SP entry) ")"`; each once. */
export function readEntries(cursor: Cursor): readonly string[] {
  if (cursor.next !== c.LPAREN) return [readEntry(cursor)];
  return [...new Set(cursor.list('entries', ENTRIES_MAX, () => readEntry(cursor)))];
}

/**
 * An entry's name in lower case: `/private/…` or `/shared/…`, or one of these two levels itself.
 *
 * ```abnf
 * entry = astring   ; slash-separated path, without "*" and "%"
 * ```
 * RFC 5464 §3.1: names are US-ASCII without controls, case does not matter, and no level is empty.
 */
function readEntry(cursor: Cursor): string {
  const name = cursor.astringBytes('an entry such as /shared/comment').toString('latin1');
  if (name.length > ENTRY_BYTES_MAX)
    cursor.reject(`the name of an entry has at most ${ENTRY_BYTES_MAX} bytes`);
  if (!/^[\x20-\x7e]+$/.test(name) || /[*%]/.test(name))
    cursor.reject('the name of an entry is printable US-ASCII without "*" and "%"');
  if (!/^\/(?:private|shared)(?:\/[^/]+)*$/i.test(name))
    cursor.reject('the name of an entry begins with /private or /shared and has no empty level');
  return name.toLowerCase();
}

/**
 * ```abnf
 * setmetadata  = "SETMETADATA" SP mailbox SP entry-values
 * entry-values = "(" entry-value *(SP entry-value) ")"
 * entry-value  = entry SP value
 * value        = nstring / literal8
 * ```
 * RFC 5464 §5. The cursor stands after "SETMETADATA".
 */
export function readSetMetadata(cursor: Cursor): SetMetadataCommand {
  cursor.space('a mailbox name');
  const mailbox = readMailbox(cursor);
  cursor.space('a list of entries and values');
  const values = readEntryValues(cursor);
  for (const entry of values.keys())
    if (entry.lastIndexOf('/') === 0) cursor.reject(`${entry} itself has no value`);
  return { name: 'SETMETADATA', mailbox, values };
}

function readEntryValues(cursor: Cursor): ReadonlyMap<string, Buffer | null> {
  const values = new Map<string, Buffer | null>();
  cursor.list('entries and values', ENTRIES_MAX, () => {
    const entry = readEntry(cursor);
    cursor.space('a value');
    values.set(entry, readMetadataValue(cursor));
  });
  return values;
}

function readMetadataValue(cursor: Cursor): Buffer | null {
  if (cursor.skipKeyword('NIL')) return null;
  return cursor.next === c.TILDE ? cursor.literal() : cursor.stringBytes('a string or NIL');
}

/** `metadata-resp = "METADATA" SP mailbox SP entry-values` (RFC 5464 §4.4.1); there is one value at least. */
export function encodeMetadata(
  mailbox: string,
  values: Iterable<readonly [entry: string, value: Buffer | null]>,
  utf8: boolean,
): string {
  const pairs: string[] = [];
  for (const [entry, value] of values)
    pairs.push(`${encodeAstring(entry)} ${value === null ? 'NIL' : encodeValue(value, utf8)}`);
  return `* METADATA ${encodeMailbox(mailbox, utf8)} (${pairs.join(' ')})\r\n`;
}

function encodeValue(value: Buffer, utf8: boolean): string {
  const wire = value.toString('latin1');
  return value.includes(0) ? encodeLiteral8(wire) : encodeString(wire, utf8);
}

/** `metadata-resp = "METADATA" SP mailbox SP entry *(SP entry)`: these have changed (RFC 5464 §4.4.2). */
export function encodeMetadataChanged(
  mailbox: string,
  entries: readonly string[],
  utf8: boolean,
): string {
  const names = entries.map((entry) => encodeAstring(entry)).join(' ');
  return `* METADATA ${encodeMailbox(mailbox, utf8)} ${names}\r\n`;
}

/** What follows "METADATA" in a response. */
export function readMetadataData(cursor: Cursor): MetadataData {
  cursor.space('a mailbox name');
  const mailbox = readMailbox(cursor);
  cursor.space('entries');
  if (cursor.next === c.LPAREN) return { mailbox, values: readEntryValues(cursor) };
  const changed = [readEntry(cursor)];
  while (cursor.skip(c.SP) && !cursor.atEnd) changed.push(readEntry(cursor));
  return { mailbox, changed };
}
