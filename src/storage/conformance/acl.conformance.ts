import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ANYONE,
  type Change,
  type FolderId,
  INBOX_ID,
  type MailboxId,
  parseRights,
  type Rights,
  type RightsOperation,
} from '#model';
import { GRANTS_MAX } from '../limits.ts';
import {
  addBox,
  type Box,
  type OpenEngine,
  openBox,
  problemsOf,
  refused,
  run,
} from './fixture.conformance.ts';

/** What rights of others on a folder promise. */
export function aclConformance(open: OpenEngine): void {
  describe('rights of others', () => {
    granting(open);
    inheriting(open);
    sharing(open);
  });
}

interface GrantTo {
  readonly folderId?: FolderId;
  readonly negative?: boolean;
  readonly operation?: RightsOperation;
}

function grant(box: Box, grantee: Box | undefined, rights: string, more: GrantTo = {}) {
  const { folderId = INBOX_ID, negative = false, operation = 'replace' } = more;
  return run(box.engine, {
    kind: 'set-acl',
    ...box.ref(folderId),
    granteeId: grantee?.mailboxId ?? ANYONE,
    negative,
    operation,
    rights: parseRights(rights)!,
  });
}

async function aclOf(box: Box, folderId: FolderId = INBOX_ID): Promise<readonly string[]> {
  const grants = await box.engine.read.acl(box.mailboxId, folderId);
  return grants.map(
    ({ granteeId, negative, rights }) => `${negative ? '-' : ''}${granteeId} ${rights}`,
  );
}

function granting(open: OpenEngine): void {
  test('grants are replaced, added to, taken from, and go when nothing is left', async (t) => {
    const box = await openBox(open, t);
    const bob = await addBox(box.engine);
    const id = bob.mailboxId;
    assert.deepEqual(await grant(box, bob, 'lr'), { changed: true });
    assert.deepEqual(await grant(box, bob, 'rl'), { changed: false });
    assert.deepEqual(await grant(box, bob, 'wl', { operation: 'add' }), { changed: true });
    assert.deepEqual(await aclOf(box), [`${id} lrw`]);
    await grant(box, bob, 'rs', { operation: 'remove' });
    await grant(box, bob, 'e', { negative: true });
    await grant(box, undefined, 'lr');
    assert.deepEqual(await aclOf(box), ['0 lr', `${id} lw`, `-${id} e`]);
    const other = await box.create('other');
    await grant(box, bob, 'l', { folderId: other });
    const all = (await box.engine.read.acl(box.mailboxId)).map(({ folderId }) => folderId);
    assert.deepEqual(all.sort(), [INBOX_ID, INBOX_ID, INBOX_ID, other]);
    assert.equal((await aclOf(box)).length, 3);
    await grant(box, bob, 'lw', { operation: 'remove' });
    await grant(box, undefined, '');
    assert.deepEqual(await aclOf(box), [`-${id} e`]);
    assert.deepEqual(await grant(box, undefined, ''), { changed: false });
    const missing = grant(box, bob, 'l', { folderId: 99 as FolderId });
    await refused(missing, 'no-folder');
    const nobody = { kind: 'set-acl', granteeId: id, negative: false, operation: 'add' } as const;
    const nowhere = { mailboxId: 999 as MailboxId, folderId: INBOX_ID, rights: 'l' as Rights };
    await refused(run(box.engine, { ...nobody, ...nowhere }), 'no-mailbox');
    assert.deepEqual(await problemsOf(box.engine), []);
  });

  test('a grant is a change of the owner’s folders that the grantee hears of too; none when nothing changed', async (t) => {
    const box = await openBox(open, t);
    const bob = await addBox(box.engine);
    const told: Change[] = [];
    using _changes = box.engine.onChanges((changes) => told.push(...changes));
    await grant(box, bob, 'lr');
    const heard = told.map((change) =>
      'mailboxId' in change ? [change.kind, change.mailboxId] : [],
    );
    assert.deepEqual(heard, [
      ['folders', box.mailboxId],
      ['folders', bob.mailboxId],
    ]);
    told.length = 0;
    await grant(box, bob, 'lr');
    assert.deepEqual(told, []);
  });

  test('a list has a bound', async (t) => {
    const box = await openBox(open, t);
    const ref = box.ref();
    const more = { negative: false, operation: 'add', rights: 'l' as Rights } as const;
    for (let id = 1; id <= GRANTS_MAX; id += 100)
      await Promise.all(
        Array.from({ length: 100 }, (_, nth) =>
          run(box.engine, {
            kind: 'set-acl',
            ...ref,
            granteeId: (1000 + id + nth) as MailboxId,
            ...more,
          }),
        ),
      );
    await refused(grant(box, undefined, 'l'), 'too-many');
    await run(box.engine, {
      kind: 'set-acl',
      ...ref,
      granteeId: 1001 as MailboxId,
      ...more,
      operation: 'remove',
    });
    await grant(box, undefined, 'l');
    await grant(box, undefined, 'lr');
  });

  test('what goes takes its rights along: a folder, a mailbox, a grantee', async (t) => {
    const box = await openBox(open, t);
    const bob = await addBox(box.engine);
    const folderId = await box.create('a');
    await grant(box, bob, 'lr', { folderId });
    await grant(box, bob, 'lr');
    await run(box.engine, { kind: 'delete-folder', ...box.ref(folderId) });
    assert.deepEqual(await aclOf(box, folderId), []);
    const rights = await box.engine.read.rights(box.mailboxId, bob.mailboxId);
    assert.deepEqual([...rights], [[INBOX_ID, 'lr']]);
    await grant(bob, box, 'lr');
    await run(box.engine, { kind: 'remove-mailbox', mailboxId: bob.mailboxId });
    assert.deepEqual(await aclOf(box), []);
    assert.deepEqual(await box.engine.read.sharedWith(box.mailboxId, 10), []);
    assert.deepEqual(await problemsOf(box.engine), []);
  });
}

function inheriting(open: OpenEngine): void {
  test('a new folder has the rights of the one above it (RFC 4314 §4)', async (t) => {
    const box = await openBox(open, t);
    const bob = await addBox(box.engine);
    const top = await box.create('top');
    await grant(box, bob, 'lrk', { folderId: top });
    await grant(box, undefined, 'a', { folderId: top, negative: true });
    const deep = await box.create('top/a/b');
    const above = (await box.engine.read.folderByName(box.mailboxId, 'top/a'))!.folderId;
    for (const folderId of [above, deep])
      assert.deepEqual(await aclOf(box, folderId), ['-0 a', `${bob.mailboxId} lrk`]);
    assert.deepEqual(await aclOf(box, await box.create('beside')), []);
    await grant(box, bob, '', { folderId: top });
    assert.deepEqual(await aclOf(box, deep), ['-0 a', `${bob.mailboxId} lrk`]);
  });

  test('a renamed folder keeps its rights; what is made above it has those further up', async (t) => {
    const box = await openBox(open, t);
    const bob = await addBox(box.engine);
    const top = await box.create('top');
    const other = await box.create('other/x');
    await grant(box, bob, 'lr', { folderId: top });
    await grant(box, undefined, 'l', { folderId: other });
    await run(box.engine, { kind: 'rename-folder', ...box.ref(other), name: 'top/new/x' });
    assert.deepEqual(await aclOf(box, other), ['0 l']);
    const above = (await box.engine.read.folderByName(box.mailboxId, 'top/new'))!.folderId;
    assert.deepEqual(await aclOf(box, above), [`${bob.mailboxId} lr`]);
  });
}

function sharing(open: OpenEngine): void {
  test('rights are those of the grantee and of everybody, less what is taken away', async (t) => {
    const box = await openBox(open, t);
    const [bob, eve] = [await addBox(box.engine), await addBox(box.engine)];
    const [a, b] = [await box.create('a'), await box.create('b')];
    const rightsOf = async ({ mailboxId }: Box) => [
      ...(await box.engine.read.rights(box.mailboxId, mailboxId)),
    ];
    await grant(box, undefined, 'lrs', { folderId: a });
    await grant(box, bob, 'ie', { folderId: a });
    await grant(box, bob, 's', { folderId: a, negative: true });
    await grant(box, bob, 'lr', { folderId: b });
    await grant(box, undefined, 'lr', { folderId: b, negative: true });
    assert.deepEqual(await rightsOf(bob), [[a, 'lrie']]);
    assert.deepEqual(await rightsOf(eve), [[a, 'lrs']]);
  });

  test('what is shared with somebody is found for all owners at once, by owner and name', async (t) => {
    const box = await openBox(open, t);
    const [bob, eve] = [await addBox(box.engine), await addBox(box.engine)];
    const owner = async ({ mailboxId }: Box) =>
      (await box.engine.read.mailbox(mailboxId))!.primaryAddress;
    const shared = async ({ mailboxId }: Box, limit = 100) =>
      (await box.engine.read.sharedWith(mailboxId, limit)).map(
        (each) => `${each.owner} ${each.folder.name} ${each.rights}`,
      );
    const a = await box.create('a');
    const hidden = await box.create('hidden');
    await grant(box, bob, 'lr', { folderId: a });
    await grant(box, bob, 'r', { folderId: hidden });
    await grant(box, undefined, 'lrw');
    await grant(box, eve, 'l', { negative: true });
    await grant(eve, bob, 'li');
    const [ofBox, ofEve] = [await owner(box), await owner(eve)];
    const all = [`${ofBox} INBOX lrw`, `${ofBox} a lr`, `${ofEve} INBOX li`];
    assert.deepEqual(await shared(bob), all);
    assert.deepEqual(await shared(bob, 2), all.slice(0, 2));
    assert.deepEqual(await shared(eve), []);
    assert.deepEqual(await shared(box), []);
    const [first] = await box.engine.read.sharedWith(bob.mailboxId, 1);
    assert.deepEqual(first!.folder, await box.folder());
  });
}
