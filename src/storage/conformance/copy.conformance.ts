import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Flag, type FolderId, INBOX_ID, type MailboxId } from '#model';
import type { FolderRef, UidRanges } from '../commands.ts';
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

function copy(box: Box, to: FolderRef, uids: UidRanges = ALL, move = false) {
  return run(box.engine, { kind: 'copy', ...box.ref(), uids, to, move });
}

/** What `copy` promises, for copies and moves (RFC 9051 §6.4.7, §6.4.8). */
export function copyConformance(open: OpenEngine, shared: 'store' | 'mailbox'): void {
  describe('copy', () => {
    copies(open, shared);
    moves(open);
    refusals(open);
  });
}

function copies(open: OpenEngine, shared: 'store' | 'mailbox'): void {
  test('keeps flags, keywords, internal date and content; gives new uids in order', async (t) => {
    const box = await openBox(open, t);
    const folderId = await box.create('copies');
    await box.deliver(1, { flags: Flag.Seen, keywords: ['a', 'b'], internalMs: 77 });
    await box.deliver(2, { flags: Flag.Deleted });
    const before = await box.folder(folderId);
    const copied = await copy(box, box.ref(folderId), ranges([1, 1], [3, 3]));
    assert.deepEqual(copied.uids, [1, 3]);
    assert.equal(copied.firstUid, 1);
    assert.equal(copied.uidValidity, before.uidValidity);
    const after = await box.folder(folderId);
    assert.equal(after.uidNext, 3);
    assert.deepEqual([after.messages, after.unseen, after.deleted], [2, 1, 1]);
    assert.ok(after.highestModSeq > before.highestModSeq);
    const source = await box.entries();
    const target = await box.entries(folderId);
    for (const [at, of] of [
      [0, 0],
      [1, 2],
    ] as const) {
      const { flags, keywords, internalMs, contentId, sizeBytes } = source[of]!;
      const expected = { flags, keywords, internalMs, contentId, sizeBytes };
      assert.deepEqual({ ...target[at]!, ...expected }, target[at]);
      assert.ok(target[at]!.modSeq > before.highestModSeq);
    }
    assert.equal((await box.engine.read.counts()).contents, 3);
    assert.equal((await box.engine.read.mailbox(box.mailboxId))?.usedMessages, 5);
    assert.deepEqual(await problemsOf(box.engine), []);
  });

  test('within one folder copies each message once, however wide the range', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(3);
    const copied = await copy(box, box.ref(), ALL);
    assert.deepEqual(copied.uids, [1, 2, 3]);
    assert.equal(copied.firstUid, 4);
    assert.deepEqual(await box.uids(), [1, 2, 3, 4, 5, 6]);
    await copy(box, box.ref(), ranges([2, 2], [5, 4_294_967_295]));
    const subjects = (await box.entries(INBOX_ID, { subject: true })).map((e) => e.subject);
    assert.deepEqual(subjects, ['m1', 'm2', 'm3', 'm1', 'm2', 'm3', 'm2', 'm2', 'm3']);
    assert.equal((await box.engine.read.counts()).contents, 3);
    assert.deepEqual(await problemsOf(box.engine), []);
  });

  test('missing uids are passed over; none at all is no change', async (t) => {
    const box = await openBox(open, t);
    const folderId = await box.create('copies');
    await box.deliver(2);
    const before = await box.picture();
    const target = await box.folder(folderId);
    const copied = await copy(box, box.ref(folderId), ranges([7, 4_294_967_295]));
    assert.deepEqual(copied, { uidValidity: target.uidValidity, uids: [], firstUid: 1 });
    assert.deepEqual(await box.picture(), before);
  });

  test('across mailboxes counts for the other mailbox', async (t) => {
    const box = await openBox(open, t);
    const other = await addBox(box.engine);
    await box.deliver(2, { keywords: ['k'] });
    await copy(box, other.ref());
    assert.equal((await box.engine.read.mailbox(other.mailboxId))?.usedMessages, 2);
    assert.equal((await box.engine.read.mailbox(box.mailboxId))?.usedMessages, 2);
    assert.deepEqual((await box.engine.read.openFolder(other.ref()))?.keywords, ['k']);
    assert.equal((await box.engine.read.counts()).contents, shared === 'store' ? 2 : 4);
    assert.deepEqual(await problemsOf(box.engine), []);
  });

  test('of a content that two of the sources share counts every reference', async (t) => {
    const box = await openBox(open, t);
    const targets = [box.target(), box.target()];
    const contents = [contentOf('shared')];
    await run(box.engine, { kind: 'ingest', contents, targets, tracking: [] });
    const folderId = await box.create('copies');
    await copy(box, box.ref(folderId));
    assert.deepEqual(await problemsOf(box.engine), []);
    const expunge = { kind: 'expunge', uids: undefined, onlyDeleted: false } as const;
    await run(box.engine, { ...expunge, ...box.ref() });
    const cleanUp = { kind: 'clean-up', contentsMax: 9, keepChanges: 99 } as const;
    assert.equal((await run(box.engine, cleanUp)).contents, 0);
    await run(box.engine, { ...expunge, ...box.ref(folderId) });
    assert.equal((await run(box.engine, cleanUp)).contents, 1);
  });
}

function moves(open: OpenEngine): void {
  test('a move is a copy and an expunge in one', async (t) => {
    const box = await openBox(open, t);
    const folderId = await box.create('moved');
    await box.deliver(4);
    const since = (await box.folder()).highestModSeq;
    const moved = await copy(box, box.ref(folderId), ranges([1, 1], [3, 9]), true);
    assert.deepEqual(moved.uids, [1, 3, 4]);
    assert.deepEqual(await box.uids(), [2]);
    assert.deepEqual(await box.uids(folderId), [1, 2, 3]);
    const changes = await box.engine.read.changes(box.ref(), since);
    assert.deepEqual(changes?.vanished, [1, 3, 4]);
    assert.deepEqual(changes?.entries, []);
    assert.equal((await box.folder()).uidNext, 5);
    assert.equal((await box.engine.read.mailbox(box.mailboxId))?.usedMessages, 4);
    assert.equal((await box.engine.read.counts()).contents, 4);
    assert.deepEqual(await problemsOf(box.engine), []);
  });

  test('a move within one folder gives new uids to exactly those', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(3);
    const since = (await box.folder()).highestModSeq;
    const moved = await copy(box, box.ref(), ranges([1, 2], [3, 4_294_967_295]), true);
    assert.deepEqual(moved.uids, [1, 2, 3]);
    assert.equal(moved.firstUid, 4);
    assert.deepEqual(await box.uids(), [4, 5, 6]);
    const changes = await box.engine.read.changes(box.ref(), since);
    assert.deepEqual(changes?.vanished, [1, 2, 3]);
    assert.deepEqual(
      changes?.entries.map((entry) => entry.uid),
      [4, 5, 6],
    );
    const folder = await box.folder();
    assert.deepEqual([folder.messages, folder.unseen, folder.uidNext], [3, 3, 7]);
    assert.deepEqual(await problemsOf(box.engine), []);
  });

  test('a move to another mailbox moves the usage', async (t) => {
    const box = await openBox(open, t);
    const other = await addBox(box.engine);
    await box.deliver(2, { flags: Flag.Seen });
    await copy(box, other.ref(), ranges([2, 2]), true);
    assert.deepEqual(await box.uids(), [1]);
    assert.deepEqual(await other.uids(), [1]);
    const used = async (each: Box) => (await box.engine.read.mailbox(each.mailboxId))?.usedMessages;
    assert.deepEqual([await used(box), await used(other)], [1, 1]);
    assert.deepEqual(await problemsOf(box.engine), []);
  });
}

function refusals(open: OpenEngine): void {
  test('a folder that is not there, on either side, is refused without effect', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(2);
    const before = await box.picture();
    const nowhere = 77 as FolderId;
    for (const move of [false, true]) {
      await refused(copy(box, box.ref(nowhere), ALL, move), 'no-folder');
      const command = {
        kind: 'copy',
        ...box.ref(nowhere),
        uids: ALL,
        to: box.ref(),
        move,
      } as const;
      await refused(run(box.engine, command), 'no-folder');
      const to = { mailboxId: 999 as MailboxId, folderId: INBOX_ID };
      await assert.rejects(copy(box, to, ALL, move), { code: /^no-(folder|mailbox)$/ });
    }
    assert.deepEqual(await box.picture(), before);
  });

  test('quota refuses a copy as a whole, and never a move inside the mailbox', async (t) => {
    const engine = await open(t);
    const box = await addBox(engine, 250);
    const folderId = await box.create('more');
    const contents = [contentOf('q', 100)];
    const targets = [box.target(), box.target()];
    await run(engine, { kind: 'ingest', contents, targets, tracking: [] });
    const before = await box.picture();
    await refused(copy(box, box.ref(folderId)), 'over-quota');
    assert.deepEqual(await box.picture(), before);
    await copy(box, box.ref(folderId), ALL, true);
    assert.deepEqual(await box.uids(folderId), [1, 2]);
    const other = await addBox(engine);
    await other.deliver(3);
    await refused(copy(other, box.ref(), ALL, true), 'over-quota');
    assert.deepEqual(await other.uids(), [1, 2, 3]);
  });
}
