import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MailboxId, Verifiers } from '#model';
import type { AddMailbox } from '../commands.ts';
import type { Engine } from '../engine.ts';
import {
  addBox,
  cleanUpAll,
  contentOf,
  type OpenEngine,
  openBox,
  problemsOf,
  refused,
  run,
} from './fixture.conformance.ts';

const DOMAIN = 'dir.test';
const VERIFIERS: Verifiers = { argon2id: '$argon2id$x', scramSha256: 'SCRAM-SHA-256$y' };

async function withDomain(open: OpenEngine, t: Parameters<OpenEngine>[0]): Promise<Engine> {
  const engine = await open(t);
  assert.deepEqual(await run(engine, { kind: 'add-domain', domain: DOMAIN }), { added: true });
  return engine;
}

async function add(engine: Engine, local: string, more: Partial<AddMailbox> = {}) {
  const { mailboxId } = await run(engine, {
    kind: 'add-mailbox',
    address: `${local}@${DOMAIN}`,
    verifiers: undefined,
    quotaBytes: undefined,
    folders: [],
    nowMs: 1234,
    ...more,
  });
  return mailboxId;
}

function change(engine: Engine, mailboxId: MailboxId, local: string, on: boolean) {
  const address = local.includes('@') ? local : `${local}@${DOMAIN}`;
  return run(engine, { kind: 'change-address', mailboxId, address, on });
}

/** What the directory's commands and questions promise. */
export function directoryConformance(open: OpenEngine): void {
  describe('directory', () => {
    domains(open);
    mailboxes(open);
    addresses(open);
    removal(open);

    test('verifiers are replaced, and nobody is told of a missing mailbox', async (t) => {
      const engine = await withDomain(open, t);
      const a = await add(engine, 'a');
      const b = await add(engine, 'b', { verifiers: VERIFIERS });
      assert.equal((await engine.read.login(a))?.verifiers, undefined);
      assert.deepEqual((await engine.read.login(b))?.verifiers, VERIFIERS);
      const verifiers = { argon2id: 'new', scramSha256: 'newer' };
      const set = (mailboxId: MailboxId) =>
        run(engine, { kind: 'set-verifiers', mailboxId, verifiers });
      assert.deepEqual(await set(a), { changed: true });
      assert.deepEqual((await engine.read.login(a))?.verifiers, verifiers);
      assert.deepEqual((await engine.read.login(b))?.verifiers, VERIFIERS);
      assert.deepEqual(await set(99 as MailboxId), { changed: false });
    });
  });
}

function domains(open: OpenEngine): void {
  test('domains come and go; one in use stays', async (t) => {
    const engine = await withDomain(open, t);
    assert.deepEqual(await run(engine, { kind: 'add-domain', domain: DOMAIN }), { added: false });
    const mailboxId = await add(engine, 'a');
    await run(engine, { kind: 'add-domain', domain: 'alone.test' });
    const listed = await engine.read.domains();
    assert.deepEqual(
      listed.map(({ domain }) => domain),
      ['alone.test', DOMAIN],
    );
    const remove = (domain: string) => run(engine, { kind: 'remove-domain', domain });
    await refused(remove(DOMAIN), 'not-empty');
    assert.deepEqual(await remove('alone.test'), { removed: true });
    assert.deepEqual(await remove('alone.test'), { removed: false });
    await run(engine, { kind: 'remove-mailbox', mailboxId });
    assert.deepEqual(await remove(DOMAIN), { removed: true });
    assert.deepEqual(await engine.read.domains(), []);
    const target = await engine.read.addressTarget(DOMAIN, `a@${DOMAIN}`);
    assert.deepEqual(target, { kind: 'unknown-domain' });
  });
}

function mailboxes(open: OpenEngine): void {
  test('a mailbox is created with its folders, which are subscribed', async (t) => {
    const engine = await withDomain(open, t);
    const folders = [
      { name: 'Sent', specialUse: '\\Sent' },
      { name: 'Trash', specialUse: '\\Trash' },
    ] as const;
    const mailboxId = await add(engine, 'a', { folders, quotaBytes: 5000 });
    const made = await engine.read.folders(mailboxId);
    assert.deepEqual(
      made.map(({ name, specialUse }) => [name, specialUse]),
      [
        ['INBOX', undefined],
        ['Sent', '\\Sent'],
        ['Trash', '\\Trash'],
      ],
    );
    assert.equal(made[0]!.folderId, 1);
    assert.deepEqual(await engine.read.subscriptions(mailboxId), ['INBOX', 'Sent', 'Trash']);
    assert.deepEqual(await engine.read.mailbox(mailboxId), {
      mailboxId,
      primaryAddress: `a@${DOMAIN}`,
      addresses: [`a@${DOMAIN}`],
      createdAtMs: 1234,
      quotaBytes: 5000,
      quotaMessages: undefined,
      usedBytes: 0,
      usedMessages: 0,
    });
  });

  test('an address in use, or of another domain, is refused without effect', async (t) => {
    const engine = await withDomain(open, t);
    const a = await add(engine, 'a');
    await change(engine, a, 'proxy', true);
    await refused(add(engine, 'a'), 'exists-already');
    await refused(add(engine, 'proxy'), 'exists-already');
    await refused(add(engine, 'x', { address: 'x@elsewhere.test' }), 'not-found');
    const counts = await engine.read.counts();
    assert.deepEqual([counts.mailboxes, counts.folders], [1, 1]);
    assert.ok((await add(engine, 'b')) > a);
  });

  test('lists mailboxes by id, in pieces', async (t) => {
    const engine = await withDomain(open, t);
    const ids = [];
    for (const local of ['c', 'a', 'b']) ids.push(await add(engine, local));
    const list = async (after: number, limit: number) =>
      (await engine.read.mailboxes(after as MailboxId, limit)).map((each) => each.mailboxId);
    assert.deepEqual(await list(0, 2), ids.slice(0, 2));
    assert.deepEqual(await list(ids[1]!, 9), ids.slice(2));
    assert.deepEqual(await list(ids[2]!, 9), []);
  });
}

function addresses(open: OpenEngine): void {
  test('proxy addresses lead to their mailbox until they are taken away', async (t) => {
    const engine = await withDomain(open, t);
    const a = await add(engine, 'a');
    const b = await add(engine, 'b');
    const target = (local: string) => engine.read.addressTarget(DOMAIN, `${local}@${DOMAIN}`);
    assert.deepEqual(await target('p'), { kind: 'unknown-address' });
    assert.deepEqual(await change(engine, a, 'p', true), { changed: true });
    assert.deepEqual(await change(engine, a, 'p', true), { changed: false });
    assert.deepEqual(await target('p'), { kind: 'mailbox', mailboxId: a });
    await refused(change(engine, b, 'p', true), 'exists-already');
    assert.deepEqual(await change(engine, b, 'p', false), { changed: false });
    assert.deepEqual(await target('p'), { kind: 'mailbox', mailboxId: a });
    const info = await engine.read.mailbox(a);
    assert.deepEqual([...info!.addresses].sort(), [`a@${DOMAIN}`, `p@${DOMAIN}`]);
    assert.deepEqual(await change(engine, a, 'p', false), { changed: true });
    assert.deepEqual(await target('p'), { kind: 'unknown-address' });
    assert.deepEqual(await change(engine, b, 'p', true), { changed: true });
  });

  test('the primary address stays; what is wrong is refused', async (t) => {
    const engine = await withDomain(open, t);
    const a = await add(engine, 'a');
    await refused(change(engine, a, 'a', false), 'not-empty');
    await refused(change(engine, 99 as MailboxId, 'x', true), 'no-mailbox');
    await refused(change(engine, a, 'x@elsewhere.test', true), 'not-found');
    for (let i = 1; i < 200; i++) await change(engine, a, `p${i}`, true);
    await refused(change(engine, a, 'p200', true), 'too-many');
    assert.equal((await engine.read.mailbox(a))?.addresses.length, 200);
  });
}

function removal(open: OpenEngine): void {
  test('a removed mailbox takes everything along but what others still show', async (t) => {
    const box = await openBox(open, t);
    const { engine } = box;
    const other = await addBox(engine);
    await other.create('a/b');
    await other.deliver(2, { keywords: ['k'] });
    await box.deliver(1);
    const contents = [contentOf('shared'), contentOf('twice in one')];
    const targets = [box.target(), other.target(), other.target({ content: 1 })];
    targets.push(other.target({ content: 1 }));
    await run(engine, { kind: 'ingest', contents, targets, tracking: [] });
    const { mailboxId } = other;
    const remove = () => run(engine, { kind: 'remove-mailbox', mailboxId });
    assert.deepEqual(await remove(), { removed: true });
    assert.deepEqual(await remove(), { removed: false });
    assert.equal(await engine.read.mailbox(mailboxId), undefined);
    assert.deepEqual(await engine.read.folders(mailboxId), []);
    await refused(other.deliver(1), 'no-mailbox');
    assert.deepEqual(await problemsOf(engine), []);
    await cleanUpAll(engine);
    const expected = { mailboxes: 1, folders: 1, messages: 2, contents: 2 };
    assert.deepEqual(await engine.read.counts(), expected);
    assert.deepEqual(await problemsOf(engine), []);
    const [, entry] = await box.entries();
    const bytes = await engine.read.contentBytes(box.mailboxId, entry!.contentId, 0, 1e6);
    assert.equal(bytes!.length, entry!.sizeBytes);
  });

  test('the id of a removed mailbox is never used again', async (t) => {
    const engine = await withDomain(open, t);
    const first = await add(engine, 'a');
    await run(engine, { kind: 'remove-mailbox', mailboxId: first });
    assert.ok((await add(engine, 'a')) > first);
  });
}
