import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FolderId, MailboxId } from '#model';
import { createSchema } from '../schema.ts';
import { Statements } from '../statements.ts';
import { readUids } from './uids.ts';

const REF = { mailboxId: 2 as MailboxId, folderId: 3 as FolderId };
const INSERT = `INSERT INTO entry
  SELECT ?, ?, value, value, 0, ' ', 1, 0, 0, 1 FROM json_each(?)`;

/** A database with these uids in the folder, and others in its neighbours. */
function filled(uids: readonly number[]): Statements {
  const db = new DatabaseSync(':memory:');
  createSchema(db);
  const insert = db.prepare(INSERT);
  insert.run(2, 3, JSON.stringify(uids));
  for (const [mailboxId, folderId] of [
    [1, 3],
    [2, 2],
    [2, 4],
    [3, 3],
  ])
    insert.run(mailboxId!, folderId!, '[1, 2, 3, 20000]');
  return new Statements(db);
}

/** The uids of a range without some of them. */
function without(first: number, count: number, removed: ReadonlySet<number>): number[] {
  return Array.from({ length: count }, (_, index) => first + index).filter(
    (uid) => !removed.has(uid),
  );
}

test('all uids are read, whatever was removed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4_294_900_000 }),
      fc.constantFrom(0, 1, 5, 4096, 4097, 20_000),
      fc.uniqueArray(fc.integer({ min: 0, max: 19_999 }), { maxLength: 12 }),
      (first, count, gaps) => {
        const uids = without(first, count, new Set(gaps.map((gap) => first + gap)));
        assert.deepEqual([...readUids(filled(uids), REF, uids.length)], uids);
      },
    ),
    { numRuns: 60 },
  );
});

test('a folder of which every third message was removed', () => {
  const uids = without(7, 20_000, new Set()).filter((uid) => uid % 3 !== 0);
  assert.deepEqual([...readUids(filled(uids), REF, uids.length)], uids);
});

test('a count that is wrong gives what there is, as far as it goes', () => {
  const uids = without(1, 10_000, new Set([5000]));
  const sql = filled(uids);
  assert.deepEqual([...readUids(sql, REF, 10_002)], [...uids, 0, 0, 0]);
  assert.deepEqual([...readUids(sql, REF, 4)], uids.slice(0, 4));
  assert.deepEqual([...readUids(filled([]), REF, 1)], [0]);
});
