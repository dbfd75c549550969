import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BoundedQueue } from '#kernel';

test('BoundedQueue is first in, first out, and refuses what does not fit', () => {
  const operation = fc.record({ push: fc.boolean(), times: fc.integer({ min: 1, max: 1500 }) });
  fc.assert(
    fc.property(fc.array(operation), fc.integer({ min: 1, max: 2500 }), (script, capacity) => {
      const queue = new BoundedQueue<number>(capacity);
      const model: number[] = [];
      let next = 0;
      for (const { push, times } of script)
        for (let i = 0; i < times; i++) {
          if (push) {
            const fits = model.length < capacity;
            assert.equal(queue.full, !fits);
            assert.equal(queue.push(next), fits);
            if (fits) model.push(next);
            next++;
          } else assert.equal(queue.shift(), model.shift());
          assert.equal(queue.length, model.length);
        }
    }),
    { numRuns: 50 },
  );
});

test('a queue for nothing is a bug', () => {
  assert.throws(() => new BoundedQueue(0), { name: 'AssertionError' });
});
