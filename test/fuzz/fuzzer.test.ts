import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minimise } from './minimise.ts';
import { mutate } from './mutate.ts';
import { target } from './planted.ts';
import { inPieces, Random } from './random.ts';
import { Search } from './search.ts';
import type { Broken } from './verdict.ts';
import { Watched } from './watched.ts';
import { Window } from './window.ts';

const MODULE = new URL('./planted.ts', import.meta.url).href;

test('an input that never ends is told, and the next one runs', async () => {
  await using watched = new Watched(MODULE, { patienceMs: 1000 });
  const verdict = await watched.run(Buffer.from('x endless'));
  assert.equal(verdict.kind === 'broken' && verdict.signature, 'no end');
  assert.deepEqual(await watched.run(Buffer.from('abc')), { kind: 'sound', outcome: '3' });
});

test('an input that eats all memory is told, and the next one runs', async () => {
  await using watched = new Watched(MODULE, { patienceMs: 60_000, heapMbMax: 64 });
  const verdict = await watched.run(Buffer.from('greedy'));
  assert.match(verdict.kind === 'broken' ? verdict.signature : '', /^died: .*memory/);
  assert.deepEqual(await watched.run(Buffer.from('abc')), { kind: 'sound', outcome: '3' });
});

test('a search finds what is thrown, and the same seed makes the same inputs', async () => {
  const found = async (seed: string): Promise<readonly (readonly [Buffer, Broken])[]> => {
    const findings: (readonly [Buffer, Broken])[] = [];
    const planted = { ...target, words: ['wrong'] };
    await new Search(planted, {
      seed,
      executionsMax: 3000,
      corpus: [],
      window: new Window(),
      onFinding: (input, broken) => findings.push([input, broken]),
    }).run();
    return findings;
  };
  const first = await found('1');
  assert.equal(first.length, 1);
  assert.match(first[0]![0].toString(), /wrong/);
  assert.deepEqual((await found('1'))[0]![0], first[0]![0]);
});

test('an input is made as small as what it breaks', async () => {
  const input = Buffer.from(`${'x'.repeat(500)}bo\r\nom${'y'.repeat(300)}`);
  const breaks = async (tried: Buffer): Promise<boolean> => tried.includes('bo\r\nom');
  assert.equal((await minimise(input, breaks, 1000)).toString(), 'bo\r\nom');
  const any = async (tried: Buffer): Promise<boolean> => tried.length === 3;
  assert.equal((await minimise(Buffer.from('xyz'), any, 1000)).toString(), 'aaa');
});

test('mutations keep within the bound, and pieces are the whole', () => {
  const random = new Random('m');
  let input: Buffer = Buffer.from('a (1 2) {3}\r\nabc\r\n');
  for (let i = 0; i < 2000; i++) {
    input = mutate(input, random, target);
    assert.ok(input.length <= target.bytesMax);
    assert.deepEqual(Buffer.concat(inPieces(input)), input);
  }
});
