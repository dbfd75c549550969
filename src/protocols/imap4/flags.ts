import { Flag, type FlagMask, type FlagSet } from '#model';
import { type FlagName, type SystemFlag, systemFlag } from '#wire';

const BITS: readonly (readonly [SystemFlag, Flag])[] = [
  ['\\Answered', Flag.Answered],
  ['\\Flagged', Flag.Flagged],
  ['\\Deleted', Flag.Deleted],
  ['\\Seen', Flag.Seen],
  ['\\Draft', Flag.Draft],
];
const BIT_OF: ReadonlyMap<string, Flag> = new Map(BITS);

/** The names of each combination of system flags. */
const NAMES: readonly string[] = Array.from({ length: 32 }, (_, set) =>
  BITS.filter(([, bit]) => (set & bit) !== 0)
    .map(([name]) => name)
    .join(' '),
);

/** The names of the flags that may be changed for good (RFC 9051 §7.1, PERMANENTFLAGS), and whether there may be new ones. */
export function permanentFlags(
  { flags, keywords: may }: FlagMask,
  keywords: readonly string[],
): readonly [names: readonly FlagName[], mayCreate: boolean] {
  const names = BITS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  return [may ? [...names, ...keywords] : names, may];
}

/** Flags as the client names them, told apart into system flags and keywords. */
export function splitFlags(names: readonly FlagName[]): {
  readonly flags: FlagSet;
  readonly keywords: readonly string[];
} {
  let flags = 0;
  const keywords: string[] = [];
  for (const name of names) {
    const bit = BIT_OF.get(systemFlag(name) ?? '');
    if (bit === undefined) keywords.push(name);
    else flags |= bit;
  }
  return { flags, keywords };
}

/** The flags of an entry as they stand in the parentheses after FLAGS. */
export function encodeEntryFlags(
  entry: { readonly flags: FlagSet; readonly keywords: string },
  recent: boolean,
): string {
  let wire = NAMES[entry.flags & 31]!;
  if (recent) wire += wire === '' ? '\\Recent' : ' \\Recent';
  if (entry.keywords !== '') wire += wire === '' ? entry.keywords : ` ${entry.keywords}`;
  return wire;
}
