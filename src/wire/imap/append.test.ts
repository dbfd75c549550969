import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAppendLiteral, parseAppendNext } from './append.ts';
import { parseCommand } from './commands.ts';

const REV1 = { utf8Names: false };
const announced = (text: string) => parseAppendLiteral(Buffer.from(text), REV1);

test('the literal of a message is told from other literals', () => {
  assert.deepEqual(announced('a APPEND inbox {310}'), {
    ok: true,
    kind: 'message',
    tag: 'a',
    mailbox: 'INBOX',
    head: { flags: [], utf8: false },
    literal: { size: 310, synchronizing: true, binary: false },
  });
  assert.deepEqual(announced('a append {1+}\r\nx (\\seen k) "17-Jul-1996 02:44:25 -0700" ~{3+}'), {
    ok: true,
    kind: 'message',
    tag: 'a',
    mailbox: 'x',
    head: { flags: ['\\Seen', 'k'], internalDateMs: Date.UTC(1996, 6, 17, 9, 44, 25), utf8: false },
    literal: { size: 3, synchronizing: false, binary: true },
  });
  assert.deepEqual(announced('a APPEND {5}'), { ok: true, kind: 'argument' });
  assert.deepEqual(announced('a LOGIN x {5}'), { ok: true, kind: 'argument' });
  const utf8 = announced('a APPEND x UTF8 (~{5+}');
  assert.ok(utf8.ok && utf8.kind === 'message' && utf8.head.utf8);
});

test('a head that is wrong is refused before the message comes', () => {
  const refusal = (text: string): string => {
    const result = announced(text);
    assert.ok(!result.ok, text);
    return `${result.tag} ${result.text}`;
  };
  assert.match(refusal('a APPEND x (\\Foo) {5}'), /^a APPEND: \\Foo is not a flag/);
  assert.match(refusal('a APPEND x "yesterday" {5}'), /^a APPEND: expected a date-time such as/);
  assert.match(refusal('a APPEND x foo {5}'), /^a APPEND: expected the message as a literal/);
  assert.match(refusal('a APPEND x UTF8 ({5}'), /expected a literal8/);
  assert.match(refusal('{5}'), /^\* expected a tag/);
});

test('after a message comes the end or the next message', () => {
  const next = (text: string, utf8 = false) =>
    parseAppendNext(Buffer.from(text), REV1, { utf8, tag: 'a' });
  assert.deepEqual(next(''), { ok: true, kind: 'end' });
  assert.deepEqual(next(')', true), { ok: true, kind: 'end' });
  assert.deepEqual(next(' (\\Draft) {7+}'), {
    ok: true,
    kind: 'message',
    head: { flags: ['\\Draft'], utf8: false },
    literal: { size: 7, synchronizing: false, binary: false },
  });
  assert.equal(next(') UTF8 (~{7}', true).ok, true);
  for (const wrong of ['x', ' x', ')', ' (\\Draft)', ' {7} x'])
    assert.equal(next(wrong).ok, false, wrong);
  assert.equal(next('', true).ok, false);
});

test('an APPEND with collected messages is a command', () => {
  const text = 'a APPEND x {2+}\r\nhi (\\Seen) UTF8 (~{3}\r\n\0\r\n)';
  const result = parseCommand(Buffer.from(text), REV1);
  assert.ok(result.ok);
  assert.deepEqual(result.command.body, {
    name: 'APPEND',
    mailbox: 'x',
    messages: [
      { flags: [], utf8: false, data: Buffer.from('hi') },
      { flags: ['\\Seen'], utf8: true, data: Buffer.from('\0\r\n') },
    ],
  });
  const further = announced('a APPEND x {2+}\r\nhi (\\Seen) {3}');
  assert.ok(further.ok && further.kind === 'message');
  assert.deepEqual(further.head.flags, ['\\Seen']);
  for (const wrong of [
    'a APPEND x',
    'a APPEND x "hi"',
    'a APPEND x {3}\r\nhi',
    'a APPEND x {2}\r\nhi)',
  ])
    assert.equal(parseCommand(Buffer.from(wrong), REV1).ok, false, wrong);
});
