import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MessageParser, type MessageProperties, type Part, parseMessage } from './index.ts';
import { DEPTH_MAX, HEAD_BYTES_MAX, PARTS_MAX } from './message-parser.ts';
import { checkProperties } from './soundness.conformance.ts';

function message(...lines: string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

function outline(part: Part): string {
  const media = `${part.type}/${part.subtype}`;
  return part.children.length === 0 ? media : `${media}(${part.children.map(outline).join(' ')})`;
}

function bodyOf(bytes: Buffer, part: Part): string {
  return bytes.toString('latin1', part.bodyStart, part.bodyEnd);
}

function inPieces(bytes: Buffer, sizes: readonly number[]): MessageProperties {
  const parser = new MessageParser();
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    parser.push(chunk);
    // The parser must not lean on a chunk that its owner reuses.
    chunk.fill(0x2d);
    at += size;
  }
  return parser.end();
}

describe('structure', () => {
  test('a simple message', () => {
    const bytes = message('Subject: hi', 'From: a@b.test', '', 'one', 'two', '');
    const found = parseMessage(bytes);
    assert.equal(found.headBytes, 31);
    assert.equal(outline(found.structure), 'text/plain');
    assert.equal(bodyOf(bytes, found.structure), 'one\r\ntwo\r\n');
    assert.equal(found.structure.lines, 2);
    assert.equal(
      found.bodyStructure,
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 2 NIL NIL NIL NIL)',
    );
    assert.equal(found.body, '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 2)');
    checkProperties(bytes, found);
  });

  test('header without body, body without header, nothing', () => {
    assert.equal(parseMessage(message('Subject: x', '')).headBytes, 12);
    assert.equal(parseMessage(message('Subject: x')).subject, 'x');
    assert.equal(parseMessage(message('', 'body')).headBytes, 2);
    assert.equal(parseMessage(Buffer.alloc(0)).headBytes, 0);
    for (const bytes of [
      message('Subject: x', ''),
      message('', 'body'),
      Buffer.alloc(0),
      message('\r'),
    ])
      checkProperties(bytes, parseMessage(bytes));
  });

  test('multipart: preamble, padding, the line break of the boundary, epilogue', () => {
    const bytes = message(
      'Content-Type: multipart/mixed; boundary="a b"',
      '',
      'preamble',
      '--a b \t',
      '',
      'one',
      '',
      '--a b',
      'Content-Type: text/html',
      '',
      '--a b-- ',
      'epilogue --a b',
      '--a b',
      'still epilogue',
    );
    const found = parseMessage(bytes);
    assert.equal(outline(found.structure), 'multipart/mixed(text/plain text/html)');
    assert.equal(bodyOf(bytes, found.structure.children[0]!), 'one\r\n');
    assert.equal(found.structure.children[0]!.lines, 1);
    assert.equal(bodyOf(bytes, found.structure.children[1]!), '');
    checkProperties(bytes, found);
  });

  test('a part directly behind a delimiter, headers cut by a delimiter, no closing delimiter', () => {
    const bytes = message(
      'Content-Type: multipart/mixed; boundary=x',
      '',
      '--x',
      '--x',
      'Content-Type: text/html',
      '--x',
      'Content-Type: image/png',
      '',
      'data',
    );
    const found = parseMessage(bytes);
    assert.equal(outline(found.structure), 'multipart/mixed(text/plain text/html image/png)');
    assert.equal(bodyOf(bytes, found.structure.children[2]!), 'data');
    checkProperties(bytes, found);
  });

  test('nested boundaries that are prefixes of each other', () => {
    for (const [outer, inner] of [
      ['abc', 'abcd'],
      ['abcd', 'abc'],
      ['abc', 'abc--'],
    ]) {
      const bytes = message(
        `Content-Type: multipart/mixed; boundary="${outer}"`,
        '',
        `--${outer}`,
        `Content-Type: multipart/alternative; boundary="${inner}"`,
        '',
        `--${inner}`,
        '',
        'one',
        `--${inner}`,
        'Content-Type: text/html',
        '',
        'two',
        `--${inner}--`,
        `--${outer}`,
        'Content-Type: image/gif',
        '',
        'three',
        `--${outer}--`,
      );
      const found = parseMessage(bytes);
      assert.equal(
        outline(found.structure),
        'multipart/mixed(multipart/alternative(text/plain text/html) image/gif)',
      );
      checkProperties(bytes, found);
    }
  });

  test('an outer delimiter ends inner multiparts that were never closed', () => {
    const bytes = message(
      'Content-Type: multipart/mixed; boundary=o',
      '',
      '--o',
      'Content-Type: multipart/related; boundary=i',
      '',
      '--i',
      '',
      'one',
      '--o',
      '',
      'two',
      '--o--',
    );
    const found = parseMessage(bytes);
    assert.equal(
      outline(found.structure),
      'multipart/mixed(multipart/related(text/plain) text/plain)',
    );
    assert.equal(bodyOf(bytes, found.structure.children[1]!), 'two');
    checkProperties(bytes, found);
  });

  test('bare line feeds', () => {
    const bytes = Buffer.from(
      'Content-Type: multipart/mixed; boundary=x\n\n--x\n\nhello\n\n--x--\n',
    );
    const found = parseMessage(bytes);
    assert.equal(bodyOf(bytes, found.structure.children[0]!), 'hello\n');
    checkProperties(bytes, found);
  });

  test('digest entries default to messages, and their headers give envelopes', () => {
    const bytes = message(
      'Content-Type: multipart/digest; boundary=foo',
      '',
      '--foo',
      '',
      'From: m1@example.com',
      'Subject: m1',
      '',
      'm1 body',
      '',
      '--foo',
      'Content-Type: text/plain',
      '',
      'no message',
      '--foo--',
    );
    const found = parseMessage(bytes);
    assert.equal(
      outline(found.structure),
      'multipart/digest(message/rfc822(text/plain) text/plain)',
    );
    const [entry] = found.structure.children;
    assert.equal(bodyOf(bytes, entry!.children[0]!), 'm1 body\r\n');
    assert.match(entry!.envelope!, /^\(NIL "m1" \(\(NIL NIL "m1" "example.com"\)\)/);
    assert.equal(entry!.lines, 4);
    checkProperties(bytes, found);
  });

  test('an embedded message with an empty body keeps its blank line', () => {
    const bytes = message(
      'Content-Type: multipart/mixed; boundary=x',
      '',
      '--x',
      'Content-Type: message/rfc822',
      '',
      'Subject: in',
      '',
      '--x--',
    );
    const found = parseMessage(bytes);
    const [entry] = found.structure.children;
    assert.equal(bodyOf(bytes, entry!), 'Subject: in\r\n\r\n');
    checkProperties(bytes, found);
  });

  test('an encoded message/rfc822 is opaque but valid syntax', () => {
    const bytes = message(
      'Content-Type: message/rfc822',
      'Content-Transfer-Encoding: base64',
      '',
      'QUJD',
    );
    const found = parseMessage(bytes);
    assert.equal(outline(found.structure), 'message/rfc822');
    assert.equal(
      found.body,
      '("message" "rfc822" NIL NIL NIL "base64" 4 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ' +
        '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) 0)',
    );
    checkProperties(bytes, found);
  });

  test('multiparts without parts or without boundary are text', () => {
    for (const type of [
      'multipart/mixed; boundary=x',
      'multipart/mixed',
      'multipart/mixed; boundary=""',
    ]) {
      const bytes = message(`Content-Type: ${type}`, '', 'see me');
      const found = parseMessage(bytes);
      assert.equal(outline(found.structure), 'text/plain');
      checkProperties(bytes, found);
    }
    assert.equal(
      parseMessage(message('Content-Type: multipart/mixed', '', 'see me')).preview,
      'see me',
    );
  });

  test('malformed content types are text', () => {
    for (const type of ['', 'text', 'text/', '/plain', ';', '(', 'image;png', '"text"/html'])
      assert.equal(
        outline(parseMessage(message(`Content-Type: ${type}`, '', 'x')).structure),
        'text/plain',
      );
  });
});

describe('bounds', () => {
  test('depth', () => {
    const lines: string[] = ['Subject: deep'];
    for (let level = 0; level < 200; level++)
      lines.push(`Content-Type: multipart/mixed; boundary=b${level}`, '', `--b${level}`);
    const bytes = message(...lines, '', 'bottom');
    const found = parseMessage(bytes);
    let depth = 1;
    for (let part = found.structure; part.children[0] !== undefined; part = part.children[0])
      depth++;
    assert.equal(depth, DEPTH_MAX);
    assert.match(outline(found.structure), /\(application\/octet-stream\)+$/);
    checkProperties(bytes, found);
  });

  test('messages in messages', () => {
    const bytes = message(...new Array<string>(500).fill('Content-Type: message/rfc822\r\n'), '');
    const found = parseMessage(bytes);
    checkProperties(bytes, found);
  });

  test('parts: the last takes the rest', () => {
    const lines: string[] = ['Content-Type: multipart/mixed; boundary=x', ''];
    for (let part = 0; part < 3000; part++) lines.push('--x', '', `part ${part}`);
    const bytes = message(...lines, '--x--', '');
    const found = parseMessage(bytes);
    assert.equal(found.structure.children.length, PARTS_MAX - 1);
    assert.equal(found.structure.children.at(-1)!.bodyEnd, bytes.length);
    checkProperties(bytes, found);
  });

  test('huge headers', () => {
    const filler = 'x'.repeat(HEAD_BYTES_MAX);
    const bytes = message('Subject: first', `X-Filler: ${filler}`, 'From: late@b.test', '', 'body');
    const found = parseMessage(bytes);
    assert.equal(found.subject, 'first');
    assert.equal(found.from, '');
    assert.equal(found.headBytes, bytes.length - 4);
    checkProperties(bytes, found);
    assert.deepEqual(inPieces(bytes, [1000]), found);
  });

  test('a line without end behind dashes is not waited for', () => {
    const bytes = message(
      'Content-Type: multipart/mixed; boundary=x',
      '',
      `--${'y'.repeat(100_000)}`,
    );
    assert.deepEqual(inPieces(bytes, [7]), parseMessage(bytes));
  });
});

describe('incremental', () => {
  test('headBytes is known as soon as the blank line went by', () => {
    const parser = new MessageParser();
    parser.push(Buffer.from('Subject: x\r\n\r'));
    assert.equal(parser.headBytes, undefined);
    parser.push(Buffer.from('\n'));
    assert.equal(parser.headBytes, 14);
  });

  /** Lines out of which tricky messages fall often. */
  const line = fc.constantFrom(
    '--a',
    '--a--',
    '--ab',
    '--ab--',
    '--',
    '-',
    '',
    '\r',
    '\0',
    'Content-Type: multipart/mixed; boundary=a',
    'Content-Type: multipart/digest; boundary=ab',
    'Content-Type: message/rfc822',
    'Content-Type: text/html',
    'Subject: =?utf-8?q?=c3=',
    ' folded',
    'From: "a <b@c',
    'To: g: a@b, (c;',
    'no colon',
    'Content-Disposition: x; a*0*=b; a*1="\xe9"',
    'Content-Transfer-Encoding: base64',
    '<p>&#x41;</p>',
    'Date: Mon, 1 Jan 2024 00:00:00 +0000',
    'Content-Type: multipart/alternative; boundary="a--"',
    '--a----',
  );
  const lineEnd = fc.constantFrom('\r\n', '\n', '\r\n', '\r\n', '\r', '');
  const tricky = fc
    .array(fc.tuple(line, lineEnd), { maxLength: 40 })
    .map((lines) => Buffer.from(lines.map((pair) => pair.join('')).join(''), 'latin1'));
  const splits = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });

  test('any split gives what the whole gives, and it is sound', () => {
    fc.assert(
      fc.property(tricky, splits, (bytes, sizes) => {
        const whole = parseMessage(bytes);
        checkProperties(bytes, whole);
        assert.deepEqual(inPieces(bytes, sizes), whole);
      }),
      { numRuns: 2000 },
    );
  });

  test('random bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), splits, (random, sizes) => {
        const bytes = Buffer.from(random);
        const whole = parseMessage(bytes);
        checkProperties(bytes, whole);
        assert.deepEqual(inPieces(bytes, sizes), whole);
      }),
      { numRuns: 500 },
    );
  });
});
