import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from './commands.ts';
import { encodeBinarySection, encodeSection } from './encode.ts';
import type { FetchCommand } from './fetch.ts';

function fetch(rest: string): FetchCommand {
  const result = parseCommand(Buffer.from(`a ${rest}`), { utf8Names: false });
  assert.ok(result.ok, result.ok ? '' : result.text);
  assert.ok(result.command.body.name === 'FETCH');
  return result.command.body;
}

function refusal(rest: string): string {
  const result = parseCommand(Buffer.from(`a ${rest}`), { utf8Names: false });
  assert.ok(!result.ok, `accepted: ${rest}`);
  return result.text;
}

const items = (what: string) => fetch(`FETCH 1 ${what}`).items;

test('macros are expanded', () => {
  const names = (what: string) =>
    items(what)
      .map(({ item }) => item)
      .join(' ');
  assert.equal(names('fast'), 'FLAGS INTERNALDATE RFC822.SIZE');
  assert.equal(names('ALL'), 'FLAGS INTERNALDATE RFC822.SIZE ENVELOPE');
  assert.equal(names('FULL'), 'FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY');
  assert.match(refusal('FETCH 1 (ALL)'), /expected what to fetch/);
});

test('items without arguments', () => {
  const all =
    'ENVELOPE FLAGS INTERNALDATE RFC822.SIZE BODYSTRUCTURE UID MODSEQ SAVEDATE EMAILID THREADID RFC822 RFC822.HEADER RFC822.TEXT BODY';
  assert.equal(
    items(`(${all.toLowerCase()})`)
      .map(({ item }) => item)
      .join(' '),
    all,
  );
  assert.deepEqual(items('PREVIEW'), [{ item: 'PREVIEW', lazy: false }]);
  assert.deepEqual(items('(preview (lazy) UID)'), [
    { item: 'PREVIEW', lazy: true },
    { item: 'UID' },
  ]);
});

test('sections, and how they are named in the response', () => {
  const named = [
    '[]',
    '[HEADER]',
    '[TEXT]',
    '[1]',
    '[1.2.MIME]',
    '[4.HEADER]',
    '[2.TEXT]',
    '[HEADER.FIELDS (Date "a b")]',
    '[3.HEADER.FIELDS.NOT (X-Y)]',
  ];
  for (const name of named.filter((section) => !section.includes('"'))) {
    const [item] = items(`BODY${name}`);
    assert.ok(item?.item === 'BODY[]' && !item.peek);
    assert.equal(encodeSection(item.section), name);
  }
  assert.deepEqual(items('body.peek[1.header.fields ("Date" {2}\r\nTo)]<10.20>'), [
    {
      item: 'BODY[]',
      peek: true,
      section: { part: [1], text: 'HEADER.FIELDS', fields: ['Date', 'To'] },
      partial: { offset: 10, length: 20 },
    },
  ]);
  assert.equal(encodeSection({ part: [1], text: 'TEXT' }, 0), '[1.TEXT]<0>');
  for (const wrong of [
    '[MIME]',
    '[1.]',
    '[0]',
    '[HEADER.FIELDS]',
    '[HEADER.FIELDS ()]',
    '[FOO]',
    '[HEADER',
    '[]<0.0>',
    '[]<0>',
    '[HEADER.FIELDS ("a b")]',
  ])
    assert.match(refusal(`FETCH 1 BODY${wrong}`), /^FETCH: /, wrong);
});

test('BINARY', () => {
  assert.deepEqual(items('(BINARY[1.2]<0.5> BINARY.PEEK[] BINARY.SIZE[3])'), [
    { item: 'BINARY', peek: false, part: [1, 2], partial: { offset: 0, length: 5 } },
    { item: 'BINARY', peek: true, part: [] },
    { item: 'BINARY.SIZE', part: [3] },
  ]);
  assert.equal(encodeBinarySection([1, 2], 0), '[1.2]<0>');
  assert.match(refusal('FETCH 1 BINARY[1.MIME]'), /expected a part number/);
});

test('modifiers', () => {
  const both = fetch('UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12 VANISHED)');
  assert.equal(both.changedSince, 12);
  assert.equal(both.vanished, true);
  assert.equal(fetch('FETCH 1 PREVIEW (CHANGEDSINCE 3)').changedSince, 3);
  assert.equal(
    refusal('FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)'),
    'FETCH: VANISHED is for UID FETCH only',
  );
  assert.equal(refusal('UID FETCH 1 FLAGS (VANISHED)'), 'UID FETCH: VANISHED needs CHANGEDSINCE');
});

test('the number of items and the depth of parts are bounded', () => {
  assert.match(refusal(`FETCH 1 (${Array(257).fill('UID').join(' ')})`), /more than 256 items/);
  assert.match(
    refusal(`FETCH 1 BODY[${Array(65).fill('1').join('.')}]`),
    /nested more than 64 deep/,
  );
});
