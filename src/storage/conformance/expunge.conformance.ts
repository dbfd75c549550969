import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Flag, type FolderId, type MailboxId } from '#model';
import type { Expunge } from '../commands.ts';
import {
  type Box,
  contentOf,
  type OpenEngine,
  openBox,
  problemsOf,
  ranges,
  refused,
  run,
} from './fixture.conformance.ts';

function expunge(box: Box, more: Partial<Expunge> = {}) {
  const all = { kind: 'expunge', uids: undefined, onlyDeleted: false } as const;
  return run(box.engine, { ...all, ...box.ref(), ...more });
}

/** What `expunge` and `claim-recent` promise. */
export function expungeConformance(open: OpenEngine): void {
  describe('expunge', () => {
    test('onlyDeleted takes those that carry \\Deleted and no others', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(2);
      await box.deliver(2, { flags: Flag.Deleted | Flag.Seen });
      await box.deliver(1, { flags: Flag.Draft });
      await box.deliver(1, { flags: Flag.Deleted });
      const limited = await expunge(box, { uids: ranges([1, 3]), onlyDeleted: true });
      assert.deepEqual(limited.uids, [3]);
      const { uids, modSeq } = await expunge(box, { onlyDeleted: true });
      assert.deepEqual(uids, [4, 6]);
      assert.ok(modSeq > limited.modSeq);
      assert.deepEqual(await box.uids(), [1, 2, 5]);
      const folder = await box.folder();
      const { messages, unseen, deleted, highestModSeq } = folder;
      assert.deepEqual([messages, unseen, deleted, highestModSeq], [3, 3, 0, modSeq]);
      assert.deepEqual(await problemsOf(box.engine), []);
    });

    test('without onlyDeleted it takes what the ranges name', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(9);
      const gone = await expunge(box, { uids: ranges([2, 3], [5, 5], [9, 4_294_967_295]) });
      assert.deepEqual(gone.uids, [2, 3, 5, 9]);
      assert.deepEqual(await box.uids(), [1, 4, 6, 7, 8]);
      assert.deepEqual((await expunge(box)).uids, [1, 4, 6, 7, 8]);
      const folder = await box.folder();
      assert.deepEqual([folder.messages, folder.unseen, folder.sizeBytes], [0, 0, 0]);
      assert.equal((await box.engine.read.mailbox(box.mailboxId))?.usedBytes, 0);
    });

    test('uids are never given again (RFC 9051 §2.3.1.1)', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(3);
      await expunge(box);
      assert.equal((await box.folder()).uidNext, 4);
      assert.deepEqual(await box.deliver(1), [4]);
    });

    test('nothing to expunge is no change', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(2);
      const before = await box.picture();
      const { uids, modSeq } = await expunge(box, { onlyDeleted: true });
      assert.deepEqual(uids, []);
      assert.equal(modSeq, (await box.folder()).highestModSeq);
      assert.deepEqual((await expunge(box, { uids: [] })).uids, []);
      assert.deepEqual(await box.picture(), before);
    });

    test('a mailbox or folder that is not there is refused', async (t) => {
      const box = await openBox(open, t);
      await refused(expunge(box, { folderId: 9 as FolderId }), 'no-folder');
      await refused(expunge(box, { mailboxId: 999 as MailboxId }), 'no-mailbox');
    });
  });

  describe('claim-recent', () => {
    // RFC 3501 §2.3.2: exactly one session is told of a message as recent.
    test('gives each entry to one claim only', async (t) => {
      const box = await openBox(open, t);
      const claim = () => run(box.engine, { kind: 'claim-recent', ...box.ref() });
      assert.deepEqual(await claim(), { from: 1, to: 1 });
      await box.deliver(3);
      assert.equal((await box.folder()).recentFrom, 1);
      const claims = await Promise.all([claim(), claim()]);
      assert.deepEqual(claims, [
        { from: 1, to: 4 },
        { from: 4, to: 4 },
      ]);
      await box.deliver(2);
      assert.deepEqual(await claim(), { from: 4, to: 6 });
      assert.equal((await box.folder()).recentFrom, 6);
      assert.deepEqual(await claim(), { from: 6, to: 6 });
    });

    test('an ingest claims in its own commit where it is asked to', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(2);
      const contents = [contentOf('a'), contentOf('b')];
      const targets = contents.map((_, content) => box.target({ content, claimsRecent: true }));
      const ingest = { kind: 'ingest', contents, targets, tracking: [] } as const;
      const { entries } = await run(box.engine, ingest);
      assert.deepEqual(
        entries.map((entry) => [entry!.recentFrom, entry!.uid]),
        [
          [1, 3],
          [4, 4],
        ],
      );
      assert.equal((await box.folder()).recentFrom, 5);
      const claim = () => run(box.engine, { kind: 'claim-recent', ...box.ref() });
      assert.deepEqual(await claim(), { from: 5, to: 5 });
      await box.deliver(1);
      assert.deepEqual(await claim(), { from: 5, to: 6 });
    });

    test('an ingest that is refused claims nothing', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(1);
      const { mailboxId } = box;
      await run(box.engine, { kind: 'set-quota', mailboxId, quotaBytes: 1, quotaMessages: 1 });
      const targets = [box.target({ enforceQuota: true, claimsRecent: true })];
      const ingest = { kind: 'ingest', contents: [contentOf('a')], targets, tracking: [] } as const;
      await refused(run(box.engine, ingest), 'over-quota');
      assert.equal((await box.folder()).recentFrom, 1);
    });

    test('is no change of the folder', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(1);
      const before = await box.folder();
      await run(box.engine, { kind: 'claim-recent', ...box.ref() });
      assert.equal((await box.folder()).highestModSeq, before.highestModSeq);
    });

    test('a folder that is not there is refused', async (t) => {
      const box = await openBox(open, t);
      const command = { kind: 'claim-recent', ...box.ref(7 as FolderId) } as const;
      await refused(run(box.engine, command), 'no-folder');
    });
  });
}
