import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { isPosthornError, silentLogger } from '#kernel';
import {
  Flag,
  type FolderId,
  INBOX_ID,
  type MailboxId,
  parseRights,
  UID_MAX,
  type Uid,
} from '#model';
import type { Engine } from '#storage';
import { openFresh } from '../storage/fresh.conformance.ts';
import { type Mailbox, Namespace, type NewMessage, Store } from './index.ts';

const ALL = [[1 as Uid, UID_MAX as Uid]] as const;

async function addBox(engine: Engine, address: string): Promise<MailboxId> {
  await engine.execute<'add-domain'>('test', { kind: 'add-domain', domain: 'example.test' });
  const { mailboxId } = await engine.execute<'add-mailbox'>('test', {
    kind: 'add-mailbox',
    address,
    verifiers: undefined,
    quotaBytes: undefined,
    folders: [],
    nowMs: 0,
  });
  return mailboxId;
}

async function messageOf(store: Store, text: string): Promise<NewMessage> {
  await using incoming = store.incoming();
  await incoming.write(Buffer.from(`Subject: ${text}\r\n\r\n${text}\r\n`));
  const content = await incoming.finish();
  return { content, flags: Flag.Seen | Flag.Deleted, keywords: ['k'], internalMs: 1 };
}

/** Anna's mailbox with one message in `a`, and what Bob sees of it. */
async function setUp(t: TestContext, rights: string) {
  const engine = await openFresh(t);
  const store = new Store(engine, silentLogger);
  t.after(() => store[Symbol.dispose]());
  const anna = store.openMailbox(await addBox(engine, 'anna@example.test'), 'anna');
  const bob = store.openMailbox(await addBox(engine, 'bob@example.test'), 'bob');
  const folderId = await anna.createFolder('a');
  await anna.append(folderId, [await messageOf(store, 'one')]);
  const grant = (letters: string, to: MailboxId = bob.mailboxId) =>
    anna.setAcl({
      folderId,
      granteeId: to,
      negative: false,
      operation: 'replace',
      rights: parseRights(letters)!,
    });
  await grant(`l${rights}`);
  const names = new Namespace(bob);
  const found = await names.get('Other Users/anna@example.test/a');
  return { engine, store, anna, bob, names, folderId, grant, theirs: found.mailbox };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    assert.ok(isPosthornError(error), String(error));
    return error.code;
  }
}

/** Everything that a mailbox does to a folder, with what it takes. */
function deeds(
  theirs: Mailbox,
  bob: Mailbox,
  folderId: FolderId,
  message: NewMessage,
): readonly (readonly [string, () => Promise<unknown>])[] {
  const place = { folderId, uids: ALL };
  const inbox = { mailbox: bob, folder: { folderId: INBOX_ID } };
  return [
    ['r', () => theirs.entries({ ...place, columns: {}, limit: 1 })],
    ['r', () => theirs.states({ ...place, limit: 1 })],
    ['i', () => theirs.append(folderId, [message])],
    [
      'rs',
      () =>
        theirs.storeFlags({
          ...place,
          operation: 'add',
          flags: Flag.Seen,
          keywords: [],
          unchangedSince: undefined,
        }),
    ],
    [
      'rw',
      () =>
        theirs.storeFlags({
          ...place,
          operation: 'remove',
          flags: 0,
          keywords: ['x'],
          unchangedSince: undefined,
        }),
    ],
    ['r', () => theirs.copy({ ...place, to: inbox, move: false })],
    ['rte', () => theirs.copy({ ...place, to: inbox, move: true })],
    ['e', () => theirs.expunge({ folderId, uids: undefined, onlyDeleted: true })],
    ['te', () => theirs.expunge({ folderId, uids: undefined, onlyDeleted: false })],
    ['r', () => theirs.claimRecent(folderId)],
    ['a', () => theirs.acl(folderId)],
    [
      'a',
      () =>
        theirs.setAcl({
          folderId,
          granteeId: 77 as MailboxId,
          negative: false,
          operation: 'add',
          rights: parseRights('p')!,
        }),
    ],
    ['k', () => theirs.createFolder('a/below')],
    ['x', () => theirs.renameFolder(folderId, 'b')],
    ['x', () => theirs.deleteFolder(folderId)],
  ];
}

describe('a mailbox of another', () => {
  test('refuses whatever the rights do not allow, whoever calls it', async (t) => {
    const { store, theirs, bob, folderId } = await setUp(t, '');
    const message = await messageOf(store, 'new');
    for (const [, deed] of deeds(theirs, bob, folderId, message))
      assert.equal(await codeOf(deed()), 'no-permission');
    assert.equal(await theirs.openFolder(folderId), undefined);
    assert.equal(await theirs.changes(folderId, 0 as never), undefined);
    assert.equal(await codeOf(theirs.createFolder('top')), 'no-permission');
    assert.equal(await codeOf(theirs.acl()), 'no-permission');
    assert.equal(await codeOf(theirs.createFolder('a/b', '\\Sent')), 'special-use');
    await assert.rejects(theirs.subscribe('x', true), /own mailbox/);
  });

  test('does what they allow, and nothing more', async (t) => {
    const { store, theirs, bob, folderId, grant } = await setUp(t, '');
    for (const [needs, deed] of deeds(theirs, bob, folderId, await messageOf(store, 'new')).slice(
      0,
      11,
    )) {
      for (const missing of needs) {
        await grant(`l${needs.replace(missing, '')}`);
        theirs.watch(() => {})[Symbol.dispose]();
        assert.equal(await codeOf(deed()), 'no-permission', `${needs} without ${missing}`);
      }
      await grant(`l${needs}`);
      theirs.watch(() => {})[Symbol.dispose]();
      assert.equal(await codeOf(deed()), 'done', needs);
    }
  });

  test('is as if it had no folder where nothing may be looked up', async (t) => {
    const { engine, anna, theirs, bob, folderId, grant, store, names } = await setUp(
      t,
      'rswitekxa',
    );
    await grant('rswitekxa');
    using _watch = theirs.watch(() => {});
    for (const [, deed] of deeds(theirs, bob, folderId, await messageOf(store, 'new')).slice(1))
      assert.match(await codeOf(deed()), /^no-folder$|^no-permission$/);
    assert.equal(await theirs.folder(folderId), undefined);
    assert.equal(await theirs.folderByName('a'), undefined);
    assert.deepEqual(await theirs.folders(), []);
    assert.equal(await theirs.contentBytes(1 as never, 0, 1), undefined);
    assert.equal(await codeOf(names.place('Other Users/anna@example.test/a/b')), 'no-permission');
    assert.equal(await codeOf(names.place('Other Users/nobody@example.test/b')), 'no-permission');
    assert.deepEqual((await anna.folders()).length, 2);
    assert.equal((await engine.read.folders(anna.mailboxId)).length, 2);
  });

  test('reads by what it knows until a hint comes, writes by what is granted now', async (t) => {
    const { theirs, folderId, grant, store } = await setUp(t, 'ri');
    using _watch = theirs.watch(() => {});
    assert.equal((await theirs.entries({ folderId, uids: ALL, columns: {}, limit: 9 })).length, 1);
    await grant('l');
    assert.equal(
      await codeOf(theirs.append(folderId, [await messageOf(store, 'x')])),
      'no-permission',
    );
    assert.equal(
      await codeOf(theirs.entries({ folderId, uids: ALL, columns: {}, limit: 9 })),
      'no-permission',
    );
  });

  test('keeps of new messages the flags that the rights allow', async (t) => {
    const { anna, theirs, folderId, store, grant } = await setUp(t, 'ri');
    await theirs.append(folderId, [await messageOf(store, 'x')]);
    await grant('lrit');
    await theirs.append(folderId, [await messageOf(store, 'y')]);
    const entries = await anna.entries({ folderId, uids: ALL, columns: {}, limit: 9 });
    assert.deepEqual(
      entries.map(({ flags, keywords }) => `${flags} ${keywords}`),
      ['9 k', '0 ', '8 '],
    );
  });
});

describe('names', () => {
  test('an own folder where those of others are, from before, is found and can be renamed away', async (t) => {
    const { engine, bob, names } = await setUp(t, 'r');
    const { mailboxId } = bob;
    await engine.execute<'create-folder'>('test', {
      kind: 'create-folder',
      mailboxId,
      name: 'Other Users/old',
      specialUse: undefined,
    });
    const found = await names.get('Other Users/old');
    assert.ok(found.mailbox.isOwn);
    assert.equal(await codeOf(bob.createFolder('Other Users/new')), 'folder-name');
    await found.mailbox.renameFolder(found.folder.folderId, 'old');
    assert.ok((await bob.folders()).some(({ name }) => name === 'old'));
  });

  test('addresses with characters that no level may have are written otherwise, and read back', async (t) => {
    const { engine, store, bob, names } = await setUp(t, 'r');
    const odd = store.openMailbox(await addBox(engine, 'a/b%c*d=e@example.test'), 'odd');
    const { mailboxId: granteeId } = bob;
    const rights = parseRights('lr')!;
    await odd.setAcl({ folderId: INBOX_ID, granteeId, negative: false, operation: 'add', rights });
    const shared = (await names.folders({ others: true })).filter(({ mailbox }) => !mailbox.isOwn);
    const shown = shared.map(({ mailbox, folder }) => mailbox.prefix + folder.name);
    const name = 'Other Users/a=2Fb=25c=2Ad=3De@example.test/INBOX';
    assert.deepEqual(shown, [name, 'Other Users/anna@example.test/a']);
    assert.equal((await names.get(name)).mailbox.mailboxId, odd.mailboxId);
    assert.equal((await names.folders({ others: false })).length, 1);
  });
});
