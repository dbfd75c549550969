import * as c from './chars.ts';
import { readListMailbox, readMailbox } from './mailbox.ts';
import { readEntries } from './metadata.ts';
import type { Cursor } from './parser.ts';
import { readStatusItems, type StatusItem } from './status.ts';

const PATTERNS_MAX = 64;
const SELECT_OPTIONS = ['SUBSCRIBED', 'REMOTE', 'RECURSIVEMATCH', 'SPECIAL-USE'] as const;
const RETURN_OPTIONS = ['SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE', 'MYRIGHTS'] as const;

export type ListSelectOption = (typeof SELECT_OPTIONS)[number];
export type ListReturnOption = (typeof RETURN_OPTIONS)[number];

export interface ListCommand {
  readonly name: 'LIST';
  /** It uses syntax of LIST-EXTENDED, so patterns match as RFC 5258 §3 has it. */
  readonly extended: boolean;
  readonly select: ReadonlySet<ListSelectOption>;
  readonly reference: string;
  /** "%" and "*" in them are wildcards; never empty, but a pattern may be ''. */
  readonly patterns: readonly string[];
  readonly returns: ReadonlySet<ListReturnOption>;
  /** RETURN (STATUS (…)): a STATUS response for each mailbox (RFC 5819 §2). */
  readonly status?: readonly StatusItem[];
  /** RETURN (METADATA (…)): a METADATA response with these entries for each mailbox (RFC 9590 §3). */
  readonly metadata?: readonly string[];
}

/** IMAP4rev1's list of subscribed names (RFC 3501 §6.3.9). */
export interface LsubCommand {
  readonly name: 'LSUB';
  readonly reference: string;
  readonly pattern: string;
}

/**
 * ```abnf
 * list             = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]
 * mbox-or-pat      = list-mailbox / "(" list-mailbox *(SP list-mailbox) ")"
 * list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
 * ```
 * RFC 9051 §6.3.9. The cursor stands after "LIST".
 */
export function readList(cursor: Cursor): ListCommand {
  cursor.space('a reference name');
  const extendedSelect = cursor.next === c.LPAREN;
  const select = extendedSelect ? readSelectOptions(cursor) : new Set<ListSelectOption>();
  const reference = readMailbox(cursor);
  cursor.space('a mailbox pattern');
  const extendedPatterns = cursor.next === c.LPAREN;
  const patterns = extendedPatterns
    ? cursor.list('mailbox patterns', PATTERNS_MAX, () => readListMailbox(cursor))
    : [readListMailbox(cursor)];
  const extendedReturn = cursor.more();
  return {
    name: 'LIST',
    extended: extendedSelect || extendedPatterns || extendedReturn,
    select,
    reference,
    patterns,
    ...(extendedReturn ? readReturnOptions(cursor) : { returns: new Set<ListReturnOption>() }),
  };
}

/**
 * ```abnf
 * list-select-opts = "(" [*(list-select-opt SP) list-select-base-opt *(SP list-select-opt)] ")"
 * ```
 * RECURSIVEMATCH needs an option that selects (RFC 9051 §6.3.9.1); REMOTE is none.
 */
function readSelectOptions(cursor: Cursor): ReadonlySet<ListSelectOption> {
  const options = new Set(
    cursor.list('selection options', 16, () => readOption(cursor, SELECT_OPTIONS), true),
  );
  cursor.space('a reference name');
  const base = options.has('SUBSCRIBED') || options.has('SPECIAL-USE');
  if (options.has('RECURSIVEMATCH') && !base)
    cursor.reject('RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE');
  return options;
}

/**
 * ```abnf
 * return-option = "SUBSCRIBED" / "CHILDREN" / "SPECIAL-USE" / "MYRIGHTS" / "STATUS" SP "(" status-att … ")" / "METADATA" SP entries
 * ```
 * RFC 8440 §6 has MYRIGHTS.
 */
function readReturnOptions(cursor: Cursor): Pick<ListCommand, 'returns' | 'status' | 'metadata'> {
  if (!cursor.skipKeyword('RETURN')) return cursor.fail('RETURN');
  cursor.space('a list of return options');
  const returns = new Set<ListReturnOption>();
  let more: Pick<ListCommand, 'status' | 'metadata'> = {};
  const readOne = (): void => {
    if (cursor.skipKeyword('STATUS')) {
      cursor.space('a list of status items');
      more = { ...more, status: readStatusItems(cursor) };
    } else if (cursor.skipKeyword('METADATA')) {
      cursor.space('a list of entries');
      more = { ...more, metadata: readEntries(cursor) };
    } else returns.add(readOption(cursor, RETURN_OPTIONS));
  };
  cursor.list('return options', 16, readOne, true);
  return { returns, ...more };
}

function readOption<T extends string>(cursor: Cursor, known: readonly T[]): T {
  const start = cursor.pos;
  const name = cursor.keyword('an option');
  const option = known.find((candidate) => candidate === name);
  if (option !== undefined) return option;
  cursor.pos = start;
  return cursor.fail(`one of ${known.join(', ')}`);
}

/** `lsub = "LSUB" SP mailbox SP list-mailbox`. The cursor stands after "LSUB". */
export function readLsub(cursor: Cursor): LsubCommand {
  cursor.space('a reference name');
  const reference = readMailbox(cursor);
  cursor.space('a mailbox pattern');
  return { name: 'LSUB', reference, pattern: readListMailbox(cursor) };
}
