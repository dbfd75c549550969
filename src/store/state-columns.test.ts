import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flag, type ModSeq, type Uid } from '#model';
import type { EntryState } from '#storage';
import { StateColumns } from './state-columns.ts';

function state(uid: number, modSeq: number, flags = 0, keywords = ''): EntryState {
  return { uid: uid as Uid, modSeq: modSeq as ModSeq, flags, keywords };
}

function uidsIn(columns: StateColumns, first = 1, last = 1_000_000, limit = 1_000_000): number[] {
  const uids = [[first as Uid, last as Uid]] as const;
  return columns.read({ uids, limit }).map(({ uid }) => uid);
}

test('gives what was put last, by uid, and no more than asked for', () => {
  const columns = new StateColumns(0);
  columns.put([state(3, 1), state(7, 1, Flag.Seen, 'a b'), state(9, 1)]);
  columns.put([state(7, 4, Flag.Flagged, 'b'), state(12, 5), state(8, 5)]);
  const uids = [
    [1 as Uid, 3 as Uid],
    [7 as Uid, 9 as Uid],
  ] as const;
  assert.deepEqual(columns.read({ uids, limit: 10 }), [
    state(3, 1),
    state(7, 4, Flag.Flagged, 'b'),
    state(9, 1),
  ]);
  assert.deepEqual(columns.read({ uids, limit: 2 }).length, 2);
  assert.deepEqual(columns.read({ uids, limit: 10, changedSince: 1 as ModSeq }), [
    state(7, 4, Flag.Flagged, 'b'),
  ]);
  assert.deepEqual([columns.size, columns.lastUid], [4, 12]);
});

test('an entry that was not there when those behind it were read is not put between them', () => {
  const columns = new StateColumns(0);
  columns.put([state(1, 1), state(9, 1)]);
  columns.put([state(5, 2)]);
  assert.deepEqual(uidsIn(columns), [1, 9]);
});

test('forgets what vanished and grows with what comes', () => {
  const columns = new StateColumns(2);
  columns.put(Array.from({ length: 500 }, (_, index) => state(index + 1, 1, index % 32)));
  columns.remove([1, 2, 250, 500, 501] as Uid[]);
  columns.remove([]);
  assert.deepEqual(uidsIn(columns, 1, 5), [3, 4, 5]);
  assert.deepEqual(uidsIn(columns, 249, 251), [249, 251]);
  assert.deepEqual([columns.size, columns.lastUid], [496, 499]);
  columns.put([state(600, 2, 1, 'late')]);
  assert.deepEqual(columns.read({ uids: [[500 as Uid, 700 as Uid]], limit: 5 }), [
    state(600, 2, 1, 'late'),
  ]);
  const [kept] = columns.read({ uids: [[251 as Uid, 251 as Uid]], limit: 1 });
  assert.deepEqual(kept, state(251, 1, 250 % 32));
});

test('says when there are more sets of keywords than it can tell apart', () => {
  const columns = new StateColumns(0);
  const states = Array.from({ length: 65_537 }, (_, index) => state(index + 1, 1, 0, `k${index}`));
  columns.put(states.slice(0, 65_535));
  assert.equal(columns.isFull, false);
  const [last] = columns.read({ uids: [[65_535 as Uid, 65_535 as Uid]], limit: 1 });
  assert.equal(last!.keywords, 'k65534');
  columns.put(states.slice(65_535));
  assert.equal(columns.isFull, true);
});
