import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Flag, type FolderId, type MailboxId, type ModSeq } from '#model';
import type { StoreFlags } from '../commands.ts';
import {
  ALL,
  type Box,
  type OpenEngine,
  openBox,
  ranges,
  refused,
  run,
} from './fixture.conformance.ts';

/** Changes flags in a box's INBOX; by default adds nothing to all. */
function store(box: Box, change: Partial<StoreFlags>) {
  return run(box.engine, {
    kind: 'store-flags',
    ...box.ref(),
    uids: ALL,
    operation: 'add',
    flags: 0,
    keywords: [],
    unchangedSince: undefined,
    ...change,
  });
}

async function flagsOf(box: Box): Promise<number[]> {
  return (await box.entries()).map((entry) => entry.flags);
}

/** What `store-flags` promises of flags, modseqs and counters. */
export function storeFlagsConformance(open: OpenEngine): void {
  describe('store-flags', () => {
    test('adds, removes and replaces; tells only what really changed', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(2);
      await box.deliver(1, { flags: Flag.Seen | Flag.Draft });
      const added = await store(box, { flags: Flag.Seen | Flag.Flagged });
      assert.deepEqual(added.changed, [1, 2, 3]);
      const again = await store(box, { flags: Flag.Flagged });
      assert.deepEqual(again.changed, []);
      assert.equal(again.modSeq, added.modSeq);
      const removed = await store(box, { operation: 'remove', flags: Flag.Draft | Flag.Deleted });
      assert.deepEqual(removed.changed, [3]);
      const replaced = await store(box, {
        operation: 'replace',
        uids: ranges([2, 9]),
        flags: Flag.Seen | Flag.Flagged,
      });
      assert.deepEqual(replaced.changed, []);
      await store(box, { operation: 'replace', uids: ranges([1, 1]), flags: Flag.Answered });
      const both = Flag.Seen | Flag.Flagged;
      assert.deepEqual(await flagsOf(box), [Flag.Answered, both, both]);
    });

    test('raises the modseq of what changed and of nothing else', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(3);
      const before = await box.entries();
      const { highestModSeq } = await box.folder();
      const { modSeq } = await store(box, { uids: ranges([2, 2]), flags: Flag.Flagged });
      assert.ok(modSeq > highestModSeq);
      assert.equal((await box.folder()).highestModSeq, modSeq);
      const after = await box.entries();
      assert.deepEqual([after[0], after[2]], [before[0], before[2]]);
      assert.equal(after[1]!.modSeq, modSeq);
      const { modSeq: next } = await store(box, { uids: ranges([2, 2]), flags: Flag.Seen });
      assert.ok(next > modSeq);
    });

    test('keeps the counters of unseen and deleted', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(4);
      const counters = async () => {
        const { unseen, deleted, messages } = await box.folder();
        return [unseen, deleted, messages];
      };
      await store(box, { uids: ranges([1, 2]), flags: Flag.Seen | Flag.Deleted });
      assert.deepEqual(await counters(), [2, 2, 4]);
      await store(box, { uids: ranges([2, 4]), flags: Flag.Seen });
      assert.deepEqual(await counters(), [0, 2, 4]);
      await store(box, { operation: 'replace', uids: ranges([2, 3]), flags: Flag.Flagged });
      assert.deepEqual(await counters(), [2, 1, 4]);
      await store(box, { operation: 'remove', flags: Flag.Seen | Flag.Deleted });
      assert.deepEqual(await counters(), [4, 0, 4]);
    });

    test('sparse ranges touch what they name and pass over missing uids', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(9);
      await run(box.engine, {
        kind: 'expunge',
        ...box.ref(),
        uids: ranges([5, 5]),
        onlyDeleted: false,
      });
      const uids = ranges([1, 1], [4, 6], [9, 4_294_967_295]);
      assert.deepEqual((await store(box, { uids, flags: Flag.Seen })).changed, [1, 4, 6, 9]);
      assert.deepEqual((await store(box, { uids: [], flags: Flag.Flagged })).changed, []);
      assert.deepEqual((await store(box, { uids: ranges([50, 60]), flags: 2 })).changed, []);
    });

    unchangedSince(open);

    test('a mailbox or folder that is not there is refused', async (t) => {
      const box = await openBox(open, t);
      await refused(store(box, { folderId: 9 as FolderId }), 'no-folder');
      await refused(store(box, { mailboxId: 999 as MailboxId }), 'no-mailbox');
    });
  });
}

// RFC 7162 §3.1.3: UNCHANGEDSINCE.
function unchangedSince(open: OpenEngine): void {
  test('unchangedSince leaves alone and reports what changed after it', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(4);
    const { highestModSeq } = await box.folder();
    await store(box, { uids: ranges([2, 3]), flags: Flag.Answered });
    const stored = await store(box, { flags: Flag.Flagged, unchangedSince: highestModSeq });
    assert.deepEqual(stored.changed, [1, 4]);
    assert.deepEqual(stored.modified, [2, 3]);
    const answered = Flag.Answered;
    assert.deepEqual(await flagsOf(box), [Flag.Flagged, answered, answered, Flag.Flagged]);
    const now = (await box.folder()).highestModSeq;
    assert.equal(now, stored.modSeq);
    const all = await store(box, { flags: Flag.Seen, unchangedSince: now });
    assert.deepEqual(all.modified, []);
    assert.deepEqual(all.changed, [1, 2, 3, 4]);
  });

  test('unchangedSince 0 changes nothing at all', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(2);
    const before = await box.picture();
    const stored = await store(box, { flags: Flag.Seen, unchangedSince: 0 as ModSeq });
    assert.deepEqual(stored.changed, []);
    assert.deepEqual(stored.modified, [1, 2]);
    assert.deepEqual(await box.picture(), before);
  });

  test('an entry that would not change is still reported when it is newer', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(1);
    const { highestModSeq } = await box.folder();
    await store(box, { flags: Flag.Seen });
    const stored = await store(box, { flags: Flag.Seen, unchangedSince: highestModSeq });
    assert.deepEqual(stored.changed, []);
    assert.deepEqual(stored.modified, [1]);
  });
}
