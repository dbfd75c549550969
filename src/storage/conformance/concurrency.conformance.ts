import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Flag, type FolderId, type MailboxId, type ModSeq } from '#model';
import type { FlagsStored } from '../commands.ts';
import {
  ALL,
  addBox,
  type Box,
  contentOf,
  type OpenEngine,
  openBox,
  problemsOf,
  ranges,
  refused,
  run,
} from './fixture.conformance.ts';

/** What holds when many commands are under way at once. */
export function concurrencyConformance(open: OpenEngine): void {
  describe('many at once', () => {
    test('1,000 deliveries at once get 1,000 uids, each resolved with its own', async (t) => {
      const box = await openBox(open, t);
      const given = await Promise.all(
        Array.from({ length: 1000 }, async (_, i) => {
          const [uid] = await box.deliver(1, {}, `n${i}-`);
          return [uid!, `n${i}-1`] as const;
        }),
      );
      const subjects = new Map(given);
      assert.equal(subjects.size, 1000);
      const entries = await box.entries(1 as FolderId, { subject: true });
      assert.equal(entries.length, 1000);
      for (const { uid, subject } of entries) assert.equal(subject, subjects.get(uid));
      assert.equal((await box.folder()).uidNext, 1001);
      assert.deepEqual(await problemsOf(box.engine), []);
    });

    test('commands that fail in a group harm no neighbour', async (t) => {
      const box = await openBox(open, t);
      const contents = [contentOf('x')];
      const ingest = { kind: 'ingest', contents, tracking: [] } as const;
      const work: Promise<unknown>[] = [];
      let good = 0;
      for (let i = 0; i < 300; i++) {
        if (i % 10 === 3)
          work.push(refused(box.deliver(1, { mailboxId: 999 as MailboxId }), 'no-mailbox'));
        else if (i % 10 === 7) {
          // A bug, not a refusal: a target without content.
          const targets = [box.target(), box.target({ content: 4 })];
          work.push(assert.rejects(run(box.engine, { ...ingest, targets })));
        } else {
          good++;
          work.push(box.deliver(1));
        }
      }
      await Promise.all(work);
      const uids = await box.uids();
      assert.equal(uids.length, good);
      assert.equal(new Set(uids).size, good);
      assert.deepEqual(await problemsOf(box.engine), []);
    });

    test('commands of one caller take effect in the order they were given', async (t) => {
      const box = await openBox(open, t);
      const { engine } = box;
      const store = {
        kind: 'store-flags',
        ...box.ref(),
        uids: ALL,
        unchangedSince: undefined,
      } as const;
      const replace = { ...store, operation: 'replace', flags: Flag.Deleted } as const;
      const outcomes = await Promise.all([
        box.deliver(2),
        run(engine, { ...replace, keywords: [], uids: ranges([1, 1]) }),
        run(engine, { kind: 'expunge', ...box.ref(), uids: undefined, onlyDeleted: true }),
        box.deliver(1),
        box.create('a'),
        run(engine, {
          kind: 'copy',
          ...box.ref(),
          uids: ALL,
          to: box.ref(2 as FolderId),
          move: true,
        }),
        box.deliver(1),
      ]);
      assert.deepEqual(outcomes[2].uids, [1]);
      assert.deepEqual(outcomes[5].uids, [2, 3]);
      assert.deepEqual(await box.uids(), [4]);
      const changes = await engine.read.changes(box.ref(), 1 as ModSeq);
      assert.deepEqual(changes!.vanished, [1, 2, 3]);
      assert.deepEqual(await problemsOf(engine), []);
    });

    test('what one command makes room for, and what it changes, the next ones find', async (t) => {
      const box = await addBox(await open(t), 4 * contentOf('n1').sizeBytes);
      const { engine } = box;
      await box.deliver(4, { enforceQuota: true }, 'n');
      const one = (
        operation: 'add' | 'remove',
        keyword: string,
        unchangedSince?: ModSeq,
      ): Promise<FlagsStored> =>
        run(engine, {
          kind: 'store-flags',
          ...box.ref(),
          uids: ranges([1, 1]),
          operation,
          flags: 0,
          keywords: [keyword],
          unchangedSince,
        });
      const { highestModSeq } = await box.folder();
      const expunge = { kind: 'expunge', ...box.ref(), onlyDeleted: false } as const;
      const outcomes = await Promise.all([
        one('add', 'New'),
        one('add', 'NEW', highestModSeq),
        one('add', 'new'),
        one('remove', 'nEw'),
        run(engine, { ...expunge, uids: ranges([4, 4]) }),
        box.deliver(1, { enforceQuota: true }, 'n'),
        refused(box.deliver(1, { enforceQuota: true }, 'n'), 'over-quota'),
        one('add', 'other'),
      ]);
      const [first, modified, same, removed, expunged, , , last] = outcomes;
      assert.deepEqual([first.changed, modified.changed, same.changed], [[1], [], []]);
      assert.deepEqual(modified.modified, [1]);
      assert.deepEqual([removed.changed, expunged.uids, last.changed], [[1], [4], [1]]);
      const modSeqs = [first.modSeq, removed.modSeq, expunged.modSeq, last.modSeq];
      assert.deepEqual(
        modSeqs.toSorted((a, b) => a - b),
        [...new Set(modSeqs)],
      );
      const entries = await box.entries(1 as FolderId);
      assert.deepEqual(
        entries.map(({ uid, keywords }) => [uid, keywords]),
        [
          [1, 'other'],
          [2, ''],
          [3, ''],
          [5, ''],
        ],
      );
      assert.equal((await box.folder()).highestModSeq, last.modSeq);
      assert.deepEqual(await problemsOf(engine), []);
    });

    test('hundreds of changes of flags at once have a modseq each, and are done in their order', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(3);
      const stored = await Promise.all(
        Array.from({ length: 300 }, (_, i) =>
          run(box.engine, {
            kind: 'store-flags',
            ...box.ref(),
            uids: ranges([1, 3]),
            operation: 'replace',
            flags: i % 2 === 0 ? Flag.Seen : 0,
            keywords: [`k${i % 7}`],
            unchangedSince: undefined,
          }),
        ),
      );
      for (const { changed } of stored) assert.deepEqual(changed, [1, 2, 3]);
      for (const [i, { modSeq }] of stored.entries())
        if (i > 0) assert.ok(modSeq > stored[i - 1]!.modSeq);
      const entries = await box.entries();
      const [last] = stored.slice(-1);
      for (const entry of entries)
        assert.deepEqual([entry.flags, entry.keywords, entry.modSeq], [0, 'k5', last!.modSeq]);
      assert.equal((await box.folder()).unseen, 3);
      assert.deepEqual(await problemsOf(box.engine), []);
    });

    test('reads during writes see one commit or the next, never half of one', async (t) => {
      const box = await openBox(open, t);
      let writing = true;
      const writes = (async () => {
        for (let i = 0; i < 60; i++) {
          // Three at a time: a snapshot never holds one or two of them.
          const work: Promise<unknown>[] = [box.deliver(3), box.deliver(3)];
          if (i % 5 === 4) work.push(expungeThree(box, i));
          await Promise.all(work);
        }
        writing = false;
      })();
      let reads = 0;
      for (; writing; reads++) {
        const opened = await box.engine.read.openFolder(box.ref());
        assert.equal(opened!.uids.length, opened!.folder.messages);
        assert.equal(opened!.uids.length % 3, 0);
        assert.ok((opened!.uids.at(-1) ?? 0) < opened!.folder.uidNext);
        const changes = await box.engine.read.changes(box.ref(), opened!.folder.highestModSeq);
        for (const entry of changes!.entries) assert.ok(entry.uid < changes!.folder.uidNext);
        await new Promise(setImmediate);
      }
      await writes;
      assert.ok(reads > 10, `${reads} reads`);
      assert.deepEqual(await problemsOf(box.engine), []);
    });

    test('what was resolved is seen by every read that starts afterwards', async (t) => {
      const box = await openBox(open, t);
      for (let i = 1; i <= 100; i++) {
        await box.deliver(1);
        assert.equal((await box.folder()).messages, i);
      }
    });
  });
}

async function expungeThree(box: Box, i: number): Promise<void> {
  const uids = ranges([i, i + 2]);
  const { uids: gone } = await run(box.engine, {
    kind: 'expunge',
    ...box.ref(),
    uids,
    onlyDeleted: false,
  });
  assert.equal(gone.length, 3);
}
