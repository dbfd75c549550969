import type { Random } from '../random.ts';
import { flagList, literal, mailbox, number, string, text } from './imap-strings.ts';

/** A set without "*" and "$". */
function knownSet(random: Random): string {
  return random
    .some(1, 6, () => random.pick(['1', '2:4', '9', '12:10', '4294967295', '5:5']))
    .join(',');
}

function nstring(random: Random): string {
  return random.oneIn(3) ? 'NIL' : string(random);
}

function addressList(random: Random): string {
  if (random.oneIn(3)) return 'NIL';
  return `(${random.some(1, 3, () => `(${[1, 2, 3, 4].map(() => nstring(random)).join(' ')})`).join('')})`;
}

function envelope(random: Random): string {
  const addresses = [1, 2, 3, 4, 5, 6].map(() => addressList(random)).join(' ');
  return `(${nstring(random)} ${nstring(random)} ${addresses} ${nstring(random)} ${nstring(random)})`;
}

function bodyStructure(random: Random, depth = 3): string {
  if (depth > 0 && random.oneIn(3)) {
    const parts = random.some(1, 3, () => bodyStructure(random, depth - 1)).join('');
    return `(${parts} "mixed" ("boundary" "x") NIL NIL NIL)`;
  }
  if (depth > 0 && random.oneIn(4))
    return `("message" "rfc822" NIL NIL NIL "7bit" 10 ${envelope(random)} ${bodyStructure(random, depth - 1)} 3)`;
  return `("text" "plain" ("charset" ${string(random)}) ${nstring(random)} NIL "7bit" ${number(random)} 1)`;
}

function fetched(random: Random): string {
  const item = (): string =>
    random.one(
      () => `FLAGS ${flagList(random)}`,
      () => `UID ${number(random)}`,
      () => `MODSEQ (${number(random)})`,
      () =>
        `BODY[${random.pick(['', 'HEADER', '1.2', 'HEADER.FIELDS ("a]" {1}\r\nb)'])}]${random.maybe(() => '<0>')} ${nstring(random)}`,
      () => `BINARY[1] ~${literal(random, text(random)).replace(/^~/, '')}`,
      () => `ENVELOPE ${envelope(random)}`,
      () => `BODYSTRUCTURE ${bodyStructure(random)}`,
      () => `INTERNALDATE " 1-Feb-2026 00:00:00 +0000"`,
    );
  return `* ${number(random)} ${random.pick(['FETCH', 'FETCH', 'UIDFETCH'])} (${random.some(1, 6, item).join(' ')})`;
}

function threads(random: Random, depth = 3): string {
  const members = random.some(1, 4, () => number(random)).join(' ');
  if (depth === 0 || random.oneIn(2)) return `(${members})`;
  const nested = random.some(2, 3, () => threads(random, depth - 1)).join('');
  return random.oneIn(4) ? `(${nested})` : `(${members} ${nested})`;
}

function esearched(random: Random): string {
  const item = (): string =>
    random.one(
      () => `${random.pick(['MIN', 'MAX', 'COUNT', 'MODSEQ'])} ${number(random)}`,
      () => `ALL ${knownSet(random)}`,
      () => `PARTIAL (${random.pick(['1:2', '-1:-5'])} ${random.pick(['NIL', '1:3'])})`,
      () =>
        `${random.pick(['ADDTO', 'REMOVEFROM'])} (${random.some(1, 3, () => `${number(random)} ${knownSet(random)}`).join(' ')})`,
      () => `X-NEW ${string(random)}`,
    );
  const where = random.maybe(() => ` MAILBOX ${mailbox(random)} UIDVALIDITY ${number(random)}`);
  return `* ESEARCH (TAG ${string(random)}${where})${random.maybe(() => ' UID')}${random.some(0, 5, () => ` ${item()}`).join('')}`;
}

function coded(random: Random): string {
  return random.pick([
    '',
    '[ALERT] ',
    '[UIDVALIDITY 4] ',
    '[PERMANENTFLAGS (\\Seen \\*)] ',
    '[BADCHARSET ("a]")] ',
    '[X',
    '[COPYUID 1 1:2 3:4] ',
  ]);
}

/** One response of a server, without its line end. */
export function response(random: Random): string {
  return random.one(
    () =>
      `* ${random.pick(['OK', 'NO', 'BAD', 'BYE', 'PREAUTH'])} ${coded(random)}${random.pick(['text', '', 'a {3}', 'ü'])}`,
    () => `${random.pick(['a', 'b1'])} ${random.pick(['OK', 'NO', 'BAD'])} ${coded(random)}done`,
    () => `+ ${random.pick(['', 'go ahead', 'AGEAYg=='])}`,
    () => fetched(random),
    () => fetched(random),
    () => `* ${number(random)} ${random.pick(['EXISTS', 'EXPUNGE', 'RECENT', 'X'])}`,
    () => `* FLAGS ${flagList(random)}`,
    () => `* ${random.pick(['CAPABILITY', 'ENABLED'])} IMAP4rev2 X=Y`,
    () =>
      `* ${random.pick(['LIST', 'LSUB'])} (\\Noselect) ${random.pick(['"/"', 'NIL'])} ${mailbox(random)}${random.maybe(() => ` ("CHILDINFO" ("SUBSCRIBED") "OLDNAME" (${mailbox(random)}))`)}`,
    () => `* STATUS ${mailbox(random)} (MESSAGES ${number(random)} MAILBOXID (x) APPENDLIMIT NIL)`,
    () =>
      `* ${random.pick(['SEARCH', 'SORT'])}${random.some(0, 9, () => ` ${number(random)}`).join('')}${random.maybe(() => ` (MODSEQ ${number(random)})`)}`,
    () => esearched(random),
    () => `* THREAD ${random.some(0, 4, () => threads(random)).join('')}`,
    () => `* VANISHED ${random.maybe(() => '(EARLIER) ')}${knownSet(random)}`,
    () => `* NAMESPACE (("" "/")) NIL NIL`,
    () => `* ID (${random.some(0, 4, () => nstring(random)).join(' ')})`,
  );
}

/** Words of responses, to be put anywhere. */
export const RESPONSE_WORDS = [
  '* ',
  '+ ',
  'BODY[] {3}\r\nabc',
  '* OK [',
  '(TAG "a")',
  ' ADDTO (0 1:2)',
  '(1 (2)(3))',
  '(EARLIER) ',
  'NIL',
  '* 1 FETCH (',
];
