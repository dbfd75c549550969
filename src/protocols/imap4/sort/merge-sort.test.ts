import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slices } from '../search/slices.ts';
import { sortInSlices } from './merge-sort.ts';

test('long lists are sorted stably, with turns for others', async () => {
  for (const length of [0, 1, 4096, 4097, 20_000, 50_001]) {
    const keys = Uint32Array.from({ length }, (_none, index) => (index * 7919) % 101);
    const numbers = Uint32Array.from({ length }, (_none, index) => index);
    let turns = 0;
    const slices = new Slices(() => {
      turns++;
    });
    await sortInSlices(numbers, (a, b) => keys[a]! - keys[b]!, slices);
    const expected = Array.from({ length }, (_none, index) => index);
    expected.sort((a, b) => keys[a]! - keys[b]!);
    assert.deepEqual([...numbers], expected);
    assert.ok(length < 20_000 || turns > 3, `${turns} turns`);
  }
});
