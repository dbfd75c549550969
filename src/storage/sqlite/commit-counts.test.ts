import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock } from '#kernel';
import type { MailboxId } from '#model';
import type { Command } from '../commands.ts';
import { CommitCounts } from './commit-counts.ts';
import { Writer } from './writer.ts';

const id = (number: number): MailboxId => number as MailboxId;

test('a count moves with each commit, and is odd while one is on its way', () => {
  const counts = new CommitCounts();
  const other = new CommitCounts(counts.memory);
  const before = counts.of(id(1));
  const end = counts.begin([id(1), id(2), id(4097)]);
  for (const number of [1, 2, 4097]) assert.equal(other.of(id(number)), before + 1);
  assert.equal(other.of(id(3)), before);
  end();
  assert.equal(other.of(id(1)), before + 2);
  assert.equal(other.of(id(1)), other.of(id(4097)), 'they share a counter');
});

test('no commit can be seen before its count has begun to move, nor is it answered before it has', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'counts-'));
  const path = join(dir, 'posthorn.db');
  const seen: string[] = [];
  const quota = (): unknown =>
    reader.prepare('SELECT quota_bytes AS bytes FROM mailbox').get()?.['bytes'];
  class Watched extends CommitCounts {
    override begin(mailboxIds: Iterable<MailboxId>): () => void {
      const end = super.begin(mailboxIds);
      const meanwhile = this.of(id(1));
      seen.push(`begins at ${quota()}, ${meanwhile % 2 === 1 ? 'on its way' : 'done'}`);
      return () => {
        assert.equal(this.of(id(1)), meanwhile);
        seen.push(`ends at ${quota()}`);
        end();
      };
    }
  }
  const counts = new Watched();
  const writer = new Writer(path, systemClock, counts, () => {});
  const reader = new DatabaseSync(path, { readOnly: true });
  t.after(() => {
    reader.close();
    writer.close();
    rmSync(dir, { recursive: true });
  });
  const run = (command: Command): Promise<unknown> =>
    new Promise((done, failed) => writer.submit({ command, done, failed }));
  await run({ kind: 'add-domain', domain: 'example.test' });
  const address = 'anna@example.test';
  const verifiers = undefined;
  await run({ kind: 'add-mailbox', address, verifiers, quotaBytes: 1, folders: [], nowMs: 1 });
  const before = counts.of(id(1));
  seen.length = 0;
  await run({ kind: 'set-quota', mailboxId: id(1), quotaBytes: 2, quotaMessages: undefined });
  assert.deepEqual(seen, ['begins at 1, on its way', 'ends at 2']);
  assert.equal(counts.of(id(1)), before + 2);
});
