import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModSeq, SeqNum, Uid } from '#model';
import type { SearchReturn } from '#wire';
import { encodeFound, goalOf, savedRanges } from './result.ts';

const options = (...names: SearchReturn[]): ReadonlySet<SearchReturn> => new Set(names);
const seqs = (...numbers: number[]): SeqNum[] => numbers as SeqNum[];

function answer(
  names: SearchReturn[] | undefined,
  numbers: SeqNum[],
  more: { uid?: boolean; rev2?: boolean; modSeq?: number } = {},
): string {
  const { uid = false, rev2 = false, modSeq } = more;
  const asked = names === undefined ? undefined : options(...names);
  const request = { tag: 'a1', uid, rev2, options: asked };
  return encodeFound(request, numbers, modSeq as ModSeq | undefined);
}

test('the forms of the answer', () => {
  assert.equal(answer(undefined, seqs(1, 2, 5)), '* SEARCH 1 2 5\r\n');
  assert.equal(answer(undefined, []), '* SEARCH\r\n');
  assert.equal(answer(undefined, seqs(3), { modSeq: 9 }), '* SEARCH 3 (MODSEQ 9)\r\n');
  const rev2 = { rev2: true };
  assert.equal(answer(undefined, seqs(1, 2, 5), rev2), '* ESEARCH (TAG "a1") ALL 1:2,5\r\n');
  assert.equal(answer(undefined, [], rev2), '* ESEARCH (TAG "a1")\r\n');
  assert.equal(answer(['ALL'], seqs(7), { uid: true }), '* ESEARCH (TAG "a1") UID ALL 7\r\n');
  assert.equal(
    answer(['MIN', 'MAX', 'COUNT', 'ALL'], seqs(2, 3, 9), { modSeq: 12 }),
    '* ESEARCH (TAG "a1") MIN 2 MAX 9 COUNT 3 ALL 2:3,9 MODSEQ 12\r\n',
  );
  assert.equal(answer(['COUNT', 'MIN'], []), '* ESEARCH (TAG "a1") COUNT 0\r\n');
  assert.equal(answer(['SAVE'], seqs(1)), '');
  assert.equal(answer(['SAVE', 'COUNT'], seqs(1)), '* ESEARCH (TAG "a1") COUNT 1\r\n');
  assert.equal(answer(['SAVE', 'MIN'], []), '* ESEARCH (TAG "a1")\r\n');
});

test('what has to be found for what is asked', () => {
  assert.equal(goalOf(undefined), 'all');
  assert.equal(goalOf(options('SAVE')), 'all');
  assert.equal(goalOf(options('MIN')), 'first');
  assert.equal(goalOf(options('MAX', 'SAVE')), 'last');
  assert.equal(goalOf(options('MIN', 'MAX')), 'ends');
  assert.equal(goalOf(options('MIN', 'COUNT')), 'all');
  assert.equal(goalOf(options('MAX', 'ALL', 'SAVE')), 'all');
});

test('what is saved are uids', () => {
  const uids = [4, 5, 9, 12] as Uid[];
  assert.deepEqual(savedRanges({ seqs: seqs(1, 2, 4), modSeq: undefined }, uids), [
    { first: 4, last: 5 },
    { first: 12, last: 12 },
  ]);
});
