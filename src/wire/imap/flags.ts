import * as c from './chars.ts';
import type { Cursor } from './parser.ts';

/** The flags a client may set that every mailbox knows (RFC 9051 §2.3.2). */
export type SystemFlag = '\\Answered' | '\\Flagged' | '\\Deleted' | '\\Seen' | '\\Draft';

/** A system flag in its canonical spelling, or a keyword as the client spelt it. */
export type FlagName = string;

export const SYSTEM_FLAGS: readonly SystemFlag[] = [
  '\\Answered',
  '\\Flagged',
  '\\Deleted',
  '\\Seen',
  '\\Draft',
];

const CANONICAL: ReadonlyMap<string, SystemFlag> = new Map(
  SYSTEM_FLAGS.map((flag) => [flag.toUpperCase(), flag]),
);
const FLAGS_MAX = 256;

/** The canonical spelling of a system flag; undefined for any other. */
export function systemFlag(name: string): SystemFlag | undefined {
  return CANONICAL.get(name.toUpperCase());
}

/** Whether a name can be a keyword: an atom, so it starts with no backslash. */
export function isKeyword(name: string): boolean {
  return c.consistsOf(name, c.ATOM);
}

/**
 * A flag a client may set. `\Recent` and unknown flags with a backslash are refused.
 *
 * ```abnf
 * flag         = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword
 * flag-keyword = "$MDNSent" / "$Forwarded" / "$Junk" / "$NotJunk" / "$Phishing" / atom
 * ```
 */
export function readFlag(cursor: Cursor): FlagName {
  if (!cursor.skip(c.BACKSLASH)) return cursor.atom('a flag');
  const name = `\\${cursor.atom('the name of a system flag')}`;
  return (
    CANONICAL.get(name.toUpperCase()) ??
    cursor.reject(`${name} is not a flag that can be set; there are ${SYSTEM_FLAGS.join(' ')}`)
  );
}

/** `flag-list = "(" [flag *(SP flag)] ")"`, without doubles. */
export function readFlagList(cursor: Cursor): readonly FlagName[] {
  return withoutDoubles(cursor.list('flags', FLAGS_MAX, () => readFlag(cursor), true));
}

/** STORE's short form `flag *(SP flag)`, without doubles. */
export function readBareFlags(cursor: Cursor): readonly FlagName[] {
  const flags = [readFlag(cursor)];
  while (cursor.more()) {
    if (flags.length === FLAGS_MAX) cursor.reject(`more than ${FLAGS_MAX} flags`);
    flags.push(readFlag(cursor));
  }
  return withoutDoubles(flags);
}

/** Keywords that differ in case only are one (RFC 9051 §2.3.2): the first spelling stays. */
function withoutDoubles(flags: readonly FlagName[]): readonly FlagName[] {
  if (flags.length < 2) return flags;
  const seen = new Set<string>();
  return flags.filter((flag) => {
    const name = flag.toUpperCase();
    return !seen.has(name) && seen.add(name);
  });
}
