import type { Random } from '../random.ts';
import { astring, date, number, numberSet } from './imap-strings.ts';

const BARE = [
  'ALL',
  'ANSWERED',
  'DELETED',
  'DRAFT',
  'FLAGGED',
  'SEEN',
  'UNANSWERED',
  'UNDELETED',
  'UNDRAFT',
  'UNFLAGGED',
  'UNSEEN',
  'RECENT',
  'OLD',
  'NEW',
  'SAVEDATESUPPORTED',
];
const TEXTS = ['BCC', 'CC', 'FROM', 'SUBJECT', 'TO', 'BODY', 'TEXT'];
const DATES = [
  'BEFORE',
  'ON',
  'SINCE',
  'SENTBEFORE',
  'SENTON',
  'SENTSINCE',
  'SAVEDBEFORE',
  'SAVEDON',
  'SAVEDSINCE',
];

/** `search-key` (RFC 9051 §6.4.4), nested at most so deep. */
export function searchKey(random: Random, depth = 3): string {
  const deeper = (): string => searchKey(random, depth - 1);
  if (depth > 0 && random.oneIn(4))
    return random.one(
      () => `NOT ${deeper()}`,
      () => `OR ${deeper()} ${deeper()}`,
      () => `(${random.some(1, 5, deeper).join(' ')})`,
    );
  return random.one(
    () => random.pick(BARE),
    () => `${random.pick(TEXTS)} ${astring(random)}`,
    () => `HEADER ${random.pick(['Subject', 'Message-ID', 'X', 'Date'])} ${astring(random)}`,
    () => `${random.pick(DATES)} ${date(random)}`,
    () => `${random.pick(['LARGER', 'SMALLER'])} ${random.pick(['0', '10', '100', '9999999999'])}`,
    () => `${random.pick(['OLDER', 'YOUNGER'])} ${number(random)}`,
    () => `${random.pick(['KEYWORD', 'UNKEYWORD'])} ${random.pick(['k', '$Junk', 'none'])}`,
    () => numberSet(random),
    () => `UID ${numberSet(random)}`,
    () => `MODSEQ ${random.maybe(() => '"/flags/\\\\seen" all ')}${number(random)}`,
    () => `${random.pick(['EMAILID', 'THREADID'])} ${random.pick(['M1', 'x', 'T_-9'])}`,
  );
}

/** `[search-return-opts]`, the space behind it included. */
export function searchReturn(random: Random): string {
  const range = (): string => random.pick(['1:2', '-1:-3', '5:1', '1:4294967295', '-3:-3']);
  const option = (): string =>
    random.one(
      () => random.pick(['MIN', 'MAX', 'ALL', 'COUNT', 'SAVE', 'UPDATE', 'CONTEXT']),
      () => `PARTIAL ${range()}`,
      () => random.pick(['UPDATE (UID)', 'UPDATE(FLAGS BODY.PEEK[TEXT])', 'UPDATE ()']),
    );
  return random.maybe(() => `RETURN (${random.some(0, 5, option).join(' ')}) `);
}

export function searchKeys(random: Random): string {
  return random.some(1, 6, () => searchKey(random)).join(' ');
}

/** What SORT and THREAD end with: charset and keys. */
export function searchCriteria(random: Random): string {
  return `${random.pick(['UTF-8', 'US-ASCII', '"utf-8"', 'iso-8859-1', 'x-none'])} ${searchKeys(random)}`;
}

/** `SEARCH`, `SORT`, `THREAD` without UID before it. */
export function searching(random: Random): string {
  return random.one(
    () =>
      `SEARCH ${searchReturn(random)}${random.oneIn(4) ? 'CHARSET UTF-8 ' : ''}${searchKeys(random)}`,
    () => `SORT ${searchReturn(random)}(${sortKeys(random)}) ${searchCriteria(random)}`,
    () => `THREAD ${random.pick(['REFERENCES', 'ORDEREDSUBJECT'])} ${searchCriteria(random)}`,
  );
}

function sortKeys(random: Random): string {
  const key = (): string =>
    random.maybe(() => 'REVERSE ') +
    random.pick([
      'ARRIVAL',
      'CC',
      'DATE',
      'FROM',
      'SIZE',
      'SUBJECT',
      'TO',
      'DISPLAYFROM',
      'DISPLAYTO',
    ]);
  return random.some(1, 9, key).join(' ');
}

/** `ESEARCH` over several mailboxes (RFC 7377 §4). */
export function esearch(random: Random): string {
  const mailboxes = (): string => random.pick(['INBOX', '(INBOX a)', 'a', '(a b "c d")']);
  const source = (): string =>
    random.one(
      () => random.pick(['selected', 'inboxes', 'personal', 'subscribed']),
      () => `${random.pick(['subtree', 'subtree-one', 'mailboxes'])} ${mailboxes()}`,
    );
  const sources = random.maybe(() => `IN (${random.some(1, 4, source).join(' ')}) `);
  return `ESEARCH ${sources}${searchReturn(random)}${searchKeys(random)}`;
}
