import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Change, Flag, INBOX_ID, type ModSeq } from '#model';
import type { Engine } from '../engine.ts';
import {
  ALL,
  addBox,
  contentOf,
  type OpenEngine,
  openBox,
  ranges,
  refused,
  run,
} from './fixture.conformance.ts';

function listen(engine: Engine): { readonly seen: Change[] } & Disposable {
  const seen: Change[] = [];
  const watch = engine.onChanges((changes) => void seen.push(...changes));
  return { seen, [Symbol.dispose]: () => watch[Symbol.dispose]() };
}

/** What the change log and `onChanges` promise. */
export function changesConformance(open: OpenEngine): void {
  describe('change log', () => {
    test('names what was added, changed and vanished since each modseq', async (t) => {
      const box = await openBox(open, t);
      const at: ModSeq[] = [(await box.folder()).highestModSeq];
      const mark = async () => at.push((await box.folder()).highestModSeq);
      await box.deliver(3);
      await mark();
      const add = { kind: 'store-flags', operation: 'add', keywords: ['k'] } as const;
      const store = { ...add, ...box.ref(), flags: Flag.Seen, unchangedSince: undefined };
      await run(box.engine, { ...store, uids: ranges([1, 1], [3, 3]) });
      await mark();
      const gone = { kind: 'expunge', ...box.ref(), onlyDeleted: false } as const;
      await run(box.engine, { ...gone, uids: ranges([1, 2]) });
      await mark();
      const since = async (modSeq: ModSeq) => {
        const changes = await box.engine.read.changes(box.ref(), modSeq);
        assert.deepEqual(changes!.folder, await box.folder());
        return [changes!.vanished, changes!.entries.map((entry) => entry.uid)];
      };
      assert.deepEqual(await since(at[3]!), [[], []]);
      assert.deepEqual(await since(at[2]!), [[1, 2], []]);
      assert.deepEqual(await since(at[1]!), [[1, 2], [3]]);
      assert.deepEqual((await since(at[0]!))[1], [3]);
      const [entry] = (await box.engine.read.changes(box.ref(), at[1]!))!.entries;
      assert.deepEqual(entry, { uid: 3, modSeq: at[2], flags: Flag.Seen, keywords: 'k' });
    });

    test('names none where more were changed than are wanted', async (t) => {
      const box = await openBox(open, t);
      const since = (await box.folder()).highestModSeq;
      await box.deliver(6);
      const gone = { kind: 'expunge', ...box.ref(), onlyDeleted: false } as const;
      await run(box.engine, { ...gone, uids: ranges([1, 1]) });
      const all = await box.engine.read.changes(box.ref(), since);
      assert.equal(all!.entries.length, 5);
      const enough = await box.engine.read.changes(box.ref(), since, [], 6);
      assert.deepEqual(enough, all);
      const tooMany = await box.engine.read.changes(box.ref(), since, [], 4);
      assert.deepEqual(tooMany, { folder: all!.folder, vanished: undefined, entries: [] });
      const nothing = await box.engine.read.changes(box.ref(), all!.folder.highestModSeq, [], 4);
      assert.deepEqual(nothing, { folder: all!.folder, vanished: [], entries: [] });
    });

    test('leaves out what only changes of flags did that are known', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(5);
      const since = (await box.folder()).highestModSeq;
      const change = { kind: 'store-flags', operation: 'add', ...box.ref() } as const;
      const flag = { ...change, keywords: [], unchangedSince: undefined };
      const own = await run(box.engine, { ...flag, flags: Flag.Seen, uids: ranges([1, 4]) });
      const other = await run(box.engine, { ...flag, flags: Flag.Flagged, uids: ranges([3, 3]) });
      const again = await run(box.engine, { ...flag, flags: Flag.Answered, uids: ranges([2, 2]) });
      await box.deliver(1);
      await run(box.engine, {
        kind: 'expunge',
        ...box.ref(),
        onlyDeleted: false,
        uids: ranges([1, 1]),
      });
      const known = [own.modSeq, again.modSeq];
      const changes = (await box.engine.read.changes(box.ref(), since, known))!;
      assert.deepEqual(changes.vanished, [1]);
      const named = changes.entries.map(({ uid, modSeq }) => [uid, known.includes(modSeq)]);
      assert.deepEqual(
        named.filter(([, isKnown]) => !isKnown),
        [
          [3, false],
          [6, false],
        ],
      );
      assert.equal(changes.entries.find(({ uid }) => uid === 3)!.modSeq, other.modSeq);
      assert.ok(named.length < (await box.engine.read.changes(box.ref(), since))!.entries.length);
    });

    test('is right for a folder with more changes than are worth following one by one', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(4);
      const since = (await box.folder()).highestModSeq;
      const work: Promise<unknown>[] = [];
      for (let i = 0; i < 2100; i++) {
        const flip = { operation: i % 2 === 0 ? 'add' : 'remove', flags: Flag.Flagged } as const;
        const store = { kind: 'store-flags', keywords: [], unchangedSince: undefined } as const;
        work.push(run(box.engine, { ...store, ...box.ref(), ...flip, uids: ranges([2, 3]) }));
      }
      const gone = { kind: 'expunge', ...box.ref(), onlyDeleted: false } as const;
      work.push(run(box.engine, { ...gone, uids: ranges([3, 3]) }));
      await Promise.all(work);
      const changes = await box.engine.read.changes(box.ref(), since);
      assert.deepEqual(changes!.vanished, [3]);
      assert.deepEqual(
        changes!.entries.map((entry) => entry.uid),
        [2],
      );
    });
  });

  describe('onChanges', () => {
    hints(open);

    test('comes after durability and before the command resolves', async (t) => {
      const box = await openBox(open, t);
      const order: string[] = [];
      const read: Promise<unknown>[] = [];
      using _watch = box.engine.onChanges((changes) => {
        for (const change of changes)
          if (change.kind === 'entries') {
            order.push('told');
            read.push(box.uids());
          }
      });
      for (let i = 0; i < 3; i++) await box.deliver(1).then(() => order.push('resolved'));
      assert.deepEqual(order, ['told', 'resolved', 'told', 'resolved', 'told', 'resolved']);
      // Each has at least what was told; it may have been answered a moment later, when there was more.
      for (const [index, uids] of ((await Promise.all(read)) as number[][]).entries())
        assert.deepEqual(uids.slice(0, index + 1), [1, 2, 3].slice(0, index + 1));
    });

    test('commits come in order, each with what it changed', async (t) => {
      const box = await openBox(open, t);
      const other = await addBox(box.engine);
      using log = listen(box.engine);
      await Promise.all(
        Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? box : other).deliver(1)),
      );
      await box.deliver(1);
      for (const { mailboxId } of [box, other]) {
        const modSeqs = log.seen.flatMap((change) =>
          change.kind === 'entries' && change.mailboxId === mailboxId ? [change.modSeq] : [],
        );
        assert.ok(modSeqs.length > 0);
        for (const [i, modSeq] of modSeqs.entries()) if (i > 0) assert.ok(modSeq > modSeqs[i - 1]!);
        const folder = await box.engine.read.folder({ mailboxId, folderId: INBOX_ID });
        assert.equal(modSeqs.at(-1), folder!.highestModSeq);
      }
    });

    test('a disposed listener hears no more; what changes nothing is not told', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(1);
      using still = listen(box.engine);
      {
        using ended = listen(box.engine);
        await box.deliver(1);
        assert.equal(ended.seen.length, 1);
        ended[Symbol.dispose]();
        await box.deliver(1);
        assert.equal(ended.seen.length, 1);
      }
      const heard = still.seen.length;
      const nothing = {
        kind: 'expunge',
        ...box.ref(),
        uids: undefined,
        onlyDeleted: true,
      } as const;
      await run(box.engine, nothing);
      await refused(box.create('INBOX'), 'folder-exists');
      const name = 'INBOX';
      const { mailboxId } = box;
      await run(box.engine, { kind: 'subscribe', mailboxId, name, on: true });
      assert.equal(still.seen.length, heard);
    });
  });
}

function hints(open: OpenEngine): void {
  test('each kind of change is told with where to look', async (t) => {
    const box = await openBox(open, t);
    const other = await addBox(box.engine);
    const { engine, mailboxId } = box;
    const told = async (work: () => Promise<unknown>) => {
      using log = listen(engine);
      await work();
      return log.seen.map((change) =>
        change.kind === 'entries'
          ? `entries ${change.mailboxId === mailboxId ? 'box' : 'other'}/${change.folderId}`
          : change.kind,
      );
    };
    const ingest = { kind: 'ingest', contents: [contentOf('a')], tracking: [] } as const;
    const targets = [box.target(), other.target(), box.target()];
    const both = ['entries box/1', 'entries other/1'];
    assert.deepEqual(await told(() => run(engine, { ...ingest, targets })), both);
    assert.deepEqual(await told(() => box.create('a/b')), ['folders']);
    const folderId = (await engine.read.folderByName(mailboxId, 'a/b'))!.folderId;
    const copy = { kind: 'copy', ...box.ref(), uids: ALL, to: box.ref(folderId) } as const;
    const target = `entries box/${folderId}`;
    assert.deepEqual(await told(() => run(engine, { ...copy, move: false })), [target]);
    const moved = await told(() => run(engine, { ...copy, move: true }));
    assert.deepEqual(moved.sort(), ['entries box/1', target]);
    const rename = { kind: 'rename-folder', ...box.ref(folderId), name: 'c' } as const;
    assert.deepEqual(await told(() => run(engine, rename)), ['folders']);
    const gone = await told(() => run(engine, { kind: 'delete-folder', ...box.ref(folderId) }));
    assert.deepEqual(gone.sort(), [target, 'folders'].sort());
    const subscribe = { kind: 'subscribe', mailboxId, name: 'x', on: true } as const;
    assert.deepEqual(await told(() => run(engine, subscribe)), ['folders']);
    const add = { kind: 'add-domain', domain: 'more.test' } as const;
    assert.deepEqual(await told(() => run(engine, add)), ['directory']);
    const remove = { kind: 'remove-mailbox', mailboxId } as const;
    const removed = await told(() => run(engine, remove));
    assert.deepEqual(removed.sort(), ['directory', 'mailbox-removed']);
  });
}
