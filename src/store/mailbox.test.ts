import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type ErrorCode, PosthornError, silentLogger } from '#kernel';
import { type Change, type Content, Flag, type FolderId, INBOX_ID, type MailboxId } from '#model';
import type { Engine } from '#storage';
import { type Mailbox, Store } from '#store';
import { ALL, addBox, refused } from '../storage/conformance/fixture.conformance.ts';
import { openFresh } from '../storage/fresh.conformance.ts';

interface House {
  readonly engine: Engine;
  readonly store: Store;
  readonly mailbox: Mailbox;
}

async function setUp(t: TestContext, quotaBytes?: number): Promise<House> {
  const engine = await openFresh(t);
  const store = new Store(engine, silentLogger);
  const { mailboxId } = await addBox(engine, quotaBytes);
  return { engine, store, mailbox: store.openMailbox(mailboxId, 'imap 1') };
}

async function contentOf(store: Store, text: string, sizeBytes = 0): Promise<Content> {
  await using incoming = store.incoming();
  await incoming.write(Buffer.from(`Subject: ${text}\r\n\r\n`));
  for (let at = 0; at < sizeBytes; at += 100_000) await incoming.write(Buffer.alloc(100_000, 'x'));
  return await incoming.finish();
}

async function messageOf(store: Store, text: string, sizeBytes = 0) {
  const content = await contentOf(store, text, sizeBytes);
  return { content, flags: Flag.Seen, keywords: ['k'], internalMs: 99 };
}

async function blobsOf(engine: Engine): Promise<string[]> {
  return (await Array.fromAsync(engine.blobs.list())).map(({ blob }) => blob);
}

describe('Mailbox', () => {
  test('appends, flags, copies and expunges in its own mailbox', async (t) => {
    const { store, mailbox } = await setUp(t);
    const messages = [await messageOf(store, 'one'), await messageOf(store, 'two')];
    const { entries } = await mailbox.append(INBOX_ID, messages);
    assert.deepEqual(
      entries.map((entry) => entry.uid),
      [1, 2],
    );
    const copies = await mailbox.createFolder('copies', '\\Archive');
    const ref = { folderId: INBOX_ID, uids: ALL };
    const to = { mailbox, folder: { folderId: copies } };
    await mailbox.copy({ ...ref, to, move: false });
    const edit = { operation: 'add', flags: Flag.Deleted, keywords: [] } as const;
    const stored = await mailbox.storeFlags({ ...ref, ...edit, unchangedSince: undefined });
    assert.deepEqual(stored.changed, [1, 2]);
    const gone = await mailbox.expunge({ folderId: INBOX_ID, uids: undefined, onlyDeleted: true });
    assert.deepEqual(gone.uids, [1, 2]);
    const [first] = await mailbox.entries({
      folderId: copies,
      uids: ALL,
      columns: { subject: true },
      limit: 1,
    });
    assert.equal(first?.subject, 'one');
    assert.equal(first.keywords, 'k');
    const bytes = await mailbox.contentBytes(first.contentId, 0, 1000);
    assert.equal(String(bytes), 'Subject: one\r\n\r\n');
    assert.equal((await mailbox.info())?.usedMessages, 2);
    assert.equal((await mailbox.openFolder(copies))?.uids.length, 2);
    assert.deepEqual((await mailbox.changes(INBOX_ID, stored.modSeq))?.vanished, [1, 2]);
    assert.deepEqual(await mailbox.claimRecent(copies), { from: 1, to: 3 });
    assert.deepEqual(await mailbox.claimRecent(copies), { from: 3, to: 3 });
    assert.deepEqual(await Array.fromAsync(store.check()), []);
  });

  test('finds folders by the name a user writes, and keeps the stored form', async (t) => {
    const { mailbox } = await setUp(t);
    const folderId = await mailbox.createFolder('inbox/Entwu\u0308rfe');
    assert.equal((await mailbox.folder(folderId))?.name, 'INBOX/Entw\u00fcrfe');
    assert.equal((await mailbox.folderByName('Inbox/Entw\u00fcrfe'))?.folderId, folderId);
    assert.equal((await mailbox.folderByName('INBOX'))?.folderId, INBOX_ID);
    assert.equal(await mailbox.folderByName('no/'), undefined);
    await mailbox.renameFolder(folderId, 'inbox/x');
    assert.equal((await mailbox.folder(folderId))?.name, 'INBOX/x');
    await mailbox.subscribe('inBOX/x', true);
    assert.deepEqual(await mailbox.subscriptions(), ['INBOX', 'INBOX/x']);
    await mailbox.subscribe('Inbox', false);
    assert.deepEqual(await mailbox.subscriptions(), ['INBOX/x']);
    await mailbox.deleteFolder(folderId);
    assert.deepEqual(
      (await mailbox.folders()).map((folder) => folder.name),
      ['INBOX'],
    );
  });

  test('refuses names and special uses that cannot be', async (t) => {
    const { mailbox } = await setUp(t);
    await refused(mailbox.createFolder('a//b'), 'folder-name');
    await refused(mailbox.createFolder('a', '\\Nonsense' as never), 'special-use');
    await refused(mailbox.subscribe('a*', true), 'folder-name');
    const folderId = await mailbox.createFolder('a', '\\Sent');
    await refused(mailbox.renameFolder(folderId, ''), 'folder-name');
    await refused(mailbox.createFolder('b', '\\Sent'), 'special-use');
    await refused(
      mailbox.append(77 as FolderId, []).then(() => mailbox.deleteFolder(77 as FolderId)),
      'no-folder',
    );
  });

  test('a watch hears of its mailbox after each commit, until disposed', async (t) => {
    const { engine, store, mailbox } = await setUp(t);
    const other = store.openMailbox((await addBox(engine)).mailboxId, 'imap 2');
    const heard: Change['kind'][] = [];
    const watch = mailbox.watch((change) => heard.push(change.kind));
    assert.equal(store.watches, 1);
    await other.append(INBOX_ID, [await messageOf(store, 'elsewhere')]);
    assert.deepEqual(heard, []);
    await mailbox.append(INBOX_ID, [await messageOf(store, 'here')]);
    await mailbox.createFolder('a');
    assert.deepEqual(heard, ['entries', 'folders']);
    watch[Symbol.dispose]();
    await mailbox.createFolder('b');
    assert.equal(heard.length, 2);
    store[Symbol.dispose]();
  });
});

describe('large messages', () => {
  test('what is refused leaves no blob behind', async (t) => {
    const { engine, store, mailbox } = await setUp(t, 500_000);
    const large = await messageOf(store, 'large', 600_000);
    assert.equal((await blobsOf(engine)).length, 1);
    await refused(mailbox.append(INBOX_ID, [large]), 'over-quota');
    assert.deepEqual(await blobsOf(engine), []);
    await refused(
      mailbox.append(9 as FolderId, [await messageOf(store, 'l', 300_000)]),
      'no-folder',
    );
    const targets = [
      { ...large, content: 0, folderId: INBOX_ID, enforceQuota: false, mailboxId: 99 as MailboxId },
    ];
    const contents = [await contentOf(store, 'x', 300_000)];
    await refused(store.ingest('test', { contents, targets, tracking: [] }), 'no-mailbox');
    assert.deepEqual(await blobsOf(engine), []);
  });

  for (const [code, kept] of [
    ['deadline', true],
    ['shutting-down', true],
    ['unavailable', true],
    ['internal', true],
    ['disk-full', false],
    ['too-busy', false],
  ] as [ErrorCode, boolean][])
    test(`after ${code} the blob ${kept ? 'stays, for the commit may have happened' : 'goes'}`, async (t) => {
      const { engine } = await setUp(t);
      const failing: Engine = {
        name: 'failing',
        read: engine.read,
        blobs: engine.blobs,
        execute: () => Promise.reject(new PosthornError(code)),
        onChanges: (listener) => engine.onChanges(listener),
        commits: (mailboxId) => engine.commits(mailboxId),
        lease: (name, ttlMs) => engine.lease(name, ttlMs),
        [Symbol.asyncDispose]: async () => {},
      };
      const store = new Store(failing, silentLogger);
      const mailbox = store.openMailbox(1 as MailboxId, 'test');
      await refused(mailbox.append(INBOX_ID, [await messageOf(store, 'x', 300_000)]), code);
      assert.equal((await blobsOf(engine)).length, kept ? 1 : 0);
    });

  test('the clean-up removes contents and their blobs, and says when there is more', async (t) => {
    const { engine, store, mailbox } = await setUp(t);
    const large = [await messageOf(store, 'a', 300_000), await messageOf(store, 'b', 300_000)];
    await mailbox.append(INBOX_ID, large);
    const small = Array.from({ length: 700 }, () => messageOf(store, 's'));
    await mailbox.append(INBOX_ID, await Promise.all(small));
    assert.equal(await store.cleanUp(), false);
    assert.equal((await blobsOf(engine)).length, 2);
    await mailbox.expunge({ folderId: INBOX_ID, uids: undefined, onlyDeleted: false });
    assert.equal(await store.cleanUp(), true);
    assert.equal(await store.cleanUp(), false);
    assert.deepEqual(await blobsOf(engine), []);
    assert.equal((await engine.read.counts()).contents, 0);
    assert.deepEqual(await Array.fromAsync(store.check()), []);
  });
});
