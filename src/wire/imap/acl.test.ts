import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AclData, encodeAclData } from './acl.ts';
import { parseCommand } from './commands.ts';
import { parseResponse } from './response.ts';

function parse(line: string, utf8Names = false) {
  const parsed = parseCommand(Buffer.from(`a ${line}`), { utf8Names });
  return parsed.ok ? parsed.command.body : `${parsed.status} ${parsed.text}`;
}

test('SETACL replaces, adds and removes; obsolete rights are read as what they stand for (RFC 4314 §3.1)', () => {
  const about = { name: 'SETACL', mailbox: 'INBOX', identifier: 'bob@example.test' } as const;
  const set = (rights: string) => parse(`setacl inbox bob@example.test ${rights}`);
  assert.deepEqual(set('lrs'), { ...about, operation: 'replace', rights: 'lrs' });
  assert.deepEqual(set('+cda'), { ...about, operation: 'add', rights: 'kxtea' });
  assert.deepEqual(set('-rl'), { ...about, operation: 'remove', rights: 'lr' });
  assert.deepEqual(set('""'), { ...about, operation: 'replace', rights: '' });
  assert.deepEqual(set('"+"'), { ...about, operation: 'add', rights: '' });
});

test('a right that is not known is BAD, never passed over (RFC 4314 §3.1)', () => {
  for (const rights of ['lrQswicda', 'lrqswicda', 'l1', '++l', '"l r"', 'L'])
    assert.match(parse(`SETACL INBOX bob ${rights}`) as string, /^BAD .*are no rights/, rights);
  for (const line of [
    'SETACL INBOX bob',
    'SETACL INBOX "" l',
    'DELETEACL INBOX',
    'GETACL',
    'MYRIGHTS INBOX x',
  ])
    assert.match(parse(line) as string, /^BAD /, line);
});

test('identifiers are strings in UTF-8, names of mailboxes as everywhere (RFC 4314 §7)', () => {
  assert.deepEqual(parse('DELETEACL Entw&APw-rfe -anyone'), {
    name: 'DELETEACL',
    mailbox: 'Entwürfe',
    identifier: '-anyone',
  });
  assert.deepEqual(
    parse('LISTRIGHTS "a b" {16+}\r\nmüller@x.test', false),
    'BAD LISTRIGHTS: expected the bytes of the literal, found "m??ller@x.test"',
  );
  assert.deepEqual(parse('LISTRIGHTS "a b" {14+}\r\nmüller@x.test', false), {
    name: 'LISTRIGHTS',
    mailbox: 'a b',
    identifier: 'müller@x.test',
  });
  assert.deepEqual(parse('getacl "Entwürfe"', true), { name: 'GETACL', mailbox: 'Entwürfe' });
  assert.deepEqual(parse('myrights inbox'), { name: 'MYRIGHTS', mailbox: 'INBOX' });
});

test('responses are written as RFC 4314 §3.6 to §3.8 show them', () => {
  const wire = (data: AclData): string => encodeAclData(data, false);
  const entries = [
    { identifier: 'Fred', rights: 'rwipslda' },
    { identifier: '-Fred', rights: 'wetd' },
  ];
  assert.equal(
    wire({ type: 'ACL', mailbox: 'INBOX', entries }),
    '* ACL INBOX Fred rwipslda -Fred wetd\r\n',
  );
  assert.equal(
    wire({
      type: 'LISTRIGHTS',
      mailbox: 'a/b',
      identifier: 'smith',
      required: '',
      optional: ['l', 'r'],
    }),
    '* LISTRIGHTS a/b smith "" l r\r\n',
  );
  assert.equal(
    wire({ type: 'MYRIGHTS', mailbox: 'Entwürfe', rights: 'lr' }),
    '* MYRIGHTS Entw&APw-rfe lr\r\n',
  );
});

test('whatever is written is read as the same', () => {
  const text = fc
    .string({ unit: 'grapheme', maxLength: 12 })
    .filter((each) => !/[\0\r\n]/.test(each))
    .map((each) => each.normalize('NFC'));
  const mailbox = text.filter((each) => each !== '' && each.toUpperCase() !== 'INBOX');
  const data: fc.Arbitrary<AclData> = fc.oneof(
    fc.record({
      type: fc.constant('ACL' as const),
      mailbox,
      entries: fc.array(fc.record({ identifier: text, rights: text }), { maxLength: 4 }),
    }),
    fc.record({
      type: fc.constant('LISTRIGHTS' as const),
      mailbox,
      identifier: text,
      required: text,
      optional: fc.array(text, { maxLength: 4 }),
    }),
    fc.record({ type: fc.constant('MYRIGHTS' as const), mailbox, rights: text }),
  );
  fc.assert(
    fc.property(data, fc.boolean(), (written, utf8) => {
      const wire = encodeAclData(written, utf8);
      const bytes = Buffer.from(wire.slice(0, -2), 'latin1');
      const read = parseResponse(bytes, { utf8Names: utf8 });
      assert.ok(read.kind === 'untagged', JSON.stringify(read));
      assert.deepEqual(read.data, structuredClone(written));
    }),
  );
});
