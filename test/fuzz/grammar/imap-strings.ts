import type { Random } from '../random.ts';

/** What a number in a command can be. */
export function number(random: Random): string {
  return random.pick(['1', '2', '3', '4', '5', '7', '12', '100', '4294967295', '0', '1000000']);
}

/** `sequence-set` (RFC 9051 §9). */
export function numberSet(random: Random): string {
  const end = (): string =>
    random.pick(['1', '2', '3', '4', '5', '6', '8', '20', '*', '4294967295']);
  const range = (): string =>
    random.one(
      end,
      () => `${end()}:${end()}`,
      () => '1:*',
      () => '$',
    );
  return random.some(1, 9, range).join(',');
}

const TEXTS = [
  '',
  'a',
  'INBOX',
  'Sent',
  'grün',
  'two words',
  'NIL',
  '"\\',
  'x\r\ny',
  '日本',
  'a@b.test',
];

/** A text that a string can hold, as UTF-8. */
export function text(random: Random): Buffer {
  return Buffer.from(random.oneIn(20) ? 'long '.repeat(random.below(300)) : random.pick(TEXTS));
}

/** `literal` with its bytes; not synchronizing as often as not. */
export function literal(random: Random, bytes: Buffer): string {
  const announced = `${random.oneIn(10) ? '~' : ''}{${bytes.length}${random.oneIn(2) ? '+' : ''}}`;
  return `${announced}\r\n${bytes.toString('latin1')}`;
}

/** `string = quoted / literal`. */
export function string(random: Random, bytes = text(random)): string {
  const wire = bytes.toString('latin1');
  if (random.oneIn(3) || /[\r\n]/.test(wire)) return literal(random, bytes);
  return `"${wire.replace(/["\\]/g, '\\$&')}"`;
}

/** `astring`. */
export function astring(random: Random): string {
  return random.oneIn(2) ? random.pick(['a', 'Sent', 'x.y', 'INBOX', 'b]']) : string(random);
}

/** A mailbox name: some that are usually there, some that are made, some that cannot be. */
export function mailbox(random: Random): string {
  return random.one(
    () => random.pick(['INBOX', 'inbox', 'a', 'b', 'a/b', 'a/b/c', 'Sent', 'Trash', 'Drafts']),
    () => random.pick(['INBOX', 'a', 'b']),
    () =>
      random.pick([
        '&AOQ-',
        '"&ZeVnLIqe-"',
        '&-',
        '&',
        '&AOQ',
        '"a b"',
        'a//b',
        '/a',
        'a/',
        '""',
        'NIL',
        '""',
      ]),
    () => string(random),
    () =>
      string(
        random,
        Buffer.from(random.pick(['ä', 'grün/blau', 'a\u0301', '\ufffe', 'x'.repeat(255)])),
      ),
  );
}

/** A list pattern. */
export function pattern(random: Random): string {
  return random.one(
    () => random.pick(['*', '%', '""', 'a*', '%/%', 'INBOX', '*%*%*', '"a/%"', 'a/*']),
    () => random.pick(['*', '%']).repeat(random.between(1, 30)),
    () => `"${random.some(1, 20, () => random.pick(['*', '%', '/', 'a', 'b', '&AOQ-'])).join('')}"`,
    () => mailbox(random),
  );
}

/** `flag-list`, its parentheses included. */
export function flagList(random: Random): string {
  const flag = (): string =>
    random.pick([
      '\\Seen',
      '\\Deleted',
      '\\Flagged',
      '\\Answered',
      '\\Draft',
      '\\Recent',
      '$Junk',
      'k',
      '$Forwarded',
      '\\seen',
      '\\*',
    ]);
  return `(${random.some(0, 12, flag).join(' ')})`;
}

/** `date`, quoted or not. */
export function date(random: Random): string {
  const day = random.pick(['1', '01', '28', '31', '30', '29']);
  const month = random.pick(['Jan', 'Feb', 'feb', 'Dec', 'Nov']);
  const bare = `${day}-${month}-${random.pick(['2026', '1970', '2000', '0001', '9999'])}`;
  return random.oneIn(3) ? `"${bare}"` : bare;
}

/** `date-time`, its quotes included. */
export function dateTime(random: Random): string {
  const day = random.pick([' 1', '01', '31', '28']);
  const time = random.pick(['00:00:00', '23:59:60', '12:34:56', '24:00:00']);
  const zone = random.pick(['+0000', '-1200', '+1400', '-0330', '+9999']);
  return `"${day}-${random.pick(['Feb', 'Jul'])}-${random.pick(['2026', '1969', '9999'])} ${time} ${zone}"`;
}
