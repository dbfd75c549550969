/**
 * Writing a server's responses, whole lines with their CRLF, as wire strings. FETCH responses are put
 * together by whoever has the messages, from the pieces in encode.ts.
 */
import type { ModSeq, SeqNum, Uid } from '#model';
import { encodeFlags, encodeMailbox, encodeQuoted, encodeString, wireOf } from './encode.ts';
import type { FlagName } from './flags.ts';
import { formatNumbers, formatRanges, type Ranges } from './number-set.ts';
import type { StatusItem } from './status.ts';

/** The condition of a status response (RFC 9051 §7.1). */
export type Condition = 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH';

/** What stands in a status response's brackets, without them. */
export type ResponseCode = string;

/**
 * `tag OK [CODE] text`. CR, LF and NUL in the text become spaces, an empty text becomes the condition.
 *
 * @param tag "*" for an untagged one
 * @param text not a wire string
 */
export function encodeStatus(
  tag: string,
  condition: Condition,
  text: string,
  code?: ResponseCode,
): string {
  const said = wireOf(text.replace(/[\r\n\0]+/g, ' ')) || condition;
  return `${tag} ${condition} ${code === undefined ? '' : `[${code}] `}${said}\r\n`;
}

/** `+ text`: go on with a literal, IDLE, or with base64 in AUTHENTICATE. */
export function encodeContinuation(text: string): string {
  return `+ ${text}\r\n`;
}

/** Response codes that have arguments. Those without are their names: TRYCREATE, READ-ONLY … */
export const responseCode = {
  /** RFC 9051 §7.1: `[APPENDUID uidvalidity uids]`. */
  appendUid: (uidValidity: number, uids: ArrayLike<Uid>): ResponseCode =>
    `APPENDUID ${uidValidity} ${formatNumbers(uids)}`,
  /**
   * RFC 9051 §7.1: `[COPYUID uidvalidity from to]`, the nth of `from` became the nth of `to`; both
   * ascending and not empty.
   */
  copyUid: (uidValidity: number, from: ArrayLike<Uid>, to: ArrayLike<Uid>): ResponseCode =>
    `COPYUID ${uidValidity} ${formatNumbers(from)} ${formatNumbers(to)}`,
  uidValidity: (uidValidity: number): ResponseCode => `UIDVALIDITY ${uidValidity}`,
  uidNext: (uid: Uid): ResponseCode => `UIDNEXT ${uid}`,
  /** IMAP4rev1 only (RFC 3501 §7.1). */
  unseen: (first: SeqNum): ResponseCode => `UNSEEN ${first}`,
  highestModSeq: (modSeq: ModSeq): ResponseCode => `HIGHESTMODSEQ ${modSeq}`,
  /** RFC 7162 §3.1.3: messages that STORE UNCHANGEDSINCE left alone. */
  modified: (numbers: ArrayLike<Uid> | ArrayLike<SeqNum>): ResponseCode =>
    `MODIFIED ${formatNumbers(numbers)}`,
  /** @param keywords whether a client may make new keywords, told as `\*` */
  permanentFlags: (flags: readonly FlagName[], keywords: boolean): ResponseCode =>
    `PERMANENTFLAGS ${encodeFlags(keywords ? [...flags, '\\*'] : flags)}`,
  /** RFC 4469 §4.1: a URL that leads to nothing; it stands bare, so what would end the brackets is replaced. */
  badUrl: (url: string): ResponseCode =>
    `BADURL ${url.slice(0, 500).replace(/[^\x21-\x5b\x5e-\x7e]/g, '?')}`,
  /** RFC 9738 §3.1: so many messages at most; `lowest` is the last one done, from the highest uid down. */
  messageLimit: (limit: number, lowest?: Uid): ResponseCode =>
    `MESSAGELIMIT ${limit}${lowest === undefined ? '' : ` ${lowest}`}`,
  capability: (capabilities: readonly string[]): ResponseCode =>
    `CAPABILITY ${capabilities.join(' ')}`,
  /** RFC 8474 §4.1. */
  mailboxId: (id: string): ResponseCode => `MAILBOXID (${id})`,
  /** RFC 3501 §7.1: charsets that SEARCH takes. */
  badCharset: (charsets: readonly string[]): ResponseCode => `BADCHARSET (${charsets.join(' ')})`,
  /**
   * RFC 9585 §4: how far a command has come, and how far it has to go; undefined where nobody knows.
   *
   * @param tag of that command
   */
  inProgress: (tag: string, done: number | undefined, goal: number | undefined): ResponseCode =>
    `INPROGRESS (${encodeQuoted(tag)} ${done ?? 'NIL'} ${goal ?? 'NIL'})`,
  /** RFC 5464 §4.2.1: the size of the largest value that MAXSIZE kept back. */
  longEntries: (sizeBytes: number): ResponseCode => `METADATA LONGENTRIES ${sizeBytes}`,
  /** RFC 5464 §4.3: how large a value may be at most. */
  metadataMaxSize: (sizeBytes: number): ResponseCode => `METADATA MAXSIZE ${sizeBytes}`,
  /** RFC 5464 §4.3: there are as many annotations as there may be. */
  metadataTooMany: (): ResponseCode => 'METADATA TOOMANY',
  /** RFC 5465 §3.1: all events that there are. */
  badEvent: (events: readonly string[]): ResponseCode => `BADEVENT (${events.join(' ')})`,
  /** RFC 5465 §5.8: from now on nothing is told. */
  notificationOverflow: (): ResponseCode => 'NOTIFICATIONOVERFLOW',
  /** RFC 5267 §4.3.1: the updates that the command of this tag asked for are refused. */
  noUpdate: (tag: string): ResponseCode => `NOUPDATE ${encodeQuoted(tag)}`,
} as const;

export function encodeCapability(capabilities: readonly string[]): string {
  return `* CAPABILITY ${capabilities.join(' ')}\r\n`;
}

/** `* ENABLED …`, also when nothing was enabled (RFC 9051 §7.2.1). */
export function encodeEnabled(capabilities: readonly string[]): string {
  return `${['* ENABLED', ...capabilities].join(' ')}\r\n`;
}

/** `* 23 EXISTS`, `* 3 EXPUNGE`, `* 1 RECENT`. */
export function encodeCount(count: number, name: 'EXISTS' | 'EXPUNGE' | 'RECENT'): string {
  return `* ${count} ${name}\r\n`;
}

export function encodeFlagsResponse(flags: readonly FlagName[]): string {
  return `* FLAGS ${encodeFlags(flags)}\r\n`;
}

/** `* VANISHED [(EARLIER)] uids` (RFC 7162 §3.2.10). */
export function encodeVanished(uids: Ranges<Uid>, earlier: boolean): string {
  return `* VANISHED ${earlier ? '(EARLIER) ' : ''}${formatRanges(uids)}\r\n`;
}

/** Numbers of one piece. */
const NUMBERS_AT_ONCE = 4096;

/** IMAP4rev1's `* SEARCH …` in pieces, with the highest mod-sequence of what was found after a MODSEQ key. */
export function encodeSearch(numbers: ArrayLike<number>, modSeq?: ModSeq): Generator<string> {
  return encodeNumbers('SEARCH', numbers, modSeq);
}

/** `* SORT …` (RFC 5256 §5) in pieces, with the highest mod-sequence of what was found after a MODSEQ key (RFC 7162 §7). */
export function encodeSort(numbers: ArrayLike<number>, modSeq?: ModSeq): Generator<string> {
  return encodeNumbers('SORT', numbers, modSeq);
}

function* encodeNumbers(
  name: string,
  numbers: ArrayLike<number>,
  modSeq: ModSeq | undefined,
): Generator<string> {
  yield `* ${name}`;
  for (let from = 0; from < numbers.length; from += NUMBERS_AT_ONCE) {
    // Joining makes no string for each number, which adding them one by one does.
    const some = Array.prototype.slice.call(numbers, from, from + NUMBERS_AT_ONCE);
    yield ` ${some.join(' ')}`;
  }
  yield `${modSeq === undefined ? '' : ` (MODSEQ ${modSeq})`}\r\n`;
}

/**
 * ```abnf
 * uidbatches-response = "UIDBATCHES" SP "(" "TAG" SP tag-string ")" [SP uid-range *("," uid-range)]
 * ```
 * RFC 10022 §4.
 *
 * @param batches the highest uid and the lowest of each, the newest first
 */
export function encodeUidBatches(
  tag: string,
  batches: readonly (readonly [highest: Uid, lowest: Uid])[],
): string {
  const ranges = batches.map(([highest, lowest]) => `${highest}:${lowest}`).join(',');
  return `* UIDBATCHES (TAG ${encodeQuoted(tag)})${ranges === '' ? '' : ` ${ranges}`}\r\n`;
}

/** One mailbox in a LIST or LSUB response. */
export interface ListedMailbox {
  /** With backslash: \HasChildren, \Subscribed, \Sent … */
  readonly attributes: readonly string[];
  /** undefined: the name space is flat. */
  readonly delimiter: string | undefined;
  readonly name: string;
  /** RECURSIVEMATCH: names below match by these options (RFC 9051 §6.3.9.6). */
  readonly childInfo?: readonly string[];
  /** The name it was asked for or had before (RFC 9051 §6.3.9.7). */
  readonly oldName?: string;
}

/**
 * ```abnf
 * mailbox-list          = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox
 *                         [SP mbox-list-extended]
 * mbox-list-extended    = "(" [mbox-list-extended-item *(SP mbox-list-extended-item)] ")"
 * childinfo-extended-item = "CHILDINFO" SP "(" list-select-base-opt-quoted … ")"
 * oldname-extended-item = "OLDNAME" SP "(" mailbox ")"
 * ```
 */
export function encodeList(
  command: 'LIST' | 'LSUB',
  mailbox: ListedMailbox,
  utf8Names: boolean,
): string {
  const extended: string[] = [];
  if (mailbox.childInfo !== undefined && mailbox.childInfo.length > 0)
    extended.push(`"CHILDINFO" (${mailbox.childInfo.map(encodeQuoted).join(' ')})`);
  if (mailbox.oldName !== undefined)
    extended.push(`"OLDNAME" (${encodeMailbox(mailbox.oldName, utf8Names)})`);
  const delimiter = mailbox.delimiter === undefined ? 'NIL' : encodeQuoted(mailbox.delimiter);
  const name = encodeMailbox(mailbox.name, utf8Names);
  const more = extended.length === 0 ? '' : ` (${extended.join(' ')})`;
  return `* ${command} (${mailbox.attributes.join(' ')}) ${delimiter} ${name}${more}\r\n`;
}

/** The value of a STATUS item: MAILBOXID's is a string, APPENDLIMIT's null without a limit. */
export type StatusValue = number | string | null;

/** `* STATUS mailbox (item value …)` (RFC 9051 §7.3.5). */
export function encodeMailboxStatus(
  mailbox: string,
  values: readonly (readonly [StatusItem, StatusValue])[],
  utf8Names: boolean,
): string {
  const items = values.map(([item, value]) => {
    if (item === 'MAILBOXID') return `${item} (${value})`;
    return `${item} ${value === null ? 'NIL' : value}`;
  });
  return `* STATUS ${encodeMailbox(mailbox, utf8Names)} (${items.join(' ')})\r\n`;
}

/** A namespace: the prefix of its names and their delimiter. */
export interface Namespace {
  readonly prefix: string;
  readonly delimiter: string | undefined;
}

/** `* NAMESPACE personal other shared`, NIL for each that is empty (RFC 9051 §7.3.6). */
export function encodeNamespace(
  spaces: readonly [
    personal: readonly Namespace[],
    otherUsers: readonly Namespace[],
    shared: readonly Namespace[],
  ],
  utf8Names: boolean,
): string {
  const encodeOne = ({ prefix, delimiter }: Namespace): string => {
    const name = encodeMailbox(prefix, utf8Names);
    const quoted = /^["{]/.test(name) ? name : encodeQuoted(name);
    return `(${quoted} ${delimiter === undefined ? 'NIL' : encodeQuoted(delimiter)})`;
  };
  const lists = spaces.map((list) =>
    list.length === 0 ? 'NIL' : `(${list.map(encodeOne).join('')})`,
  );
  return `* NAMESPACE ${lists.join(' ')}\r\n`;
}

/** `* ID ("name" "value" …)`, or NIL when there is nothing to tell (RFC 2971 §3.2). */
export function encodeId(fields: ReadonlyMap<string, string | null>): string {
  const pairs = [...fields].map(([field, value]) => {
    const said = value === null ? 'NIL' : encodeString(wireOf(value));
    return `${encodeString(wireOf(field))} ${said}`;
  });
  return `* ID ${pairs.length === 0 ? 'NIL' : `(${pairs.join(' ')})`}\r\n`;
}
