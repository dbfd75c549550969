import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Uid } from '#model';
import {
  countOf,
  formatNumbers,
  formatRanges,
  formatSet,
  mergeRanges,
  type NumSet,
  numbersIn,
  positionsIn,
  rangesInclude,
  rangesOf,
  readKnownSet,
  readNumSet,
  resolveSet,
} from './number-set.ts';
import { Cursor } from './parser.ts';

const uids = (...numbers: number[]): Uid[] => numbers as Uid[];
const parse = (text: string): NumSet<Uid> =>
  readNumSet<Uid>(new Cursor(Buffer.from(text)), 'a set');
const resolved = (text: string, max: number): string =>
  formatRanges(resolveSet(parse(text), max as Uid));

test('sets mean what they mean in a mailbox', () => {
  assert.equal(resolved('2:4,1,9:7', 20), '1:4,7:9');
  assert.equal(resolved('*', 20), '20');
  assert.equal(resolved('*:18', 20), '18:20');
  assert.equal(resolved('559:*', 20), '20:559');
  assert.equal(resolved('1:*,5', 0), '5');
  assert.equal(resolved('1:4294967295', 3), '1:4294967295');
  assert.equal(resolved('5,4,3,3', 3), '3:5');
});

test('"$" stands for the saved result', () => {
  const set = parse('$,9');
  assert.equal(formatSet(set), '$,9');
  assert.equal(formatRanges(resolveSet(set, uids(20)[0]!, rangesOf(uids(1, 2)))), '1:2,9');
});

test('what is no set is refused', () => {
  for (const text of ['', '0', '1,', ',1', '1:', ':1', 'a', '4294967296', '1:2:'])
    assert.throws(
      () => {
        const cursor = new Cursor(Buffer.from(text));
        readNumSet<Uid>(cursor, 'a set');
        cursor.end();
      },
      /expected/,
      text,
    );
  assert.throws(() => readKnownSet<Uid>(new Cursor(Buffer.from('1:*')), 'a set'), /not allowed/);
});

test('positions are found without walking the range', () => {
  const sorted = Uint32Array.of(2, 3, 5, 8, 4_000_000_000);
  const set = resolveSet(parse('1:3,6:4294967295'), 4_000_000_000 as Uid);
  assert.deepEqual(positionsIn(set, sorted), [
    [0, 2],
    [3, 5],
  ]);
  assert.deepEqual([...numbersIn(resolveSet(parse('3:4294967295'), 9 as Uid), 5)], [3, 4, 5]);
});

const numbers = fc
  .uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 100 })
  .map((all) => uids(...all.sort((a, b) => a - b)));

test('property: writing and reading numbers gives them back', () => {
  fc.assert(
    fc.property(numbers, (sorted) => {
      const wire = formatNumbers(sorted);
      assert.equal(wire, formatRanges(rangesOf(sorted)));
      if (sorted.length === 0) return assert.equal(wire, '');
      const ranges = resolveSet(parse(wire), 300 as Uid);
      assert.deepEqual([...numbersIn(ranges, 300)], sorted);
      assert.equal(countOf(ranges), sorted.length);
      assert.equal(formatNumbers(Uint32Array.from(sorted)), wire);
    }),
  );
});

test('property: merged ranges hold the same numbers, ascending and apart', () => {
  const one = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }));
  fc.assert(
    fc.property(fc.array(one, { maxLength: 12 }), numbers, (pairs, sorted) => {
      const raw = pairs.map(([first, last]) => ({ first: first as Uid, last: last as Uid }));
      const merged = mergeRanges(raw);
      for (let n = 1; n <= 61; n++) {
        const inside = pairs.some(([a, b]) => n >= Math.min(a, b) && n <= Math.max(a, b));
        assert.equal(rangesInclude(merged, n as Uid), inside);
      }
      merged.forEach((range, i) => {
        assert.ok(i === 0 || range.first > merged[i - 1]!.last + 1);
      });
      const found = positionsIn(merged, sorted).flatMap(([from, to]) => sorted.slice(from, to));
      assert.deepEqual(
        found,
        sorted.filter((n) => rangesInclude(merged, n)),
      );
    }),
  );
});
