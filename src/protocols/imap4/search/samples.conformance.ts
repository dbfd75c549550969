/** Odd messages written by hand, for tests of SEARCH. */
import { Flag } from '#model';
import { NOW_MS, type Sample } from './model.conformance.ts';

const DAY_MS = 86_400_000;

/** Lines of a message; `latin1` characters are bytes. */
function mail(...lines: string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

export const ODD: Readonly<Record<string, Buffer>> = {
  plain: mail(
    'From: Ann <ann@example.org>',
    'To: Bob <bob@example.org>, carl@example.org',
    'Cc: Dora <dora@example.org>',
    'Bcc: eve@example.org',
    'Subject: Hello World',
    'Date: Sun, 01 Feb 2026 23:30:00 -0800',
    'X-Empty:',
    '',
    'The quick brown fox',
  ),
  encodedWords: mail(
    'From: =?iso-8859-1?Q?J=FCrgen_M=FCller?= <jm@example.org>',
    'Subject: =?utf-8?B?R3LDvMOfZSBhdXM=?= =?utf-8?Q?_K=C3=B6ln?=',
    'Date: 2 Feb 2026 00:10 +1400',
    '',
    'see subject',
  ),
  folded: mail(
    'From: a@example.org',
    'Subject: a long subject that',
    ' goes on here',
    'Date: Mon, 02 Feb 2026 12:00:00 GMT (some comment 17)',
    '',
    '',
  ),
  base64Body: mail(
    'From: b@example.org',
    'Subject: base64',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    base64('Ein Übermut tut selten gut. Naïve.'),
    '',
  ),
  quotedPrintable: mail(
    'Subject: qp',
    'Content-Type: text/plain; charset=windows-1252',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'caf=E9 with a soft=',
    ' break and =80 100',
  ),
  multipart: mail(
    'From: multi@example.org',
    'Subject: parts',
    'Date: Tue, 3 Feb 2026 09:00:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b1',
    '',
    'preamble nobody finds',
    '--b1',
    'Content-Type: text/html; charset=utf-8',
    '',
    utf8('<p>Zwei&nbsp;<b>W&ouml;rter</b><script>hiddenword()</script> übrig</p>'),
    '--b1',
    'Content-Type: application/pdf; name="invoice-4711.pdf"',
    'Content-Transfer-Encoding: base64',
    '',
    base64('attachmentword in an opaque part'),
    '--b1',
    'Content-Type: message/rfc822',
    'Content-Description: forwarded',
    '',
    'From: inner@example.net',
    'Subject: =?utf-8?Q?inn=C3=A9r?=',
    'Content-Type: text/plain',
    '',
    'text inside of the inside',
    '--b1--',
    '',
  ),
  rawEightBit: mail(
    'From: x@example.org',
    `Subject: ${utf8('Grüße')} raw`,
    '',
    utf8('naïve Ü raw'),
  ),
  latin1Raw: mail('Subject: latin', '', 'fa\xe7ade undeclared'),
  decomposed: mail(
    'Subject: nfd',
    'Content-Type: text/plain; charset=utf-8',
    '',
    utf8('re\u0301sume\u0301'),
  ),
  twice: mail('Subject: first one', 'Subject: second one', 'X-Tag: aa', 'x-tag: bb', '', 'twice'),
  noHeader: mail('', 'only a body here'),
  badDate: mail('Subject: when', 'Date: yesterday', '', 'no date'),
  asctime: mail('Subject: asc', 'Date: Sun Feb  1 01:02:03 2026', '', 'c library'),
  longSubject: mail(`Subject: ${'word '.repeat(250)}needleatend`, '', 'long'),
  largeText: mail(
    'Subject: large',
    'Date: Sun, 1 Feb 2026 12:00:00 +0000',
    'Content-Type: text/plain; charset=utf-8',
    '',
    `${'filler line of a large message\r\n'.repeat(20_000)}farword at the end ${utf8('Ünder')}`,
  ),
  largeAttachment: mail(
    'Subject: attachment',
    'Content-Type: multipart/mixed; boundary=zz',
    '',
    '--zz',
    '',
    'small note',
    '--zz',
    'Content-Type: image/png; name=pixelname.png',
    'Content-Transfer-Encoding: base64',
    '',
    'QUFB\r\n'.repeat(60_000),
    '--zz--',
  ),
};

/** All odd ones with flags, keywords and dates of all kinds; a filler stands where the folder expunges one. */
export function oddSamples(): Sample[] {
  const samples: Sample[] = [];
  for (const bytes of Object.values(ODD)) {
    if (samples.length % 5 === 4) samples.push(sampleOf(ODD['plain']!, samples.length));
    samples.push(sampleOf(bytes, samples.length));
  }
  return samples;
}

/** Gives the nth message flags, keywords and a date. */
export function sampleOf(bytes: Buffer, n: number): Sample {
  return {
    bytes,
    flags: n % 32,
    keywords: [['$Junk'], [], ['Work', '$Forwarded'], []][n % 4]!,
    internalMs: NOW_MS - ((n * 7) % 40) * (DAY_MS / 2) - (n % 2 === 0 ? 1 : 0),
  };
}

export const FLAG_NAMES: readonly string[] = Object.keys(Flag).map((name) => `\\${name}`);
