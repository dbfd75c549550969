/** What doors do with a parsed message: part numbers, previews, search, trace fields. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  findPart,
  foldForSearch,
  leafParts,
  parseMessage,
  receivedField,
  returnPathField,
  searchableText,
} from './index.ts';

const NESTED = Buffer.from(
  [
    'Subject: =?utf-8?q?=C3=84u=C3=9Feres?=',
    'Content-Type: multipart/mixed; boundary=o',
    '',
    '--o',
    'Content-Type: text/plain; charset=iso-8859-1',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'gr=FCn',
    '--o',
    'Content-Type: message/rfc822',
    '',
    'Subject: inner',
    'Content-Type: multipart/alternative; boundary=i',
    '',
    '--i',
    '',
    'plain',
    '--i',
    'Content-Type: text/html',
    '',
    '<b>bold</b>',
    '--i--',
    '--o',
    'Content-Type: message/rfc822',
    '',
    'Subject: simple',
    '',
    'text',
    '--o--',
    '',
  ].join('\r\n'),
);

function bodyOf(path: readonly number[]): string | undefined {
  const part = findPart(parseMessage(NESTED).structure, path);
  return part === undefined ? undefined : NESTED.toString('latin1', part.bodyStart, part.bodyEnd);
}

describe('part numbers', () => {
  test('through multiparts and messages', () => {
    assert.equal(bodyOf([1]), 'gr=FCn');
    assert.equal(bodyOf([2, 1]), 'plain');
    assert.equal(bodyOf([2, 2]), '<b>bold</b>');
    assert.equal(bodyOf([3, 1]), 'text');
    assert.match(bodyOf([3])!, /^Subject: simple/);
    for (const path of [[0], [4], [1, 1], [2, 3], [3, 2], [3, 1, 1]])
      assert.equal(bodyOf(path), undefined, `${path}`);
  });

  test('part 1 of a message that is no multipart is itself', () => {
    const { structure } = parseMessage(Buffer.from('A: b\r\n\r\nbody'));
    assert.equal(findPart(structure, [1]), structure);
    assert.equal(findPart(structure, []), structure);
    assert.equal(findPart(structure, [2]), undefined);
    assert.equal(findPart(structure, [1, 1]), undefined);
  });

  test('a message that is nothing but another message', () => {
    const { structure } = parseMessage(
      Buffer.from('Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nbody'),
    );
    assert.equal(findPart(structure, [1]), structure);
    assert.equal(findPart(structure, [1, 1]), structure.children[0]);
    assert.deepEqual([...leafParts(structure)], [structure.children[0]]);
  });
});

describe('previews', () => {
  const preview = (...lines: string[]): string =>
    parseMessage(Buffer.from(lines.join('\r\n'))).preview;

  test('decoded, collapsed, cut', () => {
    assert.equal(parseMessage(NESTED).preview, 'grün');
    assert.equal(preview('A: b', '', ' one ', '', '\ttwo'), 'one two');
    assert.equal(
      [...preview('Content-Type: text/plain; charset=utf-8', '', '😀'.repeat(300))].length,
      200,
    );
    assert.equal(
      preview('Content-Type: text/html', '', '<title>t</title><p>Hello&nbsp;&amp;</p><style>x'),
      'Hello &',
    );
    assert.equal(
      preview('Content-Type: text/html', '', `<style>${'x'.repeat(5000)}</style>late`),
      'late',
    );
    assert.equal(preview('Content-Type: image/png', '', 'data'), '');
  });

  test('the next text when the first is empty; never an attachment', () => {
    const parts = (first: string, second: string): string =>
      preview(
        'Content-Type: multipart/mixed; boundary=x',
        '',
        '--x',
        first,
        '--x',
        second,
        '--x--',
      );
    assert.equal(parts('\r\n  ', 'Content-Type: text/html\r\n\r\n<p>two'), 'two');
    assert.equal(parts('Content-Disposition: attachment\r\n\r\none', '\r\ntwo'), 'two');
  });
});

test('search text: bodies decoded, headers of embedded messages count as body', () => {
  const read = (start: number, end: number): Buffer => NESTED.subarray(start, end);
  const { structure } = parseMessage(NESTED);
  const body = [...searchableText(structure, read)].join('|');
  assert.match(body, /^grün\|/);
  assert.match(body, /Subject: inner/);
  assert.match(body, /plain\|bold\|/);
  assert.doesNotMatch(body, /Äußeres|iso-8859/);
  const text = [...searchableText(structure, read, true)].join('|');
  assert.match(text, /Subject: Äußeres/);
  assert.match(text, /charset=iso-8859-1/);
  assert.equal(text.split('Subject: inner').length, 2);
  assert.ok(foldForSearch('GRU\u0308N').includes(foldForSearch('grün')));
});

describe('trace fields', () => {
  test('all clauses', () => {
    assert.equal(
      receivedField({
        fromHelo: 'client.test',
        fromAddress: '2001:db8::1',
        fromHost: 'rdns.test',
        byHost: 'mx.test',
        protocol: 'ESMTPSA',
        tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
        id: 'abc',
        forAddress: 'ä@x.test',
        dateMs: 0,
      }),
      'Received: from client.test (rdns.test [IPv6:2001:db8::1])\r\n\tby mx.test with ESMTPSA id abc\r\n' +
        '\tfor <\xc3\xa4@x.test>\r\n\ttls TLS_AES_256_GCM_SHA384 (TLSv1.3);\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n',
    );
  });

  test('hostile values cannot leave their place', () => {
    const field = receivedField({
      fromHelo: 'evil)\r\nBcc: x',
      fromAddress: undefined,
      byHost: 'mx.test',
      protocol: 'SMTP',
      id: '',
      forAddress: 'a>\r\nX: y',
      dateMs: 0,
    });
    assert.equal(
      field,
      'Received: from evil???Bcc:?x\r\n\tby mx.test with SMTP id unknown\r\n\tfor <a???X: y>;\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n',
    );
    assert.equal(returnPathField(''), 'Return-Path: <>\r\n');
    assert.equal(returnPathField('a\r\n@b'), 'Return-Path: <a??@b>\r\n');
  });
});
