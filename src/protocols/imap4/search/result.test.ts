import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModSeq, Uid } from '#model';
import { formatRanges, type SearchReturn, type SearchReturns } from '#wire';
import { type AnswerForm, encodeFound, goalOf, savedRanges } from './result.ts';

const options = (...names: SearchReturn[]): SearchReturns => ({ returnOptions: new Set(names) });
const page = (first: number, last: number, ...names: SearchReturn[]): SearchReturns => ({
  returnOptions: new Set(['PARTIAL', ...names]),
  partial: { first, last },
});

function answer(
  returns: SearchReturn[] | SearchReturns | undefined,
  numbers: number[],
  more: { uid?: boolean; rev2?: boolean; modSeqs?: number[]; command?: AnswerForm['command'] } = {},
): string {
  const { uid = false, rev2 = false, modSeqs, command = 'SEARCH' } = more;
  const asked = Array.isArray(returns) ? options(...returns) : (returns ?? {});
  const form: AnswerForm = { command, correlator: { tag: 'a1' }, uid, rev2, returns: asked };
  return [...encodeFound(form, { numbers, modSeqs: modSeqs as ModSeq[] | undefined })].join('');
}

test('the forms of the answer', () => {
  assert.equal(answer(undefined, [1, 2, 5]), '* SEARCH 1 2 5\r\n');
  assert.equal(answer(undefined, []), '* SEARCH\r\n');
  assert.equal(answer(undefined, [3], { modSeqs: [9] }), '* SEARCH 3 (MODSEQ 9)\r\n');
  const rev2 = { rev2: true };
  assert.equal(answer(undefined, [1, 2, 5], rev2), '* ESEARCH (TAG "a1") ALL 1:2,5\r\n');
  assert.equal(answer(undefined, [], rev2), '* ESEARCH (TAG "a1")\r\n');
  assert.equal(answer(['ALL'], [7], { uid: true }), '* ESEARCH (TAG "a1") UID ALL 7\r\n');
  assert.equal(
    answer(['MIN', 'MAX', 'COUNT', 'ALL'], [2, 3, 9], { modSeqs: [4, 12, 7] }),
    '* ESEARCH (TAG "a1") MIN 2 MAX 9 COUNT 3 ALL 2:3,9 MODSEQ 12\r\n',
  );
  assert.equal(answer(['COUNT', 'MIN'], []), '* ESEARCH (TAG "a1") COUNT 0\r\n');
  assert.equal(answer(['SAVE'], [1]), '');
  assert.equal(answer(['SAVE', 'COUNT'], [1]), '* ESEARCH (TAG "a1") COUNT 1\r\n');
  assert.equal(answer(['SAVE', 'MIN'], []), '* ESEARCH (TAG "a1")\r\n');
});

test('what has to be found for what is asked', () => {
  assert.equal(goalOf({}), 'all');
  assert.equal(goalOf(options('SAVE')), 'all');
  assert.deepEqual(goalOf(options('MIN')), { first: 1 });
  assert.deepEqual(goalOf(options('MAX', 'SAVE')), { last: 1 });
  assert.equal(goalOf(options('MIN', 'MAX')), 'ends');
  assert.equal(goalOf(options('MIN', 'COUNT')), 'all');
  assert.equal(goalOf(options('MAX', 'ALL', 'SAVE')), 'all');
  assert.equal(goalOf(options('MIN', 'UPDATE')), 'all');
  assert.deepEqual(goalOf(page(101, 200, 'SAVE')), { first: 200 });
  assert.deepEqual(goalOf(page(-1, -30)), { last: 30 });
  assert.equal(goalOf(page(1, 3, 'MAX')), 'all');
  assert.equal(goalOf(page(1, 2_000_000_000)), 'all');
});

test('pages', () => {
  const found = [2, 3, 4, 9, 8];
  assert.equal(answer(page(2, 4), found), '* ESEARCH (TAG "a1") PARTIAL (2:4 3:4,9)\r\n');
  assert.equal(answer(page(4, 9), found), '* ESEARCH (TAG "a1") PARTIAL (4:9 9,8)\r\n');
  assert.equal(answer(page(6, 9), found), '* ESEARCH (TAG "a1") PARTIAL (6:9 NIL)\r\n');
  assert.equal(answer(page(-1, -3), found), '* ESEARCH (TAG "a1") PARTIAL (-1:-3 4,9,8)\r\n');
  assert.equal(answer(page(-5, -9), found), '* ESEARCH (TAG "a1") PARTIAL (-5:-9 2)\r\n');
  assert.equal(answer(page(-6, -9), found), '* ESEARCH (TAG "a1") PARTIAL (-6:-9 NIL)\r\n');
  const modSeqs = [50, 6, 7, 8, 9];
  assert.match(answer(page(2, 3), found, { modSeqs }), / PARTIAL \(2:3 3:4\) MODSEQ 7\r\n$/);
  assert.match(answer(page(2, 3, 'MAX'), found, { modSeqs }), /^.* MAX 8 PARTIAL .* MODSEQ 9\r\n$/);
  assert.match(
    answer(page(2, 3, 'COUNT'), found, { modSeqs }),
    /COUNT 5 PARTIAL .* MODSEQ 50\r\n$/,
  );
});

test('results in an order of their own', () => {
  const order = [5, 3, 4, 2, 1];
  assert.equal(answer(undefined, order, { command: 'SORT' }), '* SORT 5 3 4 2 1\r\n');
  assert.equal(answer(undefined, [], { command: 'SORT', rev2: true }), '* SORT\r\n');
  assert.equal(
    answer(['MIN', 'MAX', 'ALL', 'COUNT'], order, { command: 'SORT' }),
    '* ESEARCH (TAG "a1") MIN 5 MAX 1 COUNT 5 ALL 5,3:4,2,1\r\n',
  );
  assert.equal(answer(undefined, [7], { command: 'ESEARCH' }), '* ESEARCH (TAG "a1") ALL 7\r\n');
});

test('what is saved are uids', () => {
  const uids = [4, 5, 12, 9] as Uid[];
  const saved = (returns: SearchReturns): string => formatRanges(savedRanges(returns, uids));
  assert.equal(saved(options('SAVE')), '4:5,9,12');
  assert.equal(saved(options('SAVE', 'COUNT', 'MIN')), '4:5,9,12');
  assert.equal(saved(options('SAVE', 'MIN', 'MAX')), '4,9');
  assert.equal(saved(page(2, 3, 'SAVE')), '5,12');
  assert.equal(saved(page(2, 3, 'SAVE', 'MIN')), '4:5,12');
  assert.equal(saved(page(-1, -2, 'SAVE', 'MIN', 'MAX')), '4,9,12');
  assert.equal(saved(page(2, 3, 'SAVE', 'COUNT')), '4:5,9,12');
  assert.equal(saved(page(9, 10, 'SAVE')), '');
});
