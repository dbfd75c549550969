/** Trace header fields. RFC 5321 §4.4. */
import { encodeWire } from './charset.ts';
import { formatDate } from './date.ts';

/** What a Received field tells. Strings are Unicode; what does not fit the syntax is made to. */
export interface ReceivedTrace {
  /** What the client called itself in HELO or EHLO. */
  readonly fromHelo: string;
  /** The client's IP address, without brackets; undefined for mail that came in without a connection. */
  readonly fromAddress: string | undefined;
  /** Name found for the address in the DNS, if looked up. */
  readonly fromHost?: string | undefined;
  readonly byHost: string;
  /** Protocol of the registry: SMTP, ESMTP, ESMTPS, ESMTPSA, UTF8SMTP…, LMTP (RFC 3848, RFC 6531 §4.3). */
  readonly protocol: string;
  readonly tls?: { readonly version: string; readonly cipher: string } | undefined;
  readonly id: string;
  /** The one recipient; left out when there are several (RFC 5321 §7.2: it would disclose blind ones). */
  readonly forAddress?: string | undefined;
  readonly dateMs: number;
  readonly offsetMinutes?: number | undefined;
}

/** Characters a domain, an atom or an id may have here; everything else becomes `?`. */
function plain(text: string, charsMax = 255): string {
  const clean = text.slice(0, charsMax).replace(/[^A-Za-z0-9._:[\]\-\u0080-\u{10ffff}]/gu, '?');
  return clean === '' ? 'unknown' : clean;
}

/** A path as it stands between angle brackets: no control characters, no brackets that would end it, no line ends. */
function pathText(address: string): string {
  return address.replace(/[\x00-\x1f\x7f<>]/g, '?');
}

/** address-literal: IPv6 needs its tag. RFC 5321 §4.1.3. */
function addressLiteral(address: string): string {
  return address.includes(':') ? `[IPv6:${plain(address)}]` : `[${plain(address)}]`;
}

/**
 * Time-stamp-line = "Received:" FWS Stamp <CRLF> ;  Stamp = From-domain By-domain Opt-info [CFWS] ";" FWS date-time
 * From-domain = "FROM" FWS Extended-Domain ;  Extended-Domain = Domain / ( Domain FWS "(" TCP-info ")" )
 * Opt-info = [Via] [With] [ID] [For] [Additional-Registered-Clauses]   (RFC 5321 §4.4; the tls clause: RFC 8314 §4.3)
 * @returns the folded field with its final CRLF, a wire string
 */
export function receivedField(trace: ReceivedTrace): string {
  const host = trace.fromHost === undefined ? '' : `${plain(trace.fromHost)} `;
  const info =
    trace.fromAddress === undefined ? '' : ` (${host}${addressLiteral(trace.fromAddress)})`;
  const lines = [
    `Received: from ${plain(trace.fromHelo)}${info}`,
    `by ${plain(trace.byHost)} with ${plain(trace.protocol)} id ${plain(trace.id)}`,
  ];
  if (trace.forAddress !== undefined) lines.push(`for <${pathText(trace.forAddress)}>`);
  if (trace.tls !== undefined)
    lines.push(`tls ${plain(trace.tls.cipher)} (${plain(trace.tls.version)})`);
  const date = formatDate(trace.dateMs, trace.offsetMinutes ?? 0);
  return encodeWire(`${lines.join('\r\n\t')};\r\n\t${date}\r\n`);
}

/**
 * Return-path-line = "Return-Path:" FWS Reverse-path <CRLF>   (RFC 5321 §4.4)
 * @param path the address of MAIL FROM, without brackets; empty for the null path
 */
export function returnPathField(path: string): string {
  return encodeWire(`Return-Path: <${pathText(path)}>\r\n`);
}
