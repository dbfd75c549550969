import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Uid } from '#model';
import type { Entry } from '#store';
import { SortKeys } from '../sort/sort-keys.ts';
import { MailboxOrder, type PlacedUids, type SortedUids, SortOrder } from './members.ts';

/** Messages sorted by arrival, which is uid modulo 7 here: many ties. */
function sorted(uids: readonly number[]): SortedUids {
  const keys = newKeys();
  const inOrder = [...uids].sort((a, b) => (a % 7) - (b % 7) || a - b);
  const rows = inOrder.map((uid) => keys.add({ internalMs: uid % 7 } as Entry, undefined));
  return { uids: inOrder as Uid[], keys, rows };
}

const newKeys = (): SortKeys => new SortKeys([{ key: 'ARRIVAL', reverse: false }]);

/** What a client does with removals and additions (RFC 5267 §4.3.3, §4.3.4). */
function take(
  results: number[],
  removed: readonly PlacedUids[],
  added: readonly PlacedUids[],
): void {
  for (const { position, uids } of removed)
    assert.deepEqual(results.splice(position - 1, uids.length), uids);
  for (const { position, uids } of added) results.splice(position - 1, 0, ...uids);
}

const uidSet = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });

test('property: a client that does what it is told has the order of a new sort', () => {
  const step = fc.record({ change: uidSet, adds: fc.boolean() });
  fc.assert(
    fc.property(uidSet, fc.array(step, { maxLength: 8 }), (start, steps) => {
      const order = new SortOrder(sorted(start), newKeys);
      const client: number[] = [...sorted(start).uids];
      const members = new Set(start);
      for (const { change, adds } of steps) {
        const ascending = change.toSorted((a, b) => a - b) as Uid[];
        const known = order.among(ascending);
        assert.deepEqual(
          known,
          ascending.filter((uid) => members.has(uid)),
        );
        if (adds) {
          const fresh = ascending.filter((uid) => !members.has(uid));
          take(client, [], order.add(sorted(fresh)));
          for (const uid of fresh) members.add(uid);
        } else {
          take(client, order.remove(known), []);
          for (const uid of known) members.delete(uid);
        }
        assert.deepEqual(client, sorted([...members]).uids);
        assert.equal(order.size, members.size);
      }
    }),
  );
});

test('neighbours come and go together', () => {
  const order = new SortOrder(sorted([1, 2, 5, 6]), newKeys);
  assert.deepEqual(order.add(sorted([3, 4, 7])), [
    { position: 1, uids: [7] },
    { position: 4, uids: [3, 4] },
  ]);
  assert.deepEqual(order.remove([1, 2, 4] as Uid[]), [
    { position: 2, uids: [1, 2] },
    { position: 3, uids: [4] },
  ]);
});

test('in the order of the mailbox places are left to the client', () => {
  const order = new MailboxOrder([3, 5, 9] as Uid[]);
  assert.deepEqual(order.among([1, 3, 4, 9, 12] as Uid[]), [3, 9]);
  assert.deepEqual(order.add([4, 12] as Uid[]), [{ position: 0, uids: [4, 12] }]);
  assert.deepEqual(order.among([4, 5, 12] as Uid[]), [4, 5, 12]);
  assert.deepEqual(order.remove([3, 12] as Uid[]), [{ position: 0, uids: [3, 12] }]);
  assert.deepEqual(order.add([]), []);
  assert.equal(order.size, 3);
});
