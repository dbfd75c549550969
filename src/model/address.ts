import { domainToASCII } from 'node:url';

/** An SMTP mailbox name as written: the local part's letter case is kept, the domain is lower case. */
export interface SmtpAddress {
  readonly local: string;
  readonly domain: string;
}

/** `local@domain`, with the local part as it was given (quoted where RFC 5321 §4.1.2 needs it). */
export function formatAddress(address: SmtpAddress): string {
  return `${quoteLocal(address.local)}@${address.domain}`;
}

/** The form under which the directory knows an address: local part in lower case and NFC, domain as A-labels. */
export function addressKey(address: SmtpAddress): string {
  return `${address.local.normalize('NFC').toLowerCase()}@${domainKey(address.domain)}`;
}

/** A domain in lower case with A-labels (RFC 5890), without a trailing dot; '' when it is none. */
export function domainKey(domain: string): string {
  if (domain.startsWith('[')) return domain.toLowerCase();
  const ascii = domainToASCII(domain.endsWith('.') ? domain.slice(0, -1) : domain);
  return ascii.toLowerCase();
}

const DOMAIN =
  /^(?=.{1,253}$)(?!.*\.\.)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Reads a domain as an administrator or user types it; undefined when it cannot be one. */
export function parseDomain(text: string): string | undefined {
  const key = domainKey(text.trim());
  return DOMAIN.test(key) ? key : undefined;
}

// RFC 6531 §3.3 widens atext to all of UTF-8.
const DOT_STRING =
  /^[\w!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+(?:\.[\w!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+)*$/u;

/** Reads `local@domain` as an administrator or user types it; undefined when it cannot be one. */
export function parseAddress(text: string): SmtpAddress | undefined {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf('@');
  if (at < 1 || at > 64 * 4) return undefined;
  const local = trimmed.slice(0, at);
  const domain = parseDomain(trimmed.slice(at + 1));
  if (domain === undefined || !DOT_STRING.test(local)) return undefined;
  // RFC 5321 §4.5.3.1.1: a local part has at most 64 octets.
  if (Buffer.byteLength(local) > 64) return undefined;
  return { local, domain };
}

function quoteLocal(local: string): string {
  if (local === '' || !DOT_STRING.test(local)) return `"${local.replace(/["\\]/g, '\\$&')}"`;
  return local;
}
