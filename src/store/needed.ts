import type { FlagMask, Right } from '#model';
import type { StoreFlags } from '#storage';

/** Which rights a write needs (RFC 4314 §4). */
export const NEEDED = {
  copy: ['r'],
  /** RFC 6851 §3.3 counts MOVE as COPY, STORE of \Deleted and EXPUNGE. */
  move: ['r', 't', 'e'],
  expunge: ['e'],
  /** Whether or not it is marked as deleted. */
  remove: ['t', 'e'],
} as const satisfies Readonly<Record<string, readonly Right[]>>;

/** Whether a change of flags may do any of what it is for: only then it is done (RFC 4314 §4, STORE). */
export function touches(
  { operation, flags, keywords }: Pick<StoreFlags, 'operation' | 'flags' | 'keywords'>,
  may: FlagMask,
): boolean {
  if (operation === 'replace') return may.flags !== 0;
  if (flags === 0 && keywords.length === 0) return true;
  return (flags & may.flags) !== 0 || (may.keywords && keywords.length > 0);
}
