import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type FolderId, INBOX_ID, type MailboxId } from '#model';
import { type OpenEngine, openBox, problemsOf, refused, run } from './fixture.conformance.ts';

/** What creating, deleting and subscribing folders promises. */
export function foldersConformance(open: OpenEngine): void {
  describe('folders', () => {
    creating(open);
    deleting(open);
    subscribing(open);
  });
}

function creating(open: OpenEngine): void {
  test('a new mailbox has INBOX, empty', async (t) => {
    const box = await openBox(open, t);
    const inbox = await box.folder(INBOX_ID);
    assert.equal(inbox.name, 'INBOX');
    assert.deepEqual([inbox.messages, inbox.uidNext, inbox.recentFrom], [0, 1, 1]);
    assert.ok(inbox.uidValidity >= 1 && inbox.highestModSeq >= 1);
  });

  test('creates what is missing above, and only that', async (t) => {
    const box = await openBox(open, t);
    const deep = await box.create('a/b/c', '\\Archive');
    assert.deepEqual(await box.names(), ['INBOX', 'a', 'a/b', 'a/b/c']);
    const folders = await box.engine.read.folders(box.mailboxId);
    assert.deepEqual(
      folders.map((folder) => folder.specialUse),
      [undefined, undefined, undefined, '\\Archive'],
    );
    assert.equal(new Set(folders.map((folder) => folder.folderId)).size, 4);
    assert.equal(new Set(folders.map((folder) => folder.uidValidity)).size, 4);
    await box.create('a/d');
    assert.deepEqual(await box.names(), ['INBOX', 'a', 'a/b', 'a/b/c', 'a/d']);
    const found = await box.engine.read.folderByName(box.mailboxId, 'a/b/c');
    assert.equal(found?.folderId, deep);
    assert.deepEqual(found, await box.folder(deep));
  });

  test('a name that exists, or a special use that is taken, is refused without effect', async (t) => {
    const box = await openBox(open, t);
    await box.create('a/b', '\\Sent');
    const before = await box.picture();
    await refused(box.create('a'), 'folder-exists');
    await refused(box.create('INBOX'), 'folder-exists');
    await refused(box.create('x/y/z', '\\Sent'), 'special-use');
    assert.deepEqual(await box.picture(), before);
    await box.create('x/y/z', '\\Trash');
  });

  test('names are told apart by every character', async (t) => {
    const box = await openBox(open, t);
    const names = ['A', 'a', 'ä', '😀', '😀a', '😁', 'a b', "a'b", 'a_b', '0', '日本語'];
    for (const name of names) await box.create(name);
    for (const name of names)
      assert.equal((await box.engine.read.folderByName(box.mailboxId, name))?.name, name);
    assert.equal((await box.names()).length, names.length + 1);
    assert.equal(await box.engine.read.folderByName(box.mailboxId, 'aXb'), undefined);
  });

  test('a name used again has a higher uidvalidity and another id', async (t) => {
    const box = await openBox(open, t);
    let last = await box.folder(await box.create('again'));
    for (let round = 0; round < 3; round++) {
      await run(box.engine, { kind: 'delete-folder', ...box.ref(last.folderId) });
      const next = await box.folder(await box.create('again'));
      assert.ok(next.uidValidity > last.uidValidity);
      assert.ok(next.folderId > last.folderId);
      assert.equal(next.uidNext, 1);
      last = next;
    }
  });

  test('a mailbox that is not there is refused', async (t) => {
    const { engine } = await openBox(open, t);
    const mailboxId = 999 as MailboxId;
    const name = 'x';
    const create = { kind: 'create-folder', mailboxId, name, specialUse: undefined } as const;
    await refused(run(engine, create), 'no-mailbox');
    await refused(run(engine, { kind: 'subscribe', mailboxId, name, on: true }), 'no-mailbox');
  });
}

function deleting(open: OpenEngine): void {
  test('removes a folder with its entries', async (t) => {
    const box = await openBox(open, t);
    const folderId = await box.create('a');
    await box.deliver(2, { folderId });
    await box.deliver(1);
    const outcome = await run(box.engine, { kind: 'delete-folder', ...box.ref(folderId) });
    assert.deepEqual(outcome, { name: 'a' });
    assert.equal(await box.engine.read.folder(box.ref(folderId)), undefined);
    assert.deepEqual(await box.entries(folderId), []);
    assert.equal((await box.engine.read.mailbox(box.mailboxId))?.usedMessages, 1);
    assert.deepEqual(await problemsOf(box.engine), []);
    await refused(box.deliver(1, { folderId }), 'no-folder');
  });

  test('a folder with folders below it, and INBOX, stay', async (t) => {
    const box = await openBox(open, t);
    const deep = await box.create('a/b');
    await box.create('a0');
    await box.create('INBOX/x');
    const a = (await box.engine.read.folderByName(box.mailboxId, 'a'))!.folderId;
    await box.deliver(1, { folderId: a });
    const before = await box.picture();
    const remove = (folderId: FolderId) =>
      run(box.engine, { kind: 'delete-folder', ...box.ref(folderId) });
    await refused(remove(a), 'folder-has-children');
    await refused(remove(INBOX_ID), 'folder-fixed');
    await refused(remove(77 as FolderId), 'no-folder');
    assert.deepEqual(await box.picture(), before);
    await remove(deep);
    await remove(a);
    assert.deepEqual(await box.names(), ['INBOX', 'INBOX/x', 'a0']);
  });

  test('a sibling whose name only begins the same is no child', async (t) => {
    const box = await openBox(open, t);
    for (const name of ['a-b/c', 'a.b', 'a0', 'ab/c', 'a']) await box.create(name);
    const a = (await box.engine.read.folderByName(box.mailboxId, 'a'))!.folderId;
    await run(box.engine, { kind: 'delete-folder', ...box.ref(a) });
    const left = ['INBOX', 'a-b', 'a-b/c', 'a.b', 'a0', 'ab', 'ab/c'];
    assert.deepEqual((await box.names()).sort(), left);
  });
}

function subscribing(open: OpenEngine): void {
  test('subscriptions are names of their own (RFC 9051 §6.3.7)', async (t) => {
    const box = await openBox(open, t);
    const { mailboxId } = box;
    const subscribe = (name: string, on: boolean) =>
      run(box.engine, { kind: 'subscribe', mailboxId, name, on });
    const now = async () => [...(await box.engine.read.subscriptions(mailboxId))].sort();
    assert.deepEqual(await now(), ['INBOX']);
    assert.deepEqual(await subscribe('not/there', true), { changed: true });
    assert.deepEqual(await subscribe('not/there', true), { changed: false });
    const folderId = await box.create('a');
    assert.deepEqual(await now(), ['INBOX', 'not/there']);
    await subscribe('a', true);
    await run(box.engine, { kind: 'delete-folder', ...box.ref(folderId) });
    assert.deepEqual(await now(), ['INBOX', 'a', 'not/there']);
    assert.deepEqual(await subscribe('a', false), { changed: true });
    assert.deepEqual(await subscribe('a', false), { changed: false });
    assert.deepEqual(await subscribe('INBOX', false), { changed: true });
    assert.deepEqual(await now(), ['not/there']);
  });
}
