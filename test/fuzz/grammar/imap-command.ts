import type { Random } from '../random.ts';
import { extension } from './imap-extensions.ts';
import { esearch, searching } from './imap-search.ts';
import {
  astring,
  dateTime,
  flagList,
  literal,
  mailbox,
  number,
  numberSet,
  pattern,
  string,
} from './imap-strings.ts';

/** Messages that APPEND brings. */
const MESSAGES = [
  'Subject: one\r\n\r\nbody\r\n',
  'From: a@b.test\r\nTo: "x" <y@z.test>\r\nMessage-ID: <1@x>\r\nDate: Mon, 2 Feb 2026 10:00:00 +0000\r\n\r\ntext',
  'In-Reply-To: <1@x>\r\nReferences: <0@x> <1@x>\r\nSubject: Re: one\r\nMessage-ID: <2@x>\r\n\r\nmore',
  'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n--b--\r\n',
  'Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+eDwvYj4=\r\n',
  '\r\n',
  'x',
  'Subject: =?utf-8?q?=C3=A4?=\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4=\r\n\0\x80',
];

export function message(random: Random): Buffer {
  const one = random.pick(MESSAGES);
  return Buffer.from(random.oneIn(30) ? one + 'line of text\r\n'.repeat(200) : one, 'latin1');
}

function section(random: Random): string {
  const part = random.maybe(() =>
    random.some(1, 4, () => random.pick(['1', '2', '3', '9'])).join('.'),
  );
  const text = random.pick([
    '',
    'HEADER',
    'TEXT',
    'MIME',
    'HEADER.FIELDS (Subject)',
    'HEADER.FIELDS.NOT (Date "X Y" {1+}\r\na)',
  ]);
  return part !== '' && text !== '' ? `${part}.${text}` : part + text;
}

function fetchItem(random: Random): string {
  const peek = random.maybe(() => '.PEEK');
  const partial = random.maybe(() =>
    random.pick(['<0.1>', '<0.10>', '<5.99999>', '<4294967295.1>', '<2.9223372036854775807>']),
  );
  const parts = random.some(0, 3, () => random.pick(['1', '2', '3'])).join('.');
  return random.one(
    () =>
      random.pick([
        'ENVELOPE',
        'FLAGS',
        'INTERNALDATE',
        'RFC822.SIZE',
        'BODYSTRUCTURE',
        'BODY',
        'UID',
        'MODSEQ',
      ]),
    () =>
      random.pick([
        'SAVEDATE',
        'EMAILID',
        'THREADID',
        'PREVIEW',
        'PREVIEW (LAZY)',
        'RFC822',
        'RFC822.HEADER',
        'RFC822.TEXT',
      ]),
    () => `BODY${peek}[${section(random)}]${partial}`,
    () => `BINARY${peek}[${parts}]${partial}`,
    () => `BINARY.SIZE[${parts}]`,
  );
}

export function fetching(random: Random): string {
  const items = random.one(
    () => random.pick(['ALL', 'FAST', 'FULL']),
    () => fetchItem(random),
    () => `(${random.some(1, 8, () => fetchItem(random)).join(' ')})`,
  );
  const modifiers = random.pick([
    '',
    '',
    ` (CHANGEDSINCE ${number(random)})`,
    ` (CHANGEDSINCE 1 VANISHED)`,
    ' (PARTIAL 1:2)',
    ' (PARTIAL -1:-5 CHANGEDSINCE 0)',
  ]);
  return `FETCH ${numberSet(random)} ${items}${modifiers}`;
}

export function storing(random: Random): string {
  const unless = random.oneIn(4) ? `(UNCHANGEDSINCE ${number(random)}) ` : '';
  return `STORE ${numberSet(random)} ${unless}${random.pick(['', '+', '-'])}FLAGS${random.maybe(() => '.SILENT')} ${flagList(random)}`;
}

function appendMessage(random: Random): string {
  const flags = random.maybe(() => `${flagList(random)} `);
  const date = random.maybe(() => `${dateTime(random)} `);
  const part = (): string =>
    random.one(
      () => `TEXT ${literal(random, message(random))}`,
      () =>
        `URL ${random.pick(['/INBOX/;UID=1', '"/INBOX;UIDVALIDITY=1/;UID=2/;SECTION=TEXT"', ';UID=1', 'imap://h/a/;UID=1/;PARTIAL=0.3', 'x'])}`,
      () => `URL ${literal(random, Buffer.from('/INBOX/;UID=1/;SECTION=HEADER'))}`,
    );
  return (
    flags +
    date +
    random.one(
      () => literal(random, message(random)),
      () => literal(random, message(random)),
      () => `UTF8 (~${literal(random, message(random)).replace(/^~/, '')})`,
      () => `CATENATE (${random.some(1, 4, part).join(' ')})`,
    )
  );
}

export function appending(random: Random): string {
  return random.one(
    () => `APPEND ${mailbox(random)} ${random.some(1, 3, () => appendMessage(random)).join(' ')}`,
    () => `APPEND INBOX ${appendMessage(random)}`,
    () =>
      `${random.maybe(() => 'UID ')}REPLACE ${random.pick(['1', '2', '*', '1:2'])} ${mailbox(random)} ${appendMessage(random)}`,
  );
}

function statusItems(random: Random): string {
  const item = (): string =>
    random.pick([
      'MESSAGES',
      'UIDNEXT',
      'UIDVALIDITY',
      'UNSEEN',
      'DELETED',
      'SIZE',
      'RECENT',
      'HIGHESTMODSEQ',
      'MAILBOXID',
      'APPENDLIMIT',
    ]);
  return `(${random.some(1, 10, item).join(' ')})`;
}

function listing(random: Random): string {
  const select = random.maybe(
    () =>
      `(${random.some(0, 3, () => random.pick(['SUBSCRIBED', 'REMOTE', 'RECURSIVEMATCH', 'SPECIAL-USE'])).join(' ')}) `,
  );
  const patterns = random.oneIn(3)
    ? `(${random.some(1, 4, () => pattern(random)).join(' ')})`
    : pattern(random);
  const option = (): string =>
    random.one(
      () => random.pick(['SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE']),
      () => `STATUS ${statusItems(random)}`,
    );
  const returns = random.maybe(() => ` RETURN (${random.some(0, 3, option).join(' ')})`);
  return `LIST ${select}${random.pick(['""', 'a/', 'INBOX', '"a"'])} ${patterns}${returns}`;
}

export function selecting(random: Random): string {
  const qresync = (): string =>
    ` (QRESYNC (${random.pick(['1', '2', '4294967295'])} ${number(random)}${random.maybe(() => ' 1:3,5')}${random.maybe(() => ' (1,3 2,7)')}))`;
  return `${random.pick(['SELECT', 'SELECT', 'EXAMINE'])} ${random.oneIn(3) ? mailbox(random) : 'INBOX'}${random.pick(['', '', ' (CONDSTORE)', qresync()])}`;
}

/** Commands that change folders or ask about them. */
export function foldering(random: Random): string {
  return random.one(
    () => selecting(random),
    () =>
      `CREATE ${mailbox(random)}${random.pick(['', '', ' (USE (\\Sent))', ' (USE (\\Junk \\All))'])}`,
    () => `${random.pick(['DELETE', 'SUBSCRIBE', 'UNSUBSCRIBE'])} ${mailbox(random)}`,
    () => `RENAME ${mailbox(random)} ${mailbox(random)}`,
    () => `STATUS ${mailbox(random)} ${statusItems(random)}`,
    () => listing(random),
    () => `LSUB "" ${pattern(random)}`,
  );
}

/** Commands of the selected state, without UID before them. */
export function onMessages(random: Random): string {
  return random.one(
    () => fetching(random),
    () => storing(random),
    () => searching(random),
    () => `${random.pick(['COPY', 'MOVE'])} ${numberSet(random)} ${mailbox(random)}`,
    () => (random.oneIn(2) ? 'EXPUNGE' : `EXPUNGE ${numberSet(random)}`),
  );
}

export function session(random: Random): string {
  return random.one(
    () =>
      random.pick([
        'CAPABILITY',
        'NOOP',
        'CHECK',
        'NAMESPACE',
        'CLOSE',
        'UNSELECT',
        'EXPUNGE',
        'LOGOUT',
      ]),
    () =>
      `ENABLE ${random.some(1, 5, () => random.pick(['IMAP4rev2', 'CONDSTORE', 'QRESYNC', 'UTF8=ACCEPT', 'UIDONLY', 'X'])).join(' ')}`,
    () =>
      `ID ${random.one(
        () => 'NIL',
        () => `(${random.some(0, 6, () => string(random)).join(' ')})`,
      )}`,
    () => extension(random),
    () => extension(random),
    () => esearch(random),
    () => `UIDBATCHES ${number(random)}${random.maybe(() => ' 1:3')}`,
    () =>
      `CANCELUPDATE ${random.some(1, 3, () => string(random, Buffer.from(random.pick(['a1', 'a2', 'x'])))).join(' ')}`,
  );
}

/** Commands that ask who it is, or change the connection. */
export function entering(random: Random): string {
  return random.one(
    () => `LOGIN ${astring(random)} ${astring(random)}`,
    () =>
      `AUTHENTICATE ${random.pick(['PLAIN', 'SCRAM-SHA-256', 'X'])}${random.maybe(() => ' AGEAYg==')}`,
    () =>
      random.pick([
        'STARTTLS',
        'UNAUTHENTICATE',
        'COMPRESS DEFLATE',
        'AUTHENTICATE PLAIN =',
        'IDLE',
      ]),
  );
}

/** Any command, without tag and line end. */
export function command(random: Random): string {
  return random.one(
    () => session(random),
    () => entering(random),
    () => foldering(random),
    () => appending(random),
    () => onMessages(random),
    () => `UID ${onMessages(random)}`,
  );
}

/** Words of commands, to be put anywhere. */
export const IMAP_WORDS = [
  '{0}',
  '{1+}\r\n',
  '~{3}\r\n',
  '{4294967296}',
  '{99999999999999999999+}',
  '{18446744073709551616}',
  '"',
  '"\\',
  '()',
  '((',
  '))',
  '[',
  ']',
  '<0.1>',
  '$',
  '*',
  '1:*',
  '%',
  '\r\n',
  '\n',
  ' ',
  '+',
  'UID ',
  'NIL',
  'CHARSET ',
  'RETURN (SAVE) ',
  'NOT ',
  'OR ',
  '\\Seen',
  'a1 NOOP\r\n',
  'CATENATE (',
  'UTF8 (~{',
  '\0',
  '\xff',
  '\xc3\xa4',
  '&AOQ-',
  '0',
  '4294967296',
];
