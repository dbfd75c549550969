import assert from 'node:assert/strict';
import { type Target, wire } from './target.ts';

/** A target with bugs, by which the fuzzer is tested: a word that is not taken, one that never ends, one that eats memory. */
export const target: Target = {
  name: 'planted',
  seeds: ['harmless'],
  words: ['wrong', 'endless', 'greedy'],
  bytesMax: 200,
  generate: (random) => wire(random.some(1, 20, () => random.pick([...'abcdefgh'])).join('')),
  run(input) {
    const text = input.toString('latin1');
    assert.ok(!text.includes('wrong'), 'wrong');
    while (text.includes('endless'));
    const eaten: unknown[] = [];
    while (text.includes('greedy')) eaten.push(new Array(10_000).fill(eaten.length));
    return `${text.length}`;
  },
};
