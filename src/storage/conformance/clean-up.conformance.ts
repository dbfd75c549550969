import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Flag, INBOX_ID, type ModSeq } from '#model';
import {
  ALL,
  addBox,
  type Box,
  blobContent,
  cleanUpAll,
  contentOf,
  type OpenEngine,
  openBox,
  problemsOf,
  ranges,
  run,
  trackingEvent,
} from './fixture.conformance.ts';

function expunge(box: Box, folderId = INBOX_ID) {
  const command = { kind: 'expunge', uids: undefined, onlyDeleted: false } as const;
  return run(box.engine, { ...command, ...box.ref(folderId) });
}

function cleanUp(box: Box, contentsMax: number, keepChanges: number) {
  return run(box.engine, { kind: 'clean-up', contentsMax, keepChanges });
}

/** What `clean-up` promises. */
export function cleanUpConformance(open: OpenEngine): void {
  describe('clean-up', () => {
    test('contents go with their last reference, a bounded number at a time', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(5);
      const [entry] = await box.entries();
      assert.deepEqual(await cleanUp(box, 9, 99), { contents: 0, blobs: [], more: false });
      await expunge(box);
      assert.equal((await box.engine.read.counts()).contents, 5);
      const first = await cleanUp(box, 3, 99);
      assert.deepEqual([first.contents, first.more], [3, true]);
      assert.equal((await box.engine.read.counts()).contents, 2);
      assert.equal((await cleanUp(box, 3, 99)).contents, 2);
      assert.equal((await box.engine.read.counts()).contents, 0);
      assert.equal(
        await box.engine.read.contentBytes(box.mailboxId, entry!.contentId, 0, 9),
        undefined,
      );
      assert.deepEqual(await problemsOf(box.engine), []);
    });

    test('takes tracking from before a time, a bounded number at a time', async (t) => {
      const box = await openBox(open, t);
      const tracking = [1000, 2000, 3000, 4000].map((atMs) => ({ ...trackingEvent('T'), atMs }));
      const ingest = {
        kind: 'ingest',
        contents: [contentOf('x')],
        targets: [box.target()],
      } as const;
      await run(box.engine, { ...ingest, tracking });
      const step = (): Promise<{ readonly more: boolean }> =>
        run(box.engine, {
          kind: 'clean-up',
          contentsMax: 2,
          keepChanges: 99,
          trackingBeforeMs: 3500,
        });
      const left = async (): Promise<number[]> =>
        (await box.engine.read.tracking(9)).map((event) => event.atMs);
      assert.equal((await step()).more, true);
      assert.deepEqual(await left(), [4000, 3000]);
      assert.equal((await step()).more, false);
      assert.deepEqual(await left(), [4000]);
    });

    test('names the blobs of exactly those contents', async (t) => {
      const box = await openBox(open, t);
      const other = await addBox(box.engine);
      const names: string[] = [];
      for (const text of ['one', 'two']) {
        const content = await blobContent(box.engine, text, Buffer.alloc(1000, text));
        assert.ok(content.body.kind === 'blob');
        names.push(content.body.blob);
        const targets = text === 'one' ? [box.target()] : [box.target(), other.target()];
        await run(box.engine, { kind: 'ingest', contents: [content], targets, tracking: [] });
      }
      await box.deliver(1);
      await expunge(box);
      assert.deepEqual(await cleanUpAll(box.engine), [names[0]]);
      await box.engine.blobs.remove(names[0]!);
      assert.deepEqual(await problemsOf(box.engine), []);
      await run(box.engine, { kind: 'remove-mailbox', mailboxId: other.mailboxId });
      assert.deepEqual(await cleanUpAll(box.engine), [names[1]]);
    });

    test('the id of a content that went is not used again', async (t) => {
      const box = await openBox(open, t);
      const seen = new Set<number>();
      for (let round = 0; round < 3; round++) {
        await box.deliver(2);
        for (const { contentId } of await box.entries()) {
          assert.ok(!seen.has(contentId), `content ${contentId} again`);
          seen.add(contentId);
        }
        await expunge(box);
        await cleanUpAll(box.engine);
        // A command that fails in the middle makes the writer start from what is stored.
        const targets = [box.target({ content: 5 })];
        const broken = {
          kind: 'ingest',
          contents: [contentOf('x')],
          targets,
          tracking: [],
        } as const;
        await assert.rejects(run(box.engine, broken));
      }
    });

    test('in one group with deliveries to one folder harms neither', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(2);
      await expunge(box);
      const since = (await box.folder()).highestModSeq;
      const done = await Promise.all([box.deliver(2), cleanUp(box, 9, 999), box.deliver(2)]);
      assert.deepEqual(
        [done[0], done[2]],
        [
          [3, 4],
          [5, 6],
        ],
      );
      const changes = await box.engine.read.changes(box.ref(), since);
      assert.deepEqual(
        changes?.entries.map((entry) => entry.uid),
        [3, 4, 5, 6],
      );
    });

    pruning(open);
  });
}

function pruning(open: OpenEngine): void {
  test('a pruned log says so, and the picture can be recovered from what is there', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(10);
    const old = (await box.folder()).highestModSeq;
    for (let uid = 1; uid <= 4; uid++)
      await run(box.engine, {
        kind: 'expunge',
        ...box.ref(),
        uids: ranges([uid, uid]),
        onlyDeleted: false,
      });
    const recent = (await box.folder()).highestModSeq;
    const uids = ranges([6, 6], [8, 8]);
    const flag = { operation: 'add', flags: Flag.Flagged, keywords: ['k'] } as const;
    const store = { kind: 'store-flags', unchangedSince: undefined, ...flag } as const;
    await run(box.engine, { ...store, ...box.ref(), uids });
    await expungeNine(box);
    await cleanUp(box, 100, 2);

    const behind = await box.engine.read.changes(box.ref(), old);
    assert.equal(behind?.vanished, undefined);
    assert.deepEqual(
      behind?.entries.map((entry) => entry.uid),
      [6, 8],
    );
    const opened = await box.engine.read.openFolder(box.ref());
    assert.deepEqual([...opened!.uids], [5, 6, 7, 8, 10]);

    const near = await box.engine.read.changes(box.ref(), recent);
    assert.deepEqual(near?.vanished, [9]);
    assert.deepEqual(near?.entries, behind?.entries);
    const none = await box.engine.read.changes(box.ref(), opened!.folder.highestModSeq);
    assert.deepEqual(none, { folder: opened!.folder, vanished: [], entries: [] });
    assert.deepEqual(await problemsOf(box.engine), []);
  });

  test('with enough to keep, nothing is pruned', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(3);
    const since = 1 as ModSeq;
    await expunge(box);
    await cleanUp(box, 100, 1000);
    const changes = await box.engine.read.changes(box.ref(), since);
    assert.deepEqual(changes?.vanished, [1, 2, 3]);
    assert.equal(
      (await box.engine.read.entries({ ...box.ref(), uids: ALL, columns: {}, limit: 9 })).length,
      0,
    );
  });
}

async function expungeNine(box: Box): Promise<void> {
  const uids = ranges([9, 9]);
  await run(box.engine, { kind: 'expunge', ...box.ref(), uids, onlyDeleted: false });
}
