import type { SmtpAddress } from '#model';
import { fault, isFault, type SmtpFault } from './fault.ts';
import {
  type MailParameters,
  parseMailParameters,
  parseRcptParameters,
  type RcptParameters,
} from './parameters.ts';
import { isAddressLiteral, isAscii, parsePath } from './path.ts';

/** A command line, split: the verb in capitals, and what follows it without surrounding spaces. */
export interface CommandLine {
  readonly kind: 'line';
  readonly verb: string;
  readonly rest: string;
}

export interface MailCommand extends MailParameters {
  readonly kind: 'mail';
  /** The reverse path; undefined is `<>`. */
  readonly from: SmtpAddress | undefined;
}

export interface RcptCommand extends RcptParameters {
  readonly kind: 'rcpt';
  readonly to: SmtpAddress;
  /** `<postmaster>` without a domain (RFC 5321 §4.5.1); `to.domain` is empty then. */
  readonly bare: boolean;
  readonly international: boolean;
}

export interface BdatCommand {
  readonly kind: 'bdat';
  readonly sizeBytes: number;
  readonly last: boolean;
}

export interface AuthCommand {
  readonly kind: 'auth';
  /** In capitals. */
  readonly mechanism: string;
  /** As sent: base 64, or "=" for an empty response (RFC 4954 §4). */
  readonly initialResponse: string | undefined;
}

const CONTROL = fault(500, '5.5.2', 'Control characters in a command');
const NOT_UTF8 = fault(500, '5.5.2', 'Command is not UTF-8');
const BAD_VERB = fault(500, '5.5.2', 'Syntax error, command unrecognized');
const MAIL_SYNTAX = fault(501, '5.5.4', 'Syntax: MAIL FROM:<address> [parameters]');
const RCPT_SYNTAX = fault(501, '5.5.4', 'Syntax: RCPT TO:<address> [parameters]');
const BAD_SENDER = fault(501, '5.1.7', "Bad sender's address syntax");
const BARE_RECIPIENT = fault(501, '5.1.3', 'The address needs a domain');
const NULL_RECIPIENT = fault(501, '5.1.3', 'A recipient is needed');
// RFC 6531 §3.5: 553 5.6.7 when a non-ASCII address comes without SMTPUTF8.
const NEEDS_SMTPUTF8 = fault(553, '5.6.7', 'Non-ASCII address needs the SMTPUTF8 parameter');
const BDAT_SYNTAX = fault(501, '5.5.4', 'Syntax: BDAT size [LAST]');
const AUTH_SYNTAX = fault(501, '5.5.4', 'Syntax: AUTH mechanism [initial-response]');
const HELLO_SYNTAX = fault(501, '5.5.4', 'Syntax: EHLO hostname');

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const VERB = /^[A-Za-z][A-Za-z0-9-]*$/;

/**
 * Splits a command line (without its line end) at the verb. Bytes beyond ASCII must be UTF-8 (RFC 6531 §3.3);
 * the text that comes out is Unicode.
 */
export function parseCommandLine(line: Buffer): CommandLine | SmtpFault {
  let text = line.toString('latin1');
  if (/[\x80-\xff]/.test(text)) {
    try {
      text = utf8.decode(line);
    } catch {
      return NOT_UTF8;
    }
  }
  if (/[\x00-\x1f\x7f]/.test(text)) return CONTROL;
  const space = text.indexOf(' ');
  const verb = space < 0 ? text : text.slice(0, space);
  if (!VERB.test(verb)) return BAD_VERB;
  return {
    kind: 'line',
    verb: verb.toUpperCase(),
    rest: space < 0 ? '' : text.slice(space + 1).trim(),
  };
}

// mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF                     ; RFC 5321 §4.1.1.2
// Spaces after the colon are not allowed by the grammar, but sent by many and understood by all.
const FROM = /FROM: */iy;

/** Parses what follows MAIL. */
export function parseMail(rest: string): MailCommand | SmtpFault {
  FROM.lastIndex = 0;
  if (!FROM.test(rest)) return MAIL_SYNTAX;
  const path = parsePath(rest, FROM.lastIndex);
  if (isFault(path) || path.bare) return BAD_SENDER;
  const parameters = parseMailParameters(rest, path.end);
  if (isFault(parameters)) return parameters;
  if (path.international && !parameters.smtpUtf8) return NEEDS_SMTPUTF8;
  return { kind: 'mail', from: path.address, ...parameters };
}

// rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
// RFC 5321 §4.1.1.3
const TO = /TO: */iy;

/** Parses what follows RCPT. Whether a non-ASCII address may come is the transaction's affair. */
export function parseRcpt(rest: string): RcptCommand | SmtpFault {
  TO.lastIndex = 0;
  if (!TO.test(rest)) return RCPT_SYNTAX;
  const path = parsePath(rest, TO.lastIndex);
  if (isFault(path)) return path;
  if (path.address === undefined) return NULL_RECIPIENT;
  if (path.bare && path.address.local.toLowerCase() !== 'postmaster') return BARE_RECIPIENT;
  const parameters = parseRcptParameters(rest, path.end);
  if (isFault(parameters)) return parameters;
  const { address: to, bare, international } = path;
  return { kind: 'rcpt', to, bare, international, ...parameters };
}

/** The fault of a non-ASCII address where the transaction has no SMTPUTF8. */
export const INTERNATIONAL_ADDRESS: SmtpFault = NEEDS_SMTPUTF8;

// bdat-cmd   = "BDAT" SP chunk-size [ SP end-marker ] CR LF                      ; RFC 3030 §2
// chunk-size = 1*20DIGIT
// end-marker = "LAST"
/** Parses what follows BDAT. */
export function parseBdat(rest: string): BdatCommand | SmtpFault {
  const match = /^([0-9]{1,20})( +LAST)?$/i.exec(rest);
  if (match === null) return BDAT_SYNTAX;
  return { kind: 'bdat', sizeBytes: Number(match[1]), last: match[2] !== undefined };
}

// auth-command = "AUTH" SP sasl-mech [SP (base64 / "=")]                         ; RFC 4954 §4, §8
/** Parses what follows AUTH; the base 64 is not decoded yet. */
export function parseAuth(rest: string): AuthCommand | SmtpFault {
  const match = /^([A-Za-z0-9_-]{1,20})(?: +([A-Za-z0-9+/=]+))?$/.exec(rest);
  if (match === null) return AUTH_SYNTAX;
  return { kind: 'auth', mechanism: match[1]!.toUpperCase(), initialResponse: match[2] };
}

// base64 = 1*(4base64-char) with padding, or "=" for nothing                     ; RFC 4954 §8
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Decodes a SASL response; undefined when it is no base 64. */
export function decodeSaslResponse(text: string): Buffer | undefined {
  if (text === '=') return Buffer.alloc(0);
  return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
}

// ehlo = "EHLO" SP ( Domain / address-literal ) CRLF                             ; RFC 5321 §4.1.1.1
// Underscores, plain IPv6 addresses and the like are let pass: RFC 5321 §4.1.4 forbids refusing mail for a name that
// does not verify. What could not stand in a trace header is refused.
/** Parses the name that HELO or EHLO gives. */
export function parseHello(
  rest: string,
): { readonly kind: 'hello'; readonly name: string } | SmtpFault {
  if (rest.length > 255 || !isAscii(rest, 0, rest.length)) return HELLO_SYNTAX;
  if (!/^[A-Za-z0-9._:-]+$/.test(rest) && !isAddressLiteral(rest)) return HELLO_SYNTAX;
  return { kind: 'hello', name: rest };
}
