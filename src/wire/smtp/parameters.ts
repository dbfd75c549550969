import type { DsnNotify, Envelope, SmtpAddress } from '#model';
import { fault, isFault, type SmtpFault } from './fault.ts';
import { isAscii, parsePath } from './path.ts';
import { decodeUtf8Address, decodeXtext } from './xtext.ts';

/** The parameters of MAIL; what was not given has its default. */
export interface MailParameters {
  /** SIZE (RFC 1870 §5), as declared. */
  readonly sizeBytes: number | undefined;
  /** BODY (RFC 6152 §2, RFC 3030 §3). */
  readonly body: Envelope['body'];
  readonly smtpUtf8: boolean;
  /** RET (RFC 3461 §4.3). */
  readonly dsnReturn: Envelope['dsnReturn'];
  /** ENVID (RFC 3461 §4.4), decoded: printable ASCII. */
  readonly dsnEnvelopeId: string | undefined;
  /** AUTH (RFC 4954 §5): who submitted the message first; `unknown` is `AUTH=<>`. */
  readonly submitter: SmtpAddress | 'unknown' | undefined;
}

/** The parameters of RCPT. */
export interface RcptParameters {
  /** NOTIFY (RFC 3461 §4.1). */
  readonly notify: DsnNotify | undefined;
  /** ORCPT (RFC 3461 §4.2, RFC 6533 §3): `type;address`, decoded. */
  readonly originalRecipient: string | undefined;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type Setter<T> = (into: Writable<T>, value: string | undefined) => SmtpFault | undefined;

const NO_MAIL_PARAMETERS: MailParameters = {
  sizeBytes: undefined,
  body: '7BIT',
  smtpUtf8: false,
  dsnReturn: undefined,
  dsnEnvelopeId: undefined,
  submitter: undefined,
};
const NO_RCPT_PARAMETERS: RcptParameters = { notify: undefined, originalRecipient: undefined };

// RFC 5321 §4.1.1.11: 555 for parameters that are not recognized; RFC 3463 §3.6: X.5.4 invalid command arguments.
const UNKNOWN = fault(555, '5.5.4', 'Parameter not recognized');
const TWICE = fault(501, '5.5.4', 'Parameter given twice');
const MALFORMED = fault(501, '5.5.4', 'Bad parameter syntax');
const BAD_SIZE = fault(501, '5.5.4', 'SIZE must be a number of bytes');
const BAD_BODY = fault(501, '5.5.4', 'BODY must be 7BIT, 8BITMIME or BINARYMIME');
const BAD_UTF8 = fault(501, '5.5.4', 'SMTPUTF8 takes no value');
const BAD_RET = fault(501, '5.5.4', 'RET must be FULL or HDRS');
const BAD_ENVID = fault(501, '5.5.4', 'ENVID must be xtext of printable characters, at most 100');
const BAD_AUTH = fault(501, '5.5.4', 'AUTH must be a mailbox in xtext or <>');
const BAD_NOTIFY = fault(501, '5.5.4', 'NOTIFY must be NEVER, or some of SUCCESS,FAILURE,DELAY');
const BAD_ORCPT = fault(501, '5.5.4', 'ORCPT must be an address type, ";" and xtext, at most 500');

const MAIL: ReadonlyMap<string, Setter<MailParameters>> = new Map<string, Setter<MailParameters>>([
  ['SIZE', setSize],
  ['BODY', setBody],
  ['SMTPUTF8', setSmtpUtf8],
  ['RET', setReturn],
  ['ENVID', setEnvelopeId],
  ['AUTH', setSubmitter],
]);

const RCPT: ReadonlyMap<string, Setter<RcptParameters>> = new Map<string, Setter<RcptParameters>>([
  ['NOTIFY', setNotify],
  ['ORCPT', setOriginalRecipient],
]);

/** Parses what follows the path of MAIL, from `at` to the end. */
export function parseMailParameters(text: string, at: number): MailParameters | SmtpFault {
  return parseParameters(text, at, MAIL, NO_MAIL_PARAMETERS);
}

/** Parses what follows the path of RCPT, from `at` to the end. */
export function parseRcptParameters(text: string, at: number): RcptParameters | SmtpFault {
  return parseParameters(text, at, RCPT, NO_RCPT_PARAMETERS);
}

// Mail-parameters = esmtp-param *(SP esmtp-param)                                ; RFC 5321 §4.1.2
// esmtp-param     = esmtp-keyword ["=" esmtp-value]
// esmtp-keyword   = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
// esmtp-value     = 1*(%d33-60 / %d62-126 / UTF8-non-ascii)                      ; RFC 6531 §3.3
// A value may hold "=" too: base 64 and AUTH=<a=b@c> come with it, and nothing becomes ambiguous.
const PARAMETER = / +([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20\x7f]+))?/y;

function parseParameters<T extends object>(
  text: string,
  at: number,
  known: ReadonlyMap<string, Setter<T>>,
  defaults: T,
): T | SmtpFault {
  if (at === text.length) return defaults;
  const values: Writable<T> = { ...defaults };
  const seen = new Set<string>();
  while (at < text.length) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(text);
    // RFC 5321 §4.1.1: trailing white space is tolerated.
    if (match === null) return text.slice(at).trim() === '' ? values : MALFORMED;
    at = PARAMETER.lastIndex;
    const keyword = match[1]!.toUpperCase();
    const set = known.get(keyword);
    if (set === undefined) return UNKNOWN;
    if (seen.has(keyword)) return TWICE;
    seen.add(keyword);
    const wrong = set(values, match[2]);
    if (wrong !== undefined) return wrong;
  }
  return values;
}

// size-value = 1*20DIGIT                                                         ; RFC 1870 §3
function setSize(into: Writable<MailParameters>, value = ''): SmtpFault | undefined {
  if (!/^[0-9]{1,20}$/.test(value)) return BAD_SIZE;
  into.sizeBytes = Number(value);
  return undefined;
}

function setBody(into: Writable<MailParameters>, value = ''): SmtpFault | undefined {
  const body = value.toUpperCase();
  if (body !== '7BIT' && body !== '8BITMIME' && body !== 'BINARYMIME') return BAD_BODY;
  into.body = body;
  return undefined;
}

function setSmtpUtf8(
  into: Writable<MailParameters>,
  value: string | undefined,
): SmtpFault | undefined {
  if (value !== undefined) return BAD_UTF8;
  into.smtpUtf8 = true;
  return undefined;
}

function setReturn(into: Writable<MailParameters>, value = ''): SmtpFault | undefined {
  const ret = value.toUpperCase();
  if (ret !== 'FULL' && ret !== 'HDRS') return BAD_RET;
  into.dsnReturn = ret;
  return undefined;
}

// RFC 3461 §4.4: at most 100 characters, whose decoded form is printable US-ASCII.
function setEnvelopeId(into: Writable<MailParameters>, value = ''): SmtpFault | undefined {
  const id = value.length > 100 ? undefined : decodeXtext(value);
  if (id === undefined || !/^[\x20-\x7e]+$/.test(id)) return BAD_ENVID;
  into.dsnEnvelopeId = id;
  return undefined;
}

// RFC 4954 §5:  AUTH=mailbox or AUTH=<>, as xtext
function setSubmitter(into: Writable<MailParameters>, value = ''): SmtpFault | undefined {
  if (value.length > 500) return BAD_AUTH;
  const mailbox = isAscii(value, 0, value.length) ? decodeXtext(value) : value;
  if (mailbox === undefined) return BAD_AUTH;
  if (mailbox === '<>') {
    into.submitter = 'unknown';
    return undefined;
  }
  const text = `<${mailbox}>`;
  const path = parsePath(text, 0);
  if (isFault(path) || path.bare || path.end !== text.length) return BAD_AUTH;
  into.submitter = path.address ?? 'unknown';
  return undefined;
}

// notify-esmtp-value = "NEVER" / 1#( "SUCCESS" / "FAILURE" / "DELAY" )           ; RFC 3461 §4.1
function setNotify(into: Writable<RcptParameters>, value = ''): SmtpFault | undefined {
  const words = value.toUpperCase().split(',');
  const possible = words.every(
    (word) => word === 'SUCCESS' || word === 'FAILURE' || word === 'DELAY',
  );
  const never = words.length === 1 && words[0] === 'NEVER';
  if (!possible && !never) return BAD_NOTIFY;
  into.notify = {
    never,
    success: words.includes('SUCCESS'),
    failure: words.includes('FAILURE'),
    delay: words.includes('DELAY'),
  };
  return undefined;
}

// original-recipient-address = addr-type ";" xtext                               ; RFC 3461 §4.2
function setOriginalRecipient(into: Writable<RcptParameters>, value = ''): SmtpFault | undefined {
  const match = /^([A-Za-z0-9-]{1,40});(.+)$/.exec(value);
  if (match === null || value.length > 500) return BAD_ORCPT;
  const type = match[1]!.toLowerCase();
  const address = type === 'utf-8' ? decodeUtf8Address(match[2]!) : decodeXtext(match[2]!);
  // Neither line ends nor other controls: the value is shown in reports.
  if (address === undefined || /[\x00-\x1f\x7f-\x9f]/.test(address)) return BAD_ORCPT;
  into.originalRecipient = `${type};${address}`;
  return undefined;
}
