import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Flag, type FolderId, INBOX_ID } from '#model';
import {
  type Box,
  type OpenEngine,
  openBox,
  problemsOf,
  refused,
  run,
} from './fixture.conformance.ts';

function rename(box: Box, folderId: FolderId, name: string) {
  return run(box.engine, { kind: 'rename-folder', ...box.ref(folderId), name });
}

async function idOf(box: Box, name: string): Promise<FolderId> {
  const folder = await box.engine.read.folderByName(box.mailboxId, name);
  assert.ok(folder !== undefined, name);
  return folder.folderId;
}

/** What `rename-folder` promises (RFC 9051 §6.3.6). */
export function renameConformance(open: OpenEngine): void {
  describe('rename-folder', () => {
    test('takes everything below along, with ids, uids and messages as they were', async (t) => {
      const box = await openBox(open, t);
      for (const name of ['a/b/c', 'a/d', 'ab', 'a0', 'a-x']) await box.create(name);
      const deep = await idOf(box, 'a/b/c');
      await box.deliver(2, { folderId: deep, keywords: ['k'] });
      const before = await box.folder(deep);
      assert.deepEqual(await rename(box, await idOf(box, 'a'), 'z'), {
        folderId: await idOf(box, 'z'),
      });
      const names = ['INBOX', 'a-x', 'a0', 'ab', 'z', 'z/b', 'z/b/c', 'z/d'];
      assert.deepEqual((await box.names()).sort(), names);
      assert.deepEqual(await box.folder(deep), { ...before, name: 'z/b/c' });
      assert.deepEqual(await box.deliver(1, { folderId: deep }), [3]);
      assert.deepEqual(await problemsOf(box.engine), []);
    });

    test('names with characters beyond the first plane keep what follows them', async (t) => {
      const box = await openBox(open, t);
      for (const name of ['😀é/日本/x', '😀é/b', '😀éb', '😀']) await box.create(name);
      await rename(box, await idOf(box, '😀é'), '🎉🎉🎉');
      assert.deepEqual((await box.names()).sort(), [
        'INBOX',
        '🎉🎉🎉',
        '🎉🎉🎉/b',
        '🎉🎉🎉/日本',
        '🎉🎉🎉/日本/x',
        '😀',
        '😀éb',
      ]);
      await rename(box, await idOf(box, '🎉🎉🎉'), 'n/é');
      assert.ok((await box.names()).includes('n/é/日本/x'));
    });

    test('creates missing parents, may go deeper or higher', async (t) => {
      const box = await openBox(open, t);
      await box.create('a/b');
      await rename(box, await idOf(box, 'a'), 'x/y/a');
      assert.deepEqual(await box.names(), ['INBOX', 'x', 'x/y', 'x/y/a', 'x/y/a/b']);
      await rename(box, await idOf(box, 'x/y/a/b'), 'b');
      assert.deepEqual(await box.names(), ['INBOX', 'b', 'x', 'x/y', 'x/y/a']);
      await rename(box, await idOf(box, 'x/y'), 'xy');
      assert.deepEqual(await box.names(), ['INBOX', 'b', 'x', 'xy', 'xy/a']);
    });

    collisions(open);
    ofInbox(open);
  });
}

function collisions(open: OpenEngine): void {
  test('a name that exists is refused without effect', async (t) => {
    const box = await openBox(open, t);
    for (const name of ['a/x', 'b/x', 'c']) await box.create(name);
    const before = await box.picture();
    await refused(rename(box, await idOf(box, 'a'), 'b'), 'folder-exists');
    await refused(rename(box, await idOf(box, 'a'), 'a'), 'folder-exists');
    await refused(rename(box, await idOf(box, 'a/x'), 'a'), 'folder-exists');
    await refused(rename(box, await idOf(box, 'c'), 'INBOX'), 'folder-exists');
    await refused(rename(box, 99 as FolderId, 'new'), 'no-folder');
    assert.deepEqual(await box.picture(), before);
  });

  test('a folder does not go below itself', async (t) => {
    const box = await openBox(open, t);
    await box.create('a/x');
    const before = await box.picture();
    await refused(rename(box, await idOf(box, 'a'), 'a/y'), 'folder-name');
    await refused(rename(box, await idOf(box, 'a'), 'a/x/a'), 'folder-name');
    assert.deepEqual(await box.picture(), before);
    await rename(box, await idOf(box, 'a'), 'ab');
    assert.deepEqual(await box.names(), ['INBOX', 'ab', 'ab/x']);
  });
}

function ofInbox(open: OpenEngine): void {
  test('of INBOX moves its messages and leaves it, empty, with what is below it', async (t) => {
    const box = await openBox(open, t);
    await box.create('INBOX/sub');
    await box.deliver(2, { keywords: ['k'] });
    await box.deliver(1, { flags: Flag.Seen | Flag.Deleted });
    const before = await box.folder(INBOX_ID);
    const { folderId } = await rename(box, INBOX_ID, 'old/mail');
    assert.deepEqual(await box.names(), ['INBOX', 'INBOX/sub', 'old', 'old/mail']);
    const moved = await box.folder(folderId);
    assert.equal(moved.name, 'old/mail');
    assert.deepEqual([moved.messages, moved.unseen, moved.deleted], [3, 2, 1]);
    const inbox = await box.folder(INBOX_ID);
    assert.deepEqual([inbox.messages, inbox.unseen, inbox.deleted, inbox.sizeBytes], [0, 0, 0, 0]);
    assert.equal(inbox.uidValidity, before.uidValidity);
    assert.equal(inbox.uidNext, 4);
    const changes = await box.engine.read.changes(box.ref(), before.highestModSeq);
    assert.deepEqual(changes?.vanished, [1, 2, 3]);
    assert.deepEqual(await box.deliver(1), [4]);
    assert.deepEqual(await problemsOf(box.engine), []);
  });

  test('of an empty INBOX makes the folder; an existing name is refused', async (t) => {
    const box = await openBox(open, t);
    const { folderId } = await rename(box, INBOX_ID, 'empty');
    assert.equal((await box.folder(folderId)).messages, 0);
    await box.deliver(1);
    const before = await box.picture();
    await refused(rename(box, INBOX_ID, 'empty'), 'folder-exists');
    await refused(rename(box, INBOX_ID, 'INBOX'), 'folder-exists');
    assert.deepEqual(await box.picture(), before);
    await rename(box, INBOX_ID, 'INBOX/below');
    assert.deepEqual(await box.names(), ['INBOX', 'INBOX/below', 'empty']);
  });
}
