import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseResponse } from './response.ts';
import { encodeThreads, type ThreadForest } from './thread-list.ts';

function wireOfThreads(forest: ThreadForest): string {
  return [...encodeThreads(forest)].join('');
}

function read(wire: string): ThreadForest {
  const response = parseResponse(Buffer.from(wire.replace(/\r\n$/, '')), { utf8Names: false });
  assert.ok(
    response.kind === 'untagged' && response.data.type === 'THREAD',
    JSON.stringify(response),
  );
  return response.data.forest;
}

test('threads are written as they are read', () => {
  for (const threads of [
    '',
    ' (2)(3 6 (4 23)(44 7 96))',
    ' ((3)(5))',
    ' (166)(167)((170)(179))(171)((177)(183)(182)(188 (184)(189))(185 186)(187))',
    ' (1 2 3)',
    ' (1 (2 (3)(4))(5))',
  ])
    assert.equal(wireOfThreads(read(`* THREAD${threads}\r\n`)), `* THREAD${threads}\r\n`);
});

test('a missing parent of a single child is passed over', () => {
  const forest = { firstRoot: 0, firstChild: [1, -1], nextSibling: [-1, -1], numbers: [0, 7] };
  assert.equal(wireOfThreads(forest), '* THREAD (7)\r\n');
});

test('what is no list of threads is told from one', () => {
  for (const bad of ['(1', '1)', '(1))', '()', '(1 2', '(1)x'])
    assert.equal(
      parseResponse(Buffer.from(`* THREAD ${bad}`), { utf8Names: false }).kind,
      'invalid',
      bad,
    );
});

test('depth is only a matter of memory', () => {
  const many = 100_000;
  let wire = '';
  for (let i = 1; i <= many; i++) wire += `(${2 * i} (${2 * i + 1})`;
  const deep = `* THREAD ${wire}(1)${')'.repeat(many)}\r\n`;
  assert.equal(wireOfThreads(read(deep)), deep);
});

test('property: any forest comes back', () => {
  const parents = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 });
  fc.assert(
    fc.property(parents, (picks) => {
      const size = picks.length;
      const firstChild = new Array<number>(size).fill(-1);
      const nextSibling = new Array<number>(size).fill(-1);
      let firstRoot = -1;
      picks.forEach((pick, node) => {
        const parent = Math.min(Math.floor(pick * (node + 1)), node) - 1;
        nextSibling[node] = parent < 0 ? firstRoot : firstChild[parent]!;
        if (parent < 0) firstRoot = node;
        else firstChild[parent] = node;
      });
      const numbers = picks.map((_pick, node) => node + 1);
      const wire = wireOfThreads({ firstRoot, firstChild, nextSibling, numbers });
      assert.equal(wireOfThreads(read(wire)), wire);
      assert.equal(wire.match(/\d+/g)?.length ?? 0, size);
    }),
  );
});
