import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Uid } from '#model';
import { decodeUids, encodeUids, mergeRanges } from './ranges.ts';

const uids = fc
  .uniqueArray(fc.integer({ min: 1, max: 40 }))
  .map((all) => all.sort((a, b) => a - b));

test('uids are written compactly and read back', () => {
  assert.equal(encodeUids([]), '');
  assert.equal(encodeUids([1, 2, 3, 7, 9, 10, 4_294_967_295]), '1:3,7,9:10,4294967295');
  fc.assert(
    fc.property(uids, (all) => {
      const ranges: (readonly [Uid, Uid])[] = [];
      decodeUids(encodeUids(all), ranges);
      assert.deepEqual(expand(ranges), all);
    }),
  );
});

test('merged ranges are ascending, do not touch, and hold the same uids', () => {
  const range = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat({ max: 5 }));
  fc.assert(
    fc.property(fc.array(range), (seeds) => {
      const given = seeds.map(([first, more]) => [first as Uid, (first + more) as Uid] as const);
      const expected = new Set(expand(given));
      const merged = mergeRanges([...given]);
      assert.deepEqual(
        expand(merged),
        [...expected].sort((a, b) => a - b),
      );
      for (const [i, [first]] of merged.entries())
        if (i > 0) assert.ok(first > merged[i - 1]![1] + 1);
    }),
  );
});

function expand(ranges: readonly (readonly [Uid, Uid])[]): number[] {
  return ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i),
  );
}
