import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AppendPlace, parseAppendLiteral, parseAppendNext } from './append.ts';
import { parseCommand } from './commands.ts';

const REV1 = { utf8Names: false };
const begin = (flags: readonly string[], utf8 = false) => ({
  step: 'begin',
  head: { flags, utf8 },
});
const end = { step: 'end' };
const announced = (text: string) => parseAppendLiteral(Buffer.from(text), REV1);

test('the literal of a message is told from other literals', () => {
  assert.deepEqual(announced('a APPEND inbox {310}'), {
    ok: true,
    kind: 'message',
    tag: 'a',
    target: { name: 'APPEND', mailbox: 'INBOX' },
    run: {
      steps: [begin([])],
      literal: { size: 310, synchronizing: true, binary: false, as: 'message' },
    },
  });
  assert.deepEqual(announced('a append {1+}\r\nx (\\seen k) "17-Jul-1996 02:44:25 -0700" ~{3+}'), {
    ok: true,
    kind: 'message',
    tag: 'a',
    target: { name: 'APPEND', mailbox: 'x' },
    run: {
      steps: [
        {
          step: 'begin',
          head: {
            flags: ['\\Seen', 'k'],
            internalDateMs: Date.UTC(1996, 6, 17, 9, 44, 25),
            utf8: false,
          },
        },
      ],
      literal: { size: 3, synchronizing: false, binary: true, as: 'message' },
    },
  });
  assert.deepEqual(announced('a APPEND {5}'), { ok: true, kind: 'argument' });
  assert.deepEqual(announced('a LOGIN x {5}'), { ok: true, kind: 'argument' });
  const utf8 = announced('a APPEND x UTF8 (~{5+}');
  assert.ok(utf8.ok && utf8.kind === 'message');
  assert.deepEqual(utf8.run.steps, [begin([], true)]);
  assert.equal(utf8.run.literal?.as, 'utf8-message');
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
  const next = (
    text: string,
    place: AppendPlace = 'message',
    name: 'APPEND' | 'REPLACE' = 'APPEND',
  ) => parseAppendNext(Buffer.from(text), REV1, { name, place, tag: 'a' });
  assert.deepEqual(next(''), { ok: true, steps: [end] });
  assert.deepEqual(next(')', 'utf8-message'), { ok: true, steps: [end] });
  assert.deepEqual(next(' (\\Draft) {7+}'), {
    ok: true,
    steps: [end, begin(['\\Draft'])],
    literal: { size: 7, synchronizing: false, binary: false, as: 'message' },
  });
  assert.equal(next(') UTF8 (~{7}', 'utf8-message').ok, true);
  for (const wrong of ['x', ' x', ')', ' (\\Draft)', ' {7} x'])
    assert.equal(next(wrong).ok, false, wrong);
  assert.equal(next('', 'utf8-message').ok, false);
  assert.equal(next('', 'message', 'REPLACE').ok, true);
  assert.equal(next(' {7}', 'message', 'REPLACE').ok, false, 'one takes the place of one');
});

test('CATENATE: texts and URLs in turn, each literal where it stands (RFC 4469 §5)', () => {
  const first = announced('a APPEND x (\\Seen) CATENATE (URL "/INBOX/;UID=1" TEXT {3}');
  assert.ok(first.ok && first.kind === 'message');
  assert.deepEqual(first.run, {
    steps: [begin(['\\Seen']), { step: 'url', url: '/INBOX/;UID=1' }],
    literal: { size: 3, synchronizing: true, binary: false, as: 'text' },
  });
  const next = (text: string, place: AppendPlace) =>
    parseAppendNext(Buffer.from(text), REV1, { name: 'APPEND', place, tag: 'a' });
  assert.deepEqual(next(' URL {9+}', 'text'), {
    ok: true,
    steps: [],
    literal: { size: 9, synchronizing: false, binary: false, as: 'url' },
  });
  assert.deepEqual(next(')', 'url'), { ok: true, steps: [end] });
  assert.deepEqual(next(') CATENATE (URL x)', 'text'), {
    ok: true,
    steps: [end, begin([]), { step: 'url', url: 'x' }, end],
  });
  for (const wrong of ['', ' ', 'x', ' x', ' TEXT', ' TEXT "x"', ' URL', ' URL )'])
    assert.equal(next(wrong, 'text').ok, false, wrong);
  const whole = parseCommand(
    Buffer.from('a APPEND x CATENATE (TEXT {2}\r\nhi URL {1}\r\nu)'),
    REV1,
  );
  assert.ok(whole.ok);
  assert.deepEqual(whole.command.body, {
    name: 'APPEND',
    mailbox: 'x',
    run: {
      steps: [
        begin([]),
        { step: 'data', bytes: Buffer.from('hi') },
        { step: 'url', url: 'u' },
        end,
      ],
    },
  });
  for (const wrong of [
    'CATENATE',
    'CATENATE ()',
    'CATENATE (URL)',
    'CATENATE URL x',
    'CATENATE (URL x',
  ])
    assert.equal(parseCommand(Buffer.from(`a APPEND x ${wrong}`), REV1).ok, false, wrong);
});

test('REPLACE names one message (RFC 8508 §5)', () => {
  const targetOf = (text: string) => {
    const result = announced(text);
    assert.ok(result.ok && result.kind === 'message', text);
    return result.target;
  };
  const one = { ranges: [{ first: 4, last: 4 }], saved: false };
  const rest = { name: 'REPLACE', mailbox: 'Drafts', set: one };
  assert.deepEqual(targetOf('a REPLACE 4 Drafts (\\Draft) {312}'), { ...rest, uid: false });
  assert.deepEqual(targetOf('a uid replace 4 Drafts ~{312+}'), { ...rest, uid: true });
  assert.equal(targetOf('a REPLACE * {1}\r\nx {3}').mailbox, 'x');
  assert.deepEqual(announced('a REPLACE 4 {6}'), { ok: true, kind: 'argument' });
  assert.deepEqual(announced('a UID FETCH 4 BODY[HEADER.FIELDS ({6}'), {
    ok: true,
    kind: 'argument',
  });
  for (const wrong of ['1:2', '1,2', '$', '0', 'x', '1:*'])
    assert.equal(announced(`a REPLACE ${wrong} Drafts {3}`).ok, false, wrong);
  assert.equal(parseCommand(Buffer.from('a REPLACE 4 x'), REV1).ok, false);
  assert.equal(parseCommand(Buffer.from('a UID REPLACE 4 x CATENATE (URL y)'), REV1).ok, true);
});

test('an APPEND with collected messages is a command', () => {
  const text = 'a APPEND x {2+}\r\nhi (\\Seen) UTF8 (~{3}\r\n\0\r\n)';
  const result = parseCommand(Buffer.from(text), REV1);
  assert.ok(result.ok);
  assert.deepEqual(result.command.body, {
    name: 'APPEND',
    mailbox: 'x',
    run: {
      steps: [
        begin([]),
        { step: 'data', bytes: Buffer.from('hi') },
        end,
        begin(['\\Seen'], true),
        { step: 'data', bytes: Buffer.from('\0\r\n') },
        end,
      ],
    },
  });
  const further = announced('a APPEND x {2+}\r\nhi (\\Seen) {3}');
  assert.ok(further.ok && further.kind === 'message');
  assert.deepEqual(further.run.steps.at(-1), begin(['\\Seen']));
  for (const wrong of [
    'a APPEND x',
    'a APPEND x "hi"',
    'a APPEND x {3}\r\nhi',
    'a APPEND x {2}\r\nhi)',
  ])
    assert.equal(parseCommand(Buffer.from(wrong), REV1).ok, false, wrong);
});
