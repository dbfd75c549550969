import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCommand } from './commands.ts';
import { encodeMetadata, encodeMetadataChanged } from './metadata.ts';
import { parseResponse, type Untagged } from './response.ts';
import { ResponseReader } from './response-reader.ts';

const OPTIONS = { utf8Names: true };

function body(line: string): unknown {
  const parsed = parseCommand(Buffer.from(`a ${line}`, 'latin1'), OPTIONS);
  return parsed.ok ? parsed.command.body : `${parsed.status} ${parsed.text}`;
}

function dataOf(wire: string): Untagged {
  const reader = new ResponseReader(OPTIONS);
  reader.push(Buffer.from(wire, 'latin1'));
  const response = reader.next();
  assert.ok(response?.kind === 'untagged', JSON.stringify(response));
  assert.equal(reader.next(), undefined);
  return response.data;
}

const get = (more: object): object => ({
  name: 'GETMETADATA',
  mailbox: 'INBOX',
  depth: 0,
  ...more,
});

test('GETMETADATA, its options before or after the mailbox (RFC 5464 §4.2)', () => {
  const comment = { entries: ['/shared/comment'] };
  assert.deepEqual(body('GETMETADATA inbox /Shared/Comment'), get(comment));
  assert.deepEqual(body('GETMETADATA "" "/shared/comment"'), get({ ...comment, mailbox: '' }));
  const both = { entries: ['/shared/comment', '/private/comment'], maxSize: 1024, depth: 1 };
  for (const line of [
    'GETMETADATA (MAXSIZE 1024 DEPTH 1) INBOX (/shared/comment /private/comment)',
    'GETMETADATA INBOX (depth 1 maxsize 1024) (/shared/comment /private/comment /SHARED/comment)',
    'GETMETADATA INBOX (DEPTH 1 MAXSIZE 1024) ({15+}\r\n/shared/comment "/private/comment")',
  ])
    assert.deepEqual(body(line), get(both), line);
  assert.deepEqual(
    body('GETMETADATA (DEPTH infinity) "INBOX" (/private /shared)'),
    get({ entries: ['/private', '/shared'], depth: 'infinity' }),
  );
  for (const [line, text] of [
    ['GETMETADATA INBOX', /an entry/],
    ['GETMETADATA INBOX ()', /an entry/],
    ['GETMETADATA (DEPTH 2) INBOX /shared', /0, 1 or infinity/],
    ['GETMETADATA (LIMIT 2) INBOX /shared', /MAXSIZE or DEPTH/],
    ['GETMETADATA (DEPTH 1) INBOX (DEPTH 1) /shared', /an entry|begins with/],
    ['GETMETADATA INBOX /comment', /begins with \/private or \/shared/],
    ['GETMETADATA INBOX shared/comment', /begins with/],
    ['GETMETADATA INBOX /sharedx/comment', /begins with/],
    ['GETMETADATA INBOX /shared//comment', /no empty level/],
    ['GETMETADATA INBOX /shared/comment/', /no empty level/],
    ['GETMETADATA INBOX "/shared/c*"', /without "\*" and "%"/],
    ['GETMETADATA INBOX "/shared/c%"', /without "\*" and "%"/],
    ['GETMETADATA INBOX "/shared/\xe4"', /printable US-ASCII/],
    [`GETMETADATA INBOX /shared/${'x'.repeat(1000)}`, /at most 1000 bytes/],
  ] as const) {
    assert.match(String(body(line)), /^BAD /, line);
    assert.match(String(body(line)), text, line);
  }
});

test('SETMETADATA takes strings, literals, literal8 and NIL (RFC 5464 §4.3)', () => {
  assert.deepEqual(
    body(
      'SETMETADATA INBOX (/private/a "x \\" y" /Private/B {3+}\r\na\r\n /shared/c ~{2+}\r\n\0\xff /shared/d nil /shared/e "NIL")',
    ),
    {
      name: 'SETMETADATA',
      mailbox: 'INBOX',
      values: new Map([
        ['/private/a', Buffer.from('x " y')],
        ['/private/b', Buffer.from('a\r\n')],
        ['/shared/c', Buffer.from([0, 255])],
        ['/shared/d', null],
        ['/shared/e', Buffer.from('NIL')],
      ]),
    },
  );
  for (const [line, text] of [
    ['SETMETADATA INBOX ()', /an entry/],
    ['SETMETADATA INBOX (/shared/a)', /a value/],
    ['SETMETADATA INBOX (/shared/a x)', /a string or NIL/],
    ['SETMETADATA INBOX (/shared "x")', /\/shared itself has no value/],
    ['SETMETADATA INBOX /shared/a "x"', /"\("/],
    ['SETMETADATA INBOX (/shared/a {2+}\r\na\0)', /NUL/],
  ] as const) {
    assert.match(String(body(line)), /^BAD /, line);
    assert.match(String(body(line)), text, line);
  }
});

test('LIST RETURN (METADATA …) (RFC 9590 §3)', () => {
  const listed = body(
    'LIST "" % RETURN (CHILDREN METADATA ("/shared/A" /private/b) STATUS (MESSAGES))',
  );
  const { returns, metadata, status } = listed as Record<string, unknown>;
  assert.deepEqual(returns, new Set(['CHILDREN']));
  assert.deepEqual(metadata, ['/shared/a', '/private/b']);
  assert.deepEqual(status, ['MESSAGES']);
  assert.match(String(body('LIST "" % RETURN (METADATA)')), /a list of entries/);
});

test('responses stand as RFC 5464 §4.4 has them', () => {
  const values = [
    ['/shared/comment', Buffer.from('Shared comment')],
    ['/private/x y', null],
    ['/private/bin', Buffer.from([0, 0xff])],
    ['/private/text', Buffer.from('ä')],
  ] as const;
  assert.equal(
    encodeMetadata('INBOX', values, false),
    '* METADATA INBOX (/shared/comment "Shared comment" "/private/x y" NIL /private/bin ~{2}\r\n\0\xff /private/text {2}\r\n\xc3\xa4)\r\n',
  );
  assert.equal(
    encodeMetadataChanged('', ['/shared/comment', '/private/x y'], false),
    '* METADATA "" /shared/comment "/private/x y"\r\n',
  );
  assert.deepEqual(dataOf('* METADATA "" /shared/comment\r\n'), {
    type: 'METADATA',
    mailbox: '',
    changed: ['/shared/comment'],
  });
  const half = parseResponse(Buffer.from('* METADATA x (/shared/a)'), OPTIONS);
  assert.equal(half.kind, 'invalid');
});

const level = fc.stringMatching(/^[!-$&-)+-.0-@[-~]{1,12}$/);
const entry = fc
  .tuple(fc.constantFrom('/private', '/shared'), fc.array(level, { minLength: 1, maxLength: 3 }))
  .map(([root, levels]) => [root, ...levels].join('/').toLowerCase());
const value = fc.option(
  fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ maxLength: 40 }).map((text) => Buffer.from(text)),
  ),
);
const pairs = fc.uniqueArray(fc.tuple(entry, value), {
  selector: ([name]) => name,
  minLength: 1,
  maxLength: 6,
});

test('property: what is written is read again', () => {
  fc.assert(
    fc.property(pairs, fc.boolean(), (written, utf8) => {
      const wire = encodeMetadata('a b', written, utf8);
      const expected = { type: 'METADATA', mailbox: 'a b', values: new Map(written) };
      assert.deepEqual(dataOf(wire), expected);
      // A SETMETADATA has the same list.
      const list = wire.slice('* METADATA '.length, -2);
      assert.deepEqual(body(`SETMETADATA ${list}`), {
        name: 'SETMETADATA',
        mailbox: 'a b',
        values: new Map(written),
      });
      const changed = written.map(([name]) => name);
      assert.deepEqual(dataOf(encodeMetadataChanged('x', changed, utf8)), {
        type: 'METADATA',
        mailbox: 'x',
        changed,
      });
    }),
  );
});
