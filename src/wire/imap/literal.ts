import { CR, DIGIT, isOf, LBRACE, PLUS, RBRACE, TILDE } from './chars.ts';

/** What `{n}`, `{n+}` or `~{n}` at the end of a line announces. */
export interface LiteralAnnouncement {
  /** The literal's length in bytes; Infinity for a number beyond 2^53-1, which nobody can send. */
  readonly size: number;
  /** The sender waits for a go-ahead before it sends the bytes. */
  readonly synchronizing: boolean;
  /** literal8: the bytes may contain NUL (RFC 3516 §4.4). */
  readonly binary: boolean;
}

/** The most bytes an announcement with a usable size takes, its line end included. */
export const ANNOUNCEMENT_BYTES_MAX = 32;

/**
 * Reads the announcement that ends a line, if one does. Sizes with leading zeros past
 * `ANNOUNCEMENT_BYTES_MAX` are not announcements.
 *
 * ```abnf
 * literal  = "{" number64 ["+"] "}" CRLF *CHAR8
 * literal8 = "~{" number64 ["+"] "}" CRLF *OCTET
 * ```
 * RFC 9051 §4.3, RFC 7888 §8, RFC 3516 §7.
 *
 * @param bytes where the line is
 * @param from offset of the line's first byte
 * @param to offset after the line's last byte, line end not included
 */
export function announcementAt(
  bytes: Buffer,
  from: number,
  to: number,
): LiteralAnnouncement | undefined {
  if (to - from < 3 || bytes[to - 1] !== RBRACE) return undefined;
  let at = to - 2;
  const synchronizing = bytes[at] !== PLUS;
  if (!synchronizing) at--;
  const lastDigit = at;
  const lowest = Math.max(from, to - ANNOUNCEMENT_BYTES_MAX + 4);
  while (at >= lowest && isOf(bytes[at]!, DIGIT)) at--;
  if (at === lastDigit || at < from || bytes[at] !== LBRACE) return undefined;
  const size = Number(bytes.toString('latin1', at + 1, lastDigit + 1));
  return {
    size: Number.isSafeInteger(size) ? size : Number.POSITIVE_INFINITY,
    synchronizing,
    binary: at > from && bytes[at - 1] === TILDE,
  };
}

/** The offset of a line's end without its CR, given the offset of its LF. */
export function trimCr(bytes: Buffer, from: number, lf: number): number {
  return lf > from && bytes[lf - 1] === CR ? lf - 1 : lf;
}
