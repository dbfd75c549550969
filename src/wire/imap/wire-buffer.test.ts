import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { WireBuffer } from './wire-buffer.ts';

const wire = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 30 }),
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const number = fc.oneof(
  fc.nat(),
  fc.nat(1000),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
);

test('property: gives what was put, whatever fits in at once', async () => {
  await fc.assert(
    fc.property(
      fc.nat(200),
      fc.array(fc.array(fc.oneof(wire, number), { maxLength: 30 }), { maxLength: 4 }),
      (capacity, takes) => {
        const buffer = new WireBuffer(capacity);
        for (const pieces of takes) {
          const put = (piece: string | number): void => {
            if (typeof piece === 'string') buffer.put(piece);
            else buffer.putNumber(piece);
          };
          assert.equal(
            buffer.gather(() => pieces.forEach(put)),
            pieces.join(''),
          );
        }
      },
    ),
  );
});

test('numbers around each power of ten', () => {
  const buffer = new WireBuffer(16);
  for (let power = 1; power < 1e16; power *= 10)
    for (const near of [power - 1, power, power + 1]) {
      assert.equal(
        buffer.gather(() => buffer.putNumber(near)),
        String(near),
      );
    }
  for (const bound of [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])
    assert.equal(
      buffer.gather(() => buffer.putNumber(bound)),
      String(bound),
    );
});

test('what was put before somebody threw is in the answer of nobody else', () => {
  const buffer = new WireBuffer(16);
  assert.throws(() =>
    buffer.gather(() => {
      buffer.put('of somebody, and longer than fits in');
      buffer.put('rest');
      throw new Error('in the middle');
    }),
  );
  assert.equal(
    buffer.gather(() => buffer.put('mine')),
    'mine',
  );
});
