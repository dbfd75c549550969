import { isIPv4, isIPv6 } from 'node:net';
import { parseDomain, type SmtpAddress } from '#model';
import { fault, type SmtpFault } from './fault.ts';

/** A path as parsed from a command line. */
export interface ParsedPath {
  readonly kind: 'path';
  /** undefined is the null path `<>`. */
  readonly address: SmtpAddress | undefined;
  /** The domain was left out: `<postmaster>` (RFC 5321 §4.1.1.3). */
  readonly bare: boolean;
  /** Whether it needs SMTPUTF8 (RFC 6531 §3.3). */
  readonly international: boolean;
  /** Where the path ends in the text. */
  readonly end: number;
}

const BAD_PATH = fault(501, '5.1.3', 'Bad address syntax; an address stands in angle brackets');
const BAD_DOMAIN = fault(501, '5.1.3', 'Bad domain in address');
const TOO_LONG = fault(501, '5.1.3', 'Address too long');

// RFC 5321 §4.5.3.1.3: 256 octets with the angle brackets and what is between them.
const PATH_BYTES_MAX = 256;
const LOCAL_PART_BYTES_MAX = 64;

// Path         = "<" [ A-d-l ":" ] Mailbox ">"                                   ; RFC 5321 §4.1.2
// A-d-l        = At-domain *( "," At-domain )
// Mailbox      = Local-part "@" ( Domain / address-literal )
// Local-part   = Dot-string / Quoted-string
// Quoted-string = DQUOTE *QcontentSMTP DQUOTE
// The dots of a Dot-string may stand anywhere: mobile carriers gave out addresses such as a..b@ and a.@, whose mail
// would be lost otherwise. Such a local part is written as a quoted string when it is sent on.
const SIMPLE = /<([\w.!#$%&'*+\-/=?^`{|}~]+)@([A-Za-z0-9_.-]+)>/y;
const ROUTE = '(?:@[^\\s:<>"@,]+(?:,@[^\\s:<>"@,]+)*:)?';
const LOCAL = "([\\w.!#$%&'*+\\-/=?^`{|}~\\u0080-\\u{10ffff}]+)";
const QUOTED = '"((?:[\\x20!\\x23-\\x5b\\x5d-\\x7e\\u0080-\\u{10ffff}]|\\\\[\\x20-\\x7e])*)"';
const DOMAIN = '(?:@(\\[[\\x21-\\x5a\\x5e-\\x7e]+\\]|[\\w.\\-\\u0080-\\u{10ffff}]+))?';
const FULL = new RegExp(`<${ROUTE}(?:${LOCAL}|${QUOTED})${DOMAIN}>`, 'uy');
const ASCII_DOMAIN =
  /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/**
 * Parses a path that opens at `at`. Source routes are accepted and ignored (RFC 5321 §3.6.1, appendix F.2).
 * The address comes as `SmtpAddress` wants it: quoted pairs undone, domain in lower case.
 */
export function parsePath(text: string, at: number): ParsedPath | SmtpFault {
  SIMPLE.lastIndex = at;
  const simple = SIMPLE.exec(text);
  if (simple !== null) return finish(text, simple[1]!, simple[2]!, at, SIMPLE.lastIndex);
  if (text.startsWith('<>', at))
    return { kind: 'path', address: undefined, bare: false, international: false, end: at + 2 };
  FULL.lastIndex = at;
  const full = FULL.exec(text);
  if (full === null) return BAD_PATH;
  const local = full[1] ?? full[2]!.replace(/\\(.)/g, '$1');
  return finish(text, local, full[3], at, FULL.lastIndex);
}

function finish(
  text: string,
  local: string,
  domainAsGiven: string | undefined,
  at: number,
  end: number,
): ParsedPath | SmtpFault {
  const international = !isAscii(text, at, end);
  if ((international ? Buffer.byteLength(text.slice(at, end)) : end - at) > PATH_BYTES_MAX)
    return TOO_LONG;
  if (domainAsGiven === undefined) {
    // Longer local parts of senders exist (SRS, VERP) and are taken; ours cannot be longer.
    if (local === '' || local.length > LOCAL_PART_BYTES_MAX) return BAD_PATH;
    return { kind: 'path', address: { local, domain: '' }, bare: true, international, end };
  }
  const domain = normalDomain(domainAsGiven);
  if (domain === undefined) return BAD_DOMAIN;
  return { kind: 'path', address: { local, domain }, bare: false, international, end };
}

/** A domain or address literal in lower case; undefined when it is neither. U-labels stay U-labels. */
function normalDomain(domain: string): string | undefined {
  const lower = domain.toLowerCase();
  if (lower.startsWith('[')) return isAddressLiteral(lower) ? lower : undefined;
  if (lower.length > 255) return undefined;
  if (ASCII_DOMAIN.test(lower)) return lower;
  if (lower.endsWith('.') || isAscii(lower, 0, lower.length)) return undefined;
  return parseDomain(lower) === undefined ? undefined : lower.normalize('NFC');
}

// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"
// IPv6-address-literal    = "IPv6:" IPv6-addr                                    ; RFC 5321 §4.1.3
// General-address-literal = Standardized-tag ":" 1*dcontent
/** Tells whether a text is an address literal with its brackets; the tag's letter case does not matter. */
export function isAddressLiteral(text: string): boolean {
  if (!text.startsWith('[') || !text.endsWith(']')) return false;
  const inner = text.slice(1, -1);
  if (isIPv4(inner)) return true;
  const colon = inner.indexOf(':');
  if (colon < 1) return false;
  const tag = inner.slice(0, colon).toLowerCase();
  if (tag === 'ipv6') return isIPv6(inner.slice(5)) && !inner.includes('%');
  return /^[a-z0-9-]*[a-z0-9]$/.test(tag) && /^[\x21-\x5a\x5e-\x7e]+$/.test(inner.slice(colon + 1));
}

/** Tells whether a piece of a string has ASCII only. */
export function isAscii(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (text.charCodeAt(i) > 126) return false;
  return true;
}
