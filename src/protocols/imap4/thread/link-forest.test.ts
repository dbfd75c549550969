import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LinkForest } from './link-forest.ts';

function forestOf(size: number): LinkForest {
  const forest = new LinkForest();
  for (let i = 0; i < size; i++) assert.equal(forest.add(), i);
  return forest;
}

test('property: links and cuts as in a plain table of parents', () => {
  const size = 12;
  const step = fc.record({ cut: fc.boolean(), a: fc.nat(size - 1), b: fc.nat(size - 1) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const forest = forestOf(size);
      const parents = new Array<number>(size).fill(-1);
      const isAbove = (above: number, node: number): boolean => {
        for (let at = node; at >= 0; at = parents[at]!) if (at === above) return true;
        return false;
      };
      for (const { cut, a, b } of steps) {
        if (cut) {
          forest.cut(a);
          parents[a] = -1;
        } else if (parents[a] === -1) {
          const links = !isAbove(a, b);
          assert.equal(forest.link(a, b), links);
          if (links) parents[a] = b;
        }
        assert.deepEqual(
          parents.map((_parent, node) => forest.parentOf(node)),
          parents,
        );
      }
    }),
  );
});

test('a path of any length', () => {
  const size = 300_000;
  const forest = forestOf(size);
  for (let node = 1; node < size; node++) assert.ok(forest.link(node, node - 1));
  assert.ok(!forest.link(0, size - 1));
  forest.cut(size / 2);
  assert.ok(forest.link(0, size - 1));
  assert.ok(!forest.link(size / 2, 0));
});
