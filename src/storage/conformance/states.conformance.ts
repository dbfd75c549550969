import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Flag, type ModSeq } from '#model';
import type { Command, UidRanges } from '../commands.ts';
import { ALL, addBox, type OpenEngine, openBox, ranges, run } from './fixture.conformance.ts';

/** What reading flags promises, and the count by which those who remember them know that they are as they were. */
export function statesConformance(open: OpenEngine): void {
  describe('states', () => {
    test('gives the flags of entries, few and many, by uid', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(150);
      const seen = { flags: Flag.Seen, keywords: ['one', 'Two'], unchangedSince: undefined };
      const some = ranges([2, 2], [140, 149]);
      const store = { kind: 'store-flags', ...box.ref(), operation: 'add', ...seen } as const;
      const { modSeq } = await run(box.engine, { ...store, uids: some });
      const read = (uids: UidRanges, limit: number, changedSince?: ModSeq) =>
        box.engine.read.states({ ...box.ref(), uids, limit, changedSince });
      const all = (await box.entries()).map(({ uid, modSeq, flags, keywords }) => ({
        uid,
        modSeq,
        flags,
        keywords,
      }));
      assert.equal(all[1]!.keywords, 'Two one');
      assert.deepEqual(await read(ALL, 1000), all);
      assert.deepEqual(await read(ALL, 7), all.slice(0, 7));
      assert.deepEqual(await read(ranges([2, 3], [149, 900]), 1000), [
        all[1],
        all[2],
        all[148],
        all[149],
      ]);
      assert.deepEqual(await read(ranges([2, 3], [10, 145]), 50), [
        all[1],
        all[2],
        ...all.slice(9, 57),
      ]);
      const before = (modSeq - 1) as ModSeq;
      assert.deepEqual(await read(ALL, 1000, before), [all[1], ...all.slice(139, 149)]);
      assert.deepEqual(await read(ranges([1, 1], [140, 150]), 1000, before), all.slice(139, 149));
      assert.deepEqual(await read([], 10), []);
      assert.deepEqual(await read(ranges([900, 950]), 10), []);
    });

    test('the count of commits is another one when a command is acknowledged', async (t) => {
      const box = await openBox(open, t);
      const { engine, mailboxId } = box;
      const other = await addBox(engine);
      const folderId = await box.create('other');
      await box.deliver(3);
      const ref = box.ref();
      const flags = { flags: Flag.Seen, keywords: [], unchangedSince: undefined };
      const uids = ranges([1, 1]);
      const commands: readonly Command[] = [
        { kind: 'store-flags', ...ref, operation: 'add', ...flags, uids },
        { kind: 'copy', ...ref, uids, to: box.ref(folderId), move: false },
        { kind: 'copy', ...other.ref(), uids, to: ref, move: false },
        { kind: 'expunge', ...ref, uids, onlyDeleted: false },
        { kind: 'claim-recent', ...ref },
        { kind: 'rename-folder', ...box.ref(folderId), name: 'else' },
        { kind: 'delete-folder', ...box.ref(folderId) },
        { kind: 'remove-mailbox', mailboxId },
      ];
      await other.deliver(1);
      for (const command of commands) {
        const before = engine.commits(mailboxId);
        await run(engine, command);
        const after = engine.commits(mailboxId);
        if (before !== undefined) assert.notEqual(after, before, command.kind);
        assert.equal(engine.commits(mailboxId), after);
      }
    });
  });
}
