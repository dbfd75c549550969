import type { Random } from '../random.ts';

function address(random: Random): string {
  const local = random.pick([
    'a',
    'a.b',
    '"a b"',
    '"a\\"b"',
    'a..b',
    'ü',
    '',
    'x'.repeat(70),
    'postmaster',
    "o'k+t",
  ]);
  const domain = random.pick([
    'b.test',
    '[127.0.0.1]',
    '[IPv6:::1]',
    'ü.test',
    'xn--a.test',
    'b',
    '-x',
    'a..b',
    '[x',
    '',
  ]);
  const route = random.oneIn(6) ? '@r.test,@s.test:' : '';
  return random.oneIn(8) ? '<>' : `<${route}${local}${random.oneIn(9) ? '' : '@'}${domain}>`;
}

function mailParameter(random: Random): string {
  return random.pick([
    'SIZE=100',
    'SIZE=99999999999999999999',
    'BODY=8BITMIME',
    'BODY=BINARYMIME',
    'BODY=x',
    'SMTPUTF8',
    'RET=FULL',
    'RET=HDRS',
    'ENVID=abc+20d',
    'ENVID=+',
    'AUTH=<>',
    'AUTH=a+40b',
    'AUTH=a@b',
    'X=Y',
    'SIZE',
  ]);
}

function rcptParameter(random: Random): string {
  return random.pick([
    'NOTIFY=NEVER',
    'NOTIFY=SUCCESS,DELAY',
    'NOTIFY=NEVER,DELAY',
    'ORCPT=rfc822;a@b',
    'ORCPT=utf-8;\\x{FC}@b',
    'ORCPT=rfc822;a+40b',
    'ORCPT=;',
    'X=Y',
    'NOTIFY=',
  ]);
}

/** A command line of a client, without its line end. */
export function smtpCommand(random: Random): string {
  return random.one(
    () =>
      `${random.pick(['EHLO', 'HELO'])} ${random.pick(['x.test', '[127.0.0.1]', '', 'a b', '[IPv6:::1]', '_x'])}`,
    () =>
      `MAIL FROM:${random.maybe(() => ' ')}${address(random)}${random.some(0, 5, () => ` ${mailParameter(random)}`).join('')}`,
    () =>
      `RCPT TO:${random.maybe(() => ' ')}${address(random)}${random.some(0, 4, () => ` ${rcptParameter(random)}`).join('')}`,
    () =>
      `BDAT ${random.pick(['0', '5', '86', '99999999999999999999', '-1', 'x'])}${random.maybe(() => ' LAST')}`,
    () =>
      `AUTH ${random.pick(['PLAIN', 'SCRAM-SHA-256', 'x y'])}${random.maybe(() => ' AGEAYg==')}`,
    () =>
      random.pick([
        'DATA',
        'RSET',
        'NOOP',
        'NOOP x',
        'QUIT',
        'VRFY a',
        'HELP',
        'STARTTLS',
        'data',
        '',
      ]),
  );
}

/** A reply of a server, its line ends included. */
export function smtpReply(random: Random): string {
  const code = random.pick(['220', '250', '354', '421', '550', '199', '600']);
  const text = (): string =>
    random.pick(['ok', '2.1.0 fine', '5.7.1 no', '', 'x'.repeat(600), '\xfc', '4.x']);
  const more = random.some(0, 4, () => `${random.oneIn(9) ? '251' : code}-${text()}\r\n`).join('');
  return `${more}${code}${random.pick([' ', ' ', '', '-'])}${text()}${random.pick(['\r\n', '\r\n', '\n'])}`;
}

/** Mail data as it may come behind DATA: dots, and line ends that others might take for the end. */
export function mailData(random: Random): string {
  const line = (): string =>
    random.pick([
      '',
      '.',
      '..',
      '.x',
      'text',
      'Subject: x',
      '...',
      'x.',
      '.\r',
      '\0',
      'é',
      'a'.repeat(100),
    ]);
  const end = (): string =>
    random.oneIn(6)
      ? random.pick(['\n', '\r', '\r\r\n', '\n\r', '\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r'])
      : '\r\n';
  return random.some(0, 30, () => line() + end()).join('');
}

export const SMTP_WORDS = [
  '\r\n',
  '\n',
  '\r',
  '.',
  '\r\n.\r\n',
  '\n.\n',
  '\r\n.\n',
  '\n.\r\n',
  '\r.\r\n',
  '..',
  '<',
  '>',
  '@',
  ':',
  ' ',
  '=',
  '+3D',
  '+',
  '\\x{',
  ';',
  '"',
  '\\',
  '[IPv6:',
  'MAIL FROM:<>',
  'RCPT TO:<a@b>',
  ' SMTPUTF8',
  ' SIZE=',
  ' AUTH=',
  'DATA\r\n',
  '250 ',
  '250-',
  '\0',
  '\xc3\xbc',
];
