import type { Random } from '../random.ts';

const ADDRESSES = [
  'a@b.test',
  '"Doe, J" <j@d.test>',
  'Joe (comment (nested)) <joe@[127.0.0.1]>',
  'group: a@b, c@d;',
  'undisclosed-recipients:;',
  '<@r1,@r2:a@b>',
  'no address',
  '"unclosed <a@b>',
  '=?utf-8?b?w6Q=?= <a@b>',
  'a@b (Name)',
  '<a@b',
  '"a\\"b"@c',
  ':;,<>@',
  'a: b: c;',
  '',
];
const WORDS = [
  'text',
  '=?utf-8?q?=C3=A4?=',
  '=?utf-8?b?w6Q=?=',
  '=?iso-2022-jp?B?GyRCRnwbKEI=?=',
  '=?x?q?y?=',
  '=?utf-8?q?=C3?=',
  '=?utf-8?q?=A4?=',
  'Re:',
  'Fwd:',
  '[list]',
  '(fwd)',
  '[fwd: x]',
  'Re[2]:',
  '\xe4',
  '\xc3\xa4',
  '=?',
  '?=',
  '=?utf-8*de?q?a_b?=',
  '  ',
  '"q"',
];
const DATES = [
  'Mon, 2 Feb 2026 10:00:00 +0000',
  '2 Feb 26 10:00 EST',
  'Mon Feb  2 10:00:00 2026',
  '31 Feb 2026 99:00:00 +9999',
  '(c) 1 Jan 2000 00:00:00 Z',
  '',
  'yesterday',
  '1 Jan 0001 00:00:00 +0000',
  '1 jan 100 1:2',
];
const IDS = [
  '<a@b>',
  '<"q\\"x"@b>',
  '<a@b> <c@d>',
  'bare@id',
  '<>',
  '<a',
  '<a b@c>',
  '(c) <x@y> junk',
];
const TYPES = [
  'text/plain',
  'text/html; charset=utf-8',
  'text/plain; charset="iso-8859-1"',
  'text/plain; format=flowed',
  'image/png; name="a b.png"',
  "application/x; name*=utf-8''%C3%A4; n*0=a; n*1*=b",
  'text',
  '/',
  'text/plain; =; ;;',
  'text/plain; charset=x"y',
  'message/external-body; a=b',
  'message/delivery-status',
  'TEXT/(c)PLAIN',
  'text/calendar; method=REQUEST',
];
const ENCODINGS = [
  '7bit',
  '8bit',
  'binary',
  'base64',
  'quoted-printable',
  'x-uuencode',
  'BASE64 (c)',
  'x',
  '',
];

export function subject(random: Random): string {
  return random.some(0, 12, () => random.pick(WORDS)).join(random.pick(['', ' ', ' ', '\r\n ']));
}

export function addresses(random: Random): string {
  return random
    .some(0, 8, () => random.pick(ADDRESSES))
    .join(random.pick([', ', ',', ' ', ',\r\n\t']));
}

export function date(random: Random): string {
  return random.pick(DATES);
}

export function ids(random: Random): string {
  return random.some(0, 10, () => random.pick(IDS)).join(random.pick([' ', '', '\r\n ']));
}

/** A header field with its line end. */
export function field(random: Random): string {
  const [name, value] = random.one<readonly [string, string]>(
    () => [random.pick(['From', 'To', 'Cc', 'Bcc', 'Sender', 'Reply-To']), addresses(random)],
    () => ['Subject', subject(random)],
    () => ['Date', date(random)],
    () => [random.pick(['Message-ID', 'In-Reply-To', 'References']), ids(random)],
    () => ['Content-Description', subject(random)],
    () => [
      'Content-Disposition',
      random.pick(['inline', 'attachment; filename=a', "x; filename*=utf-8''%E4", ';', '']),
    ],
    () => [
      random.pick(['Content-Language', 'Content-Location', 'Content-MD5', 'Content-ID']),
      random.pick(['de, en', 'http://x', '<a@b>', '']),
    ],
    () => [
      random.pick(['X', 'Received', 'a b', '', 'Status']),
      random.pick(['x', 'a\r\n b\r\n\tc', 'from x; 1 Jan 2026 00:00:00 +0000', 'RO']),
    ],
  );
  return `${name}${random.pick([':', ':', ' :', ': '])} ${value}${lineEnd(random)}`;
}

function lineEnd(random: Random): string {
  return random.oneIn(12) ? random.pick(['\n', '\r', '\r\r\n', '']) : '\r\n';
}

function content(random: Random): string {
  return random.one(
    () =>
      random
        .some(0, 8, () =>
          random.pick([
            'line',
            '',
            '.',
            '--',
            '--b',
            'From x',
            '<p>a&amp;b</p>',
            '=C3=A4=',
            'x'.repeat(90),
          ]),
        )
        .join('\r\n'),
    () => 'w6TDtsO8'.repeat(random.between(0, 5)),
    () => 'begin 644 a\r\n#0V%T\r\n`\r\nend\r\n',
    () => '<style>x</style><b>a<!-- -->&#228;&nbsp;<a href="',
    () => random.pick(['=', '=\r\n', '=4', '=XX', '====', '\0\xff', '']),
  );
}

/** A header block and what follows it: a body, parts, or a message again. */
export function entity(random: Random, depth = 4): string {
  const end = lineEnd(random);
  if (depth > 0 && random.oneIn(2)) {
    const boundary = random.pick([
      'b',
      'b',
      'bb',
      'b-',
      '--',
      "x'()+_,-./:=?",
      'long'.repeat(18),
      'b ',
    ]);
    const type = random.pick(['mixed', 'alternative', 'digest', 'signed', 'x']);
    const delimiter = (): string => `--${boundary}${random.pick(['', '', ' ', '\t ', '--', 'x'])}`;
    const parts = random.some(
      0,
      5,
      () => `${delimiter()}${lineEnd(random)}${entity(random, depth - 1)}`,
    );
    const head = `Content-Type: multipart/${type}; boundary=${random.oneIn(2) ? `"${boundary}"` : boundary}${end}`;
    const tail = random.pick([
      `--${boundary}--${end}`,
      `--${boundary}--`,
      '',
      `--${boundary}--\r\nepilogue`,
    ]);
    return `${fields(random)}${head}${end}${random.pick(['', 'preamble\r\n'])}${parts.join('\r\n')}\r\n${tail}`;
  }
  if (depth > 0 && random.oneIn(4)) {
    const encoding = random.maybe(
      () => `Content-Transfer-Encoding: ${random.pick(ENCODINGS)}${end}`,
    );
    return `Content-Type: message/${random.pick(['rfc822', 'global', 'partial'])}${end}${encoding}${end}${entity(random, depth - 1)}`;
  }
  const type = random.maybe(() => `Content-Type: ${random.pick(TYPES)}${end}`);
  const encoding = random.maybe(() => `Content-Transfer-Encoding: ${random.pick(ENCODINGS)}${end}`);
  return `${fields(random)}${type}${encoding}${random.oneIn(12) ? '' : end}${content(random)}`;
}

function fields(random: Random): string {
  return random.some(0, 6, () => field(random)).join('');
}

export const MAIL_WORDS = [
  ...WORDS,
  ...IDS,
  ...DATES,
  ...ADDRESSES,
  '--b',
  '--b--',
  '\r\n--b\r\n',
  'Content-Type: multipart/mixed; boundary=b\r\n',
  'Content-Type: message/rfc822\r\n\r\n',
  '\r\n\r\n',
  '\r\n ',
  ' ',
  '(',
  ')',
  '"',
  '\\',
  '\\"',
  '<\\">',
  '<',
  '>',
  ';',
  ',',
  ':',
  '@',
  '=',
  '*0*=',
  "''",
  '%',
  '%C3%A4',
  '&amp;',
  '&#',
  '<!--',
  '-->',
  '<style>',
  'charset=',
  'boundary=',
  'Content-Transfer-Encoding: base64\r\n',
  'begin 644 x\r\n',
  'end\r\n',
  '[fwd:',
  ']',
  '\0',
  '\xff',
  'References: ',
];
