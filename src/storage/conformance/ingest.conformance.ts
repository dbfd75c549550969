import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Flag, type FolderId, INBOX_ID, type MailboxId } from '#model';
import {
  addBox,
  type Box,
  blobContent,
  contentOf,
  type OpenEngine,
  openBox,
  problemsOf,
  refused,
  run,
  trackingEvent,
  ZERO,
} from './fixture.conformance.ts';

/** What `ingest` promises. */
export function ingestConformance(open: OpenEngine, shared: 'store' | 'mailbox'): void {
  describe('ingest', () => {
    test('gives each target its uid, in order, with uidvalidity and a rising modseq', async (t) => {
      const box = await openBox(open, t);
      const before = await box.folder();
      assert.equal(before.uidNext, 1);
      const { entries } = await run(box.engine, {
        kind: 'ingest',
        contents: [contentOf('a'), contentOf('b')],
        targets: [box.target({ content: 1 }), box.target({ content: 0 })],
        tracking: [],
      });
      const after = await box.folder();
      assert.deepEqual(
        entries.map((entry) => entry!.uid),
        [1, 2],
      );
      for (const entry of entries) {
        assert.equal(entry!.uidValidity, after.uidValidity);
        assert.ok(entry!.modSeq > before.highestModSeq);
        assert.ok(entry!.modSeq <= after.highestModSeq);
      }
      assert.equal(after.uidNext, 3);
      assert.equal(after.messages, 2);
      const subjects = (await box.entries(INBOX_ID, { subject: true })).map((e) => e.subject);
      assert.deepEqual(subjects, ['b', 'a']);
    });

    test('keeps flags, keywords, dates and bytes as given', async (t) => {
      const box = await openBox(open, t);
      const content = contentOf('kept');
      const flags = Flag.Seen | Flag.Flagged;
      const target = box.target({ flags, keywords: ['$Label1', 'todo'], internalMs: 123_456 });
      await run(box.engine, {
        kind: 'ingest',
        contents: [content],
        targets: [target],
        tracking: [],
      });
      const [entry] = await box.entries(INBOX_ID, { head: true, body: true, hash: true });
      assert.equal(entry!.flags, flags);
      assert.deepEqual(entry!.keywords.split(' ').sort(), ['$Label1', 'todo']);
      assert.equal(entry!.internalMs, 123_456);
      assert.equal(entry!.sizeBytes, content.sizeBytes);
      assert.deepEqual(entry!.head, Buffer.from(content.head));
      assert.ok(content.body.kind === 'bytes');
      assert.deepEqual(entry!.body, Buffer.from(content.body.bytes));
      assert.deepEqual(entry!.hash, Buffer.from(content.hash));
      assert.deepEqual(await problemsOf(box.engine), []);
    });

    test('counts unseen, deleted and bytes', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(1);
      await box.deliver(2, { flags: Flag.Seen });
      await box.deliver(1, { flags: Flag.Deleted });
      const folder = await box.folder();
      assert.equal(folder.messages, 4);
      assert.equal(folder.unseen, 2);
      assert.equal(folder.deleted, 1);
      const entries = await box.entries();
      assert.equal(
        folder.sizeBytes,
        entries.reduce((sum, entry) => sum + entry.sizeBytes, 0),
      );
      const info = await box.engine.read.mailbox(box.mailboxId);
      assert.equal(info?.usedMessages, 4);
      assert.equal(info?.usedBytes, folder.sizeBytes);
    });

    test('shares one content among many targets', async (t) => {
      const box = await openBox(open, t);
      const other = await addBox(box.engine);
      await run(box.engine, {
        kind: 'ingest',
        contents: [contentOf('shared')],
        targets: [box.target(), other.target(), box.target()],
        tracking: [],
      });
      const ids = (await box.entries()).map((e) => e.contentId);
      assert.equal(ids.length, 2);
      assert.equal(new Set(ids).size, 1);
      const others = (await other.entries()).map((e) => e.contentId);
      assert.equal(others.length, 1);
      if (shared === 'store') assert.deepEqual(others, [ids[0]]);
      const contents = shared === 'store' ? 1 : 2;
      assert.equal((await box.engine.read.counts()).contents, contents);
      assert.deepEqual(await problemsOf(box.engine), []);
    });

    test('one content that nobody wants, or a target of none, is a bug that stores nothing', async (t) => {
      const box = await openBox(open, t);
      const before = await box.picture();
      const ingest = { kind: 'ingest', tracking: [] } as const;
      const contents = [contentOf('a'), contentOf('b')];
      await assert.rejects(run(box.engine, { ...ingest, contents, targets: [box.target()] }));
      const targets = [box.target({ content: 2 }), box.target(), box.target({ content: 1 })];
      await assert.rejects(run(box.engine, { ...ingest, contents, targets }));
      assert.deepEqual(await box.picture(), before);
      assert.equal((await box.engine.read.counts()).contents, 0);
    });

    test('stores a body that is a blob', async (t) => {
      const box = await openBox(open, t);
      const body = Buffer.alloc(700_000, 'blob bytes ');
      const content = await blobContent(box.engine, 'large', body);
      await run(box.engine, {
        kind: 'ingest',
        contents: [content],
        targets: [box.target()],
        tracking: [],
      });
      const [entry] = await box.entries(INBOX_ID, { body: true });
      assert.equal(entry!.body, undefined);
      assert.ok(content.body.kind === 'blob');
      assert.equal(entry!.blob, content.body.blob);
      const { contentId, sizeBytes } = entry!;
      const whole = await box.engine.read.contentBytes(box.mailboxId, contentId, 0, sizeBytes);
      assert.ok(whole!.equals(Buffer.concat([content.head, body])));
      assert.deepEqual(await problemsOf(box.engine), []);
    });

    test('records its tracking with it, newest first', async (t) => {
      const box = await openBox(open, t);
      const tracking = [
        trackingEvent('one'),
        { ...trackingEvent('one'), event: 'DELIVER' } as const,
      ];
      await run(box.engine, {
        kind: 'ingest',
        contents: [contentOf('tracked')],
        targets: [box.target()],
        tracking,
      });
      assert.deepEqual(await box.engine.read.tracking(10), tracking.toReversed());
      assert.equal((await box.engine.read.tracking(1)).length, 1);
    });

    test('tracking alone needs no message', async (t) => {
      const box = await openBox(open, t);
      const tracking = [trackingEvent('alone')];
      const { entries } = await run(box.engine, {
        kind: 'ingest',
        contents: [],
        targets: [],
        tracking,
      });
      assert.deepEqual(entries, []);
      assert.deepEqual(await box.engine.read.tracking(10), tracking);
    });

    atomicity(open);
    quota(open);
  });
}

function atomicity(open: OpenEngine): void {
  const failing: readonly [string, (box: Box) => object, 'no-mailbox' | 'no-folder'][] = [
    ['mailbox', () => ({ mailboxId: 9999 as MailboxId }), 'no-mailbox'],
    ['folder', () => ({ folderId: 77 as FolderId }), 'no-folder'],
  ];
  for (const [what, wrong, code] of failing) {
    for (const place of [0, 1, 2]) {
      test(`one missing ${what} at place ${place} of three: nothing is stored, nothing tracked`, async (t) => {
        const box = await openBox(open, t);
        const other = await addBox(box.engine);
        await box.deliver(1);
        const before = [await box.picture(), await other.picture()];
        const targets = [box, other, box].map((each, index) => {
          const target = each.target({ keywords: [`new${index}`] });
          return index === place ? { ...target, ...wrong(box) } : target;
        });
        const command = {
          kind: 'ingest',
          contents: [contentOf('all or none')],
          targets,
          tracking: [trackingEvent('no')],
        } as const;
        await refused(run(box.engine, command), code);
        assert.deepEqual([await box.picture(), await other.picture()], before);
        assert.deepEqual(await box.engine.read.tracking(10), []);
        assert.equal((await box.engine.read.counts()).contents, 1);
        // And the next one goes in once, under the next uid.
        assert.deepEqual(await box.deliver(1), [2]);
        assert.equal((await other.folder()).uidNext, 1);
        assert.deepEqual(await problemsOf(box.engine), []);
      });
    }
  }

  test('keywords beyond the limit of one target leave no keywords in the others', async (t) => {
    const box = await openBox(open, t);
    const other = await addBox(box.engine);
    const before = [await box.picture(), await other.picture()];
    const many = Array.from({ length: 1001 }, (_, i) => `k${i}`);
    const targets = [box.target({ keywords: ['fine'] }), other.target({ keywords: many })];
    const contents = [contentOf('x')];
    await refused(run(box.engine, { kind: 'ingest', contents, targets, tracking: [] }), 'too-many');
    assert.deepEqual([await box.picture(), await other.picture()], before);
    // The neighbour in the same group is not harmed.
    const good = box.deliver(1, { keywords: ['good'] });
    const bad = run(box.engine, { kind: 'ingest', contents, targets, tracking: [] });
    await Promise.all([good, refused(bad, 'too-many'), box.deliver(1)]);
    const opened = await box.engine.read.openFolder(box.ref());
    assert.deepEqual(opened?.keywords, ['good']);
    assert.equal(opened?.uids.length, 2);
  });
}

function quota(open: OpenEngine): void {
  test('quota refuses the whole ingest where it is enforced, and only there', async (t) => {
    const engine = await open(t);
    const free = await addBox(engine);
    const content = contentOf('quota', 600);
    const tight = await addBox(engine, 1000);
    assert.equal((await engine.read.mailbox(tight.mailboxId))?.quotaBytes, 1000);
    const ingest = (targets: Parameters<Box['target']>[0][]) =>
      run(engine, {
        kind: 'ingest',
        contents: [content],
        targets: [free.target(), ...targets.map((target) => tight.target(target))],
        tracking: [],
      });
    await refused(ingest([{ enforceQuota: true }, { enforceQuota: true }]), 'over-quota');
    assert.equal((await free.folder()).messages, 0);
    await ingest([{ enforceQuota: true }]);
    await refused(ingest([{ enforceQuota: true }]), 'over-quota');
    await ingest([{ enforceQuota: false }]);
    assert.equal((await free.folder()).messages, 2);
    assert.equal((await tight.folder()).messages, 2);
    // What was removed makes room again.
    await run(engine, { kind: 'expunge', ...tight.ref(), uids: undefined, onlyDeleted: false });
    await ingest([{ enforceQuota: true }]);
    assert.equal((await engine.read.mailbox(tight.mailboxId))?.usedBytes, content.sizeBytes);
    assert.ok((await engine.read.changes(tight.ref(), ZERO)) !== undefined);
  });
}
