import { parseDate, readHeader } from '#content';
import { Flag, type FlagSet } from '#model';

/** Header bytes that are searched for dates and flags; what stands behind them is not looked at. */
const HEAD_BYTES_MAX = 256 * 1024;
const KEYWORDS_MAX = 50;

const LETTERS: Readonly<Record<string, FlagSet>> = {
  R: Flag.Seen,
  A: Flag.Answered,
  F: Flag.Flagged,
  D: Flag.Deleted,
  T: Flag.Draft,
};

/** X-Mozilla-Status is a hexadecimal mask. */
const MOZILLA: readonly (readonly [mask: number, flag: FlagSet])[] = [
  [0x0001, Flag.Seen],
  [0x0002, Flag.Answered],
  [0x0004, Flag.Flagged],
  [0x0008, Flag.Deleted],
];

/** What a header of an mbox message says about its flags: Status, X-Status, X-Mozilla-Status, X-Keywords. */
export function headerFlags(head: Uint8Array): {
  readonly flags: FlagSet;
  readonly keywords: readonly string[];
} {
  const bytes = head.subarray(0, HEAD_BYTES_MAX);
  let flags: FlagSet = 0;
  for (const name of ['status', 'x-status'])
    for (const letter of readHeader(bytes, name)[0]?.slice(0, 20) ?? '')
      flags |= LETTERS[letter] ?? 0;
  const mask = Number.parseInt(readHeader(bytes, 'x-mozilla-status')[0] ?? '0', 16);
  for (const [bit, flag] of MOZILLA) if ((mask & bit) !== 0) flags |= flag;
  const words = readHeader(bytes, 'x-keywords').flatMap((value) => value.split(/[\s,]+/));
  // flag-keyword = atom; RFC 9051 §9.
  const keywords = [...new Set(words)].filter((word) =>
    /^[\w$#&'+./:;<=>?@^`|~!-]{1,100}$/.test(word),
  );
  return { flags, keywords: keywords.slice(0, KEYWORDS_MAX) };
}

/** When a message was received as its header tells: the topmost Received field, else Date. Ms since 1970. */
export function headerDate(head: Uint8Array, sentAtMs: number | undefined): number | undefined {
  const received = readHeader(head.subarray(0, HEAD_BYTES_MAX), 'received')[0];
  const stamp = received?.slice(received.lastIndexOf(';') + 1);
  return (stamp === undefined ? undefined : parseDate(stamp)) ?? sentAtMs;
}

/** Whether this is the folder's own record that c-client programs keep in an mbox as if it were a message. */
export function isFolderRecord(head: Uint8Array): boolean {
  const bytes = head.subarray(0, HEAD_BYTES_MAX);
  return (
    readHeader(bytes, 'x-imap').length > 0 &&
    readHeader(bytes, 'subject')[0]?.startsWith("DON'T DELETE THIS MESSAGE") === true
  );
}
