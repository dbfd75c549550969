/** Headers, parameters, charsets, transfer encodings, dates: from their forms on the wire to values. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  baseSubject,
  decodeCharset,
  decodeHeader,
  decodeTransfer,
  formatDate,
  headerFields,
  headerLines,
  htmlToText,
  parameterValue,
  parseDate,
  parseMessageId,
  parseMessageIds,
  readHeader,
  TransferDecoder,
} from './index.ts';
import { parseMediaType } from './parameters.ts';

describe('headers', () => {
  const head = Buffer.from(
    'From x@y Fri Feb 22\r\nSubject: one\r\n two\r\nX-A : 1\r\nno colon\r\nTO: a@b\r\nx-a:2\r\n\r\nSubject: body',
  );

  test('values are unfolded; blanks before the colon belong to no name', () => {
    assert.deepEqual(readHeader(head, 'subject'), ['one two']);
    assert.deepEqual(readHeader(head, 'X-a'), ['1', '2']);
    assert.deepEqual(readHeader(head, ''), []);
    assert.deepEqual(
      [...headerLines(head)].map((field) => field.name),
      ['Subject', 'X-A', 'TO', 'x-a'],
    );
  });

  test('HEADER.FIELDS keeps bytes, folding and the blank line', () => {
    assert.equal(
      headerFields(['SUBJECT', 'to'], false)(head.toString('latin1')),
      'Subject: one\r\n two\r\nTO: a@b\r\n\r\n',
    );
    assert.equal(
      headerFields(['subject', 'x-a'], true)(head.toString('latin1')),
      'From x@y Fri Feb 22\r\nno colon\r\nTO: a@b\r\n\r\n',
    );
    assert.equal(headerFields(['a'], false)('A: 1'), 'A: 1\r\n\r\n');
    assert.equal(headerFields(['b'], false)('A: 1\n\n'), '\n');
    assert.equal(headerFields([], true)(''), '\r\n');
    // Blanks before the colon; names that only begin alike; what can be no name, also where a line looks so.
    const odd = 'To \t: 1\r\nTo-Do: 2\r\nT: 3\r\nTo\r\n : 4\r\nb c: 5\r\n\r\n';
    assert.equal(headerFields(['to', 'b c', 't:', ''], false)(odd), 'To \t: 1\r\n\r\n');
    assert.equal(headerFields(['t', 'to-do', 'to'], true)(odd), 'To\r\n : 4\r\nb c: 5\r\n\r\n');
  });

  test('encoded words', () => {
    for (const [wire, text] of [
      ['plain', 'plain'],
      ['=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=', 'ab'],
      ['=?ISO-8859-1?Q?a?= b', 'a b'],
      ['=?ISO-8859-1?Q?a_b?=', 'a b'],
      ['=?utf-8*de?q?=C3=A4?=', 'ä'],
      ['=?utf-8?q?=C3?= =?utf-8?q?=A4?=', 'ä'],
      ['Re: =?koi8-r?B?8NLJ18XU?=', 'Re: Привет'],
      ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本'],
      ['=?broken?=', '=?broken?='],
      ['=?x-nonsense?q?=E4?=', 'ä'],
      ['gr\xc3\xbcn', 'grün'],
      ['gr\xfcn', 'grün'],
      ['=?utf-8?q?a b?=', 'a b'],
    ] as const) {
      assert.equal(decodeHeader(wire), text, wire);
    }
  });

  test('message ids', () => {
    assert.deepEqual(parseMessageIds('<a@b> (c) <d@\r\n e> <a@b> junk'), ['<a@b>', '<d@e>']);
    assert.equal(parseMessageId(' a@b '), '<a@b>');
    assert.equal(parseMessageId(''), undefined);
  });

  test('base subject', () => {
    for (const [subject, base] of [
      ['a', 'a'],
      ['[foo] Fwd: [bar] Re: fw: b (fWd)  (fwd)', 'b'],
      ['b (a)', 'b (a)'],
      ['Re: [FWD: c]', 'c'],
      ['[xyz]', '[xyz]'],
      ['Re[2]: x', 'x'],
      ['re: ', ''],
      ['', ''],
    ] as const)
      assert.equal(baseSubject(subject), base, subject);
  });
});

describe('parameters', () => {
  const value = (header: string, name: string): string | undefined =>
    parameterValue(parseMediaType(`text/plain; ${header}`)!.params, name);

  test('forms', () => {
    assert.equal(value('charset=us-ascii (Plain text)', 'charset'), 'us-ascii');
    assert.equal(value('charset = "utf-8" ; x', 'charset'), 'utf-8');
    assert.equal(value('name="a\\"b;c"; x=y', 'name'), 'a"b;c');
    assert.equal(value('name=my file.txt; x=y', 'name'), 'my file.txt');
    assert.equal(value('a=1 charset=utf-8', 'charset'), 'utf-8');
    assert.equal(value('name="unclosed', 'name'), 'unclosed');
    assert.equal(value('name==?utf-8?q?=C3=A4?=', 'name'), 'ä');
  });

  test('RFC 2231', () => {
    assert.equal(value("title*=us-ascii'en-us'This%20is", 'title'), 'This is');
    assert.equal(value('t*0*=iso-8859-1\'\'%e4; t*1="b c"; t*2*=%20d', 't'), 'äb c d');
    assert.equal(value('url*1=b; url*0=a', 'url'), 'ab');
    assert.equal(value("n=plain; n*=utf-8''%c3%a4", 'n'), 'ä');
    assert.deepEqual(parseMediaType('a/b; f*0*=utf-8\'\'%e2; f*1="x y"')!.params, [
      ['f*', "utf-8''%e2x%20y"],
    ]);
    assert.deepEqual(parseMediaType('a/b; f*2=x; *=y')!.params, []);
  });
});

describe('transfer encodings', () => {
  test('quoted-printable', () => {
    const decode = (text: string): string =>
      decodeTransfer(Buffer.from(text), 'Quoted-Printable')!.toString('latin1');
    assert.equal(decode('a=3Db=\r\nc  \r\nd = =E4=e4=zz=\n'), 'a=bc\r\nd = \xe4\xe4=zz');
    assert.equal(decode('soft= \r\nend='), 'softend');
    assert.equal(decode('keep =20\r\n'), 'keep  \r\n');
  });

  test('base64 of real mailers', () => {
    const decode = (text: string): string =>
      decodeTransfer(Buffer.from(text), 'base64')!.toString();
    assert.equal(decode('aGVs\r\nbG8=\r\n'), 'hello');
    assert.equal(decode('aGVs!bG8'), 'hello');
    assert.equal(decode('aGVsbG8=\r\nIHdvcmxk\r\n'), 'hello world');
    // "-" and "_" are of another alphabet; here they are foreign (RFC 2045 §6.8), as in a stream.
    assert.equal(decode('aGVs-bG8_'), 'hello');
    assert.equal(decode('--aGVsbG8=--IHdvcmxk'), 'hello world');
  });

  test('uuencode and the unknown', () => {
    assert.equal(
      decodeTransfer(
        Buffer.from('x\nbegin 644 f\n#0V%T\n`\nend\nrest\n'),
        'x-uuencode',
      )!.toString(),
      'Cat',
    );
    assert.equal(decodeTransfer(Buffer.from('x'), 'x-unknown'), undefined);
    assert.equal(decodeTransfer(Buffer.from('x'), '')!.toString(), 'x');
    assert.throws(() => new TransferDecoder('x-unknown'), RangeError);
  });

  test('a stream gives what the whole gives', () => {
    const alphabet = fc.constantFrom(
      '=',
      '=\r\n',
      '=3D',
      ' ',
      '\t',
      '\r\n',
      '\n',
      'a',
      'QUJD',
      'Zg==',
      '\r',
      '#0V%T\n',
      'begin 1 x\n',
      'end\n',
    );
    fc.assert(
      fc.property(
        fc.array(alphabet, { maxLength: 40 }),
        fc.constantFrom('base64', 'quoted-printable', 'uuencode', '8bit'),
        fc.integer({ min: 1, max: 9 }),
        (pieces, encoding, size) => {
          const bytes = Buffer.from(pieces.join(''));
          const decoder = new TransferDecoder(encoding);
          const out: Buffer[] = [];
          for (let at = 0; at < bytes.length; at += size)
            out.push(decoder.push(bytes.subarray(at, at + size)));
          out.push(decoder.end());
          assert.equal(
            Buffer.concat(out).toString('latin1'),
            decodeTransfer(bytes, encoding)!.toString('latin1'),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('a stream without line ends is held in constant memory', () => {
    const decoder = new TransferDecoder('quoted-printable');
    let size = 0;
    for (let turn = 0; turn < 100; turn++) size += decoder.push(Buffer.alloc(3000, '=41')).length;
    assert.ok(size > 50_000, `${size} bytes came out before the end`);
    assert.equal(size + decoder.end().length, 100_000);
  });
});

test('charsets', () => {
  for (const [hex, charset, text] of [
    ['c3a4', 'UTF-8', 'ä'],
    ['e4', 'iso-8859-1', 'ä'],
    ['e4', undefined, 'ä'],
    ['c3a4', 'us-ascii', 'ä'],
    ['80', 'iso-8859-1', '€'],
    ['b1', 'iso-8859-2', 'ą'],
    ['93fa967b', 'cp932', '日本'],
    ['c4e3bac3', 'gb2312', '你好'],
    ['feff0041', 'utf-16', 'A'],
    ['fffe4100', 'utf-16', 'A'],
    ['0041', 'utf-16', 'A'],
    [Buffer.from('a+AOQ-b+-').toString('hex'), 'utf-7', 'aäb+'],
    ['e4', 'no-such-charset', 'ä'],
    ['c3', 'utf-8', '\ufffd'],
  ] as const)
    assert.equal(decodeCharset(Buffer.from(hex, 'hex'), charset), text, `${hex} as ${charset}`);
});

test('html', () => {
  for (const [html, text] of [
    ['<p>a<b>b</b>c</p>d', '\nabc\nd'],
    ['x<style>p > a {}</style>y<!-- > -->z', 'x  yz'],
    ['&lt;&auml;&#228;&#xE4;&nbsp;&bogus;&amp', '<äää\u00a0&bogus;&'],
    ['<a title="x > y">z</a>', 'z'],
    ['1 < 2', '1 < 2'],
    ['<script>', ' '],
    ['a<br/>b', 'a\nb'],
  ] as const)
    assert.equal(htmlToText(html), text, html);
});

describe('dates', () => {
  test('standard and obsolete forms', () => {
    const noon = Date.UTC(2003, 6, 1, 10, 52, 37);
    for (const text of [
      'Tue, 1 Jul 2003 10:52:37 +0000',
      '1 Jul 03 10:52:37 GMT',
      'Tue, 1 Jul 103 12:52:37 +0200 (CEST)',
      'tue,1 jul 2003 03 : 52 : 37 PDT',
      'Tue (x (y)), 1 Jul 2003 10:52:37 Z',
      'Tue, 1-Jul-2003 10:52:37',
      'Tue Jul  1 10:52:37 2003',
      'Tue Jul 1 03:52:37 PDT 2003',
    ])
      assert.equal(parseDate(text), noon, text);
    assert.equal(parseDate('1 Jan 70 00:00 +0000'), 0);
    for (const text of [
      '',
      'yesterday',
      '32 Jan 2020 00:00:00 +0000',
      '1 Foo 2020 00:00:00 +0000',
      '1 Jan 20201 00:00:00 Z9',
    ])
      assert.equal(parseDate(text), undefined, text);
  });

  test('a missing time, and one that no clock shows, is midnight (RFC 5256 §2.2)', () => {
    const midnight = Date.UTC(2003, 6, 1);
    for (const text of [
      'Tue, 1 Jul 2003',
      '1 Jul 2003 GMT',
      '1 Jul 2003 25:00:00 Z',
      'Tue, 1 Jul 2003 10:61 +0000',
      '1-Jul-2003 noonish',
    ])
      assert.equal(parseDate(text), midnight, text);
    assert.equal(parseDate('1 Jul 2003 +0200'), midnight - 7_200_000);
  });

  test('what is written can be read', () => {
    assert.equal(formatDate(Date.UTC(2007, 2, 24, 21), 120), 'Sat, 24 Mar 2007 23:00:00 +0200');
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_102_444_800 }),
        fc.integer({ min: -720, max: 840 }),
        (second, zone) => {
          assert.equal(parseDate(formatDate(second * 1000, zone)), second * 1000);
        },
      ),
    );
  });
});
