import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collationKey, foldForSearch } from './unicode-casemap.ts';

const equal = (a: string, b: string): boolean => foldForSearch(a) === foldForSearch(b);

test('case does not count, nor composition, nor compatibility variants', () => {
  for (const [a, b] of [
    ['grün', 'GRU\u0308N'],
    ['σίσυφος', 'ΣΊΣΥΦΟΣ'],
    ['\u01c4', '\u01c6'],
    ['\u01c4', '\u01c5'],
    ['\u1f80', '\u1f88'],
    ['\u1fb3', '\u1fbc'],
    ['a\u00a0b', 'a b'],
    ['ｆｕｌｌ', 'ＦＵＬＬ'],
    ['x²', 'X2'],
    ['\u212a', 'k'],
    ['\ud801\udc28', '\ud801\udc00'],
    ['한', '\u1112\u1161\u11ab'],
  ] as const)
    assert.ok(equal(a, b), `${a} ${b}`);
});

test('what has no simple title case stays as it is', () => {
  assert.ok(!equal('straße', 'strasse'));
  assert.ok(equal('straße', 'STRAßE'));
  assert.equal(foldForSearch('ß'), 'ß');
  // Title case comes first, decomposition after it.
  assert.equal(foldForSearch('\u01c6'), 'Dz\u030c');
  assert.equal(foldForSearch('ﬁ'), 'fi');
  assert.equal(foldForSearch('\u10d0'), '\u10d0');
});

test('order is that of octets', () => {
  const sorted = (...texts: string[]): string[] =>
    texts.sort((a, b) => (collationKey(a) < collationKey(b) ? -1 : 1));
  assert.deepEqual(sorted('_', 'b', '[x]', 'A', '', 'c', 'B2'), [
    '',
    'A',
    'b',
    'B2',
    'c',
    '[x]',
    '_',
  ]);
  // In UTF-16 the surrogates of 𐌰 stand before U+FF61.
  assert.deepEqual(sorted('\ud800\udf30', '\uff61x', 'é'), ['é', '\uff61x', '\ud800\udf30']);
  assert.equal(collationKey('grün'), 'GRU\xcc\x88N');
  const whole = `${'X'.repeat(1000)}LONG ENOUGH FOR A VIEW`;
  assert.equal(collationKey(whole.slice(1000)), 'LONG ENOUGH FOR A VIEW');
});
