import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Change, Flag, type MailboxId } from '#model';
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

function setQuota(box: Box, quotaBytes?: number, quotaMessages?: number) {
  const { engine, mailboxId } = box;
  return run(engine, { kind: 'set-quota', mailboxId, quotaBytes, quotaMessages });
}

async function limitsOf({ engine, mailboxId }: Box): Promise<unknown> {
  const info = await engine.read.mailbox(mailboxId);
  return [info?.quotaBytes, info?.quotaMessages];
}

/** What `set-quota` promises, and what a limit of messages does beside the one of octets. */
export function quotaConformance(open: OpenEngine): void {
  describe('quota', () => {
    setting(open);
    enforcing(open);
    deletedBytes(open);
  });
}

function setting(open: OpenEngine): void {
  test('both limits are replaced; other mailboxes keep theirs; the mailbox is told', async (t) => {
    const engine = await open(t);
    const box = await addBox(engine, 5000);
    const other = await addBox(engine, 7000);
    assert.deepEqual(await limitsOf(box), [5000, undefined]);
    const heard: Change[] = [];
    using _listening = engine.onChanges((changes) => heard.push(...changes));
    const first = await setQuota(box, 2 ** 50, 12);
    assert.deepEqual(await limitsOf(box), [2 ** 50, 12]);
    const [listed] = await engine.read.mailboxes((box.mailboxId - 1) as MailboxId, 1);
    assert.deepEqual([listed?.quotaBytes, listed?.quotaMessages], [2 ** 50, 12]);
    const second = await setQuota(box, undefined, 0);
    assert.deepEqual(await limitsOf(box), [undefined, 0]);
    await setQuota(box);
    assert.deepEqual(await limitsOf(box), [undefined, undefined]);
    assert.deepEqual(await limitsOf(other), [7000, undefined]);
    assert.ok(second.modSeq > first.modSeq);
    const told = heard.filter(({ kind }) => kind === 'folders');
    assert.ok(told.length >= 1 && told.every((change) => 'mailboxId' in change));
    await refused(setQuota({ engine, mailboxId: 999 as MailboxId } as Box, 1), 'no-mailbox');
    assert.deepEqual(await problemsOf(engine), []);
  });
}

function enforcing(open: OpenEngine): void {
  test('a limit of messages refuses the whole ingest where it is enforced, and only there', async (t) => {
    const engine = await open(t);
    const free = await addBox(engine);
    const tight = await addBox(engine);
    await setQuota(tight, undefined, 3);
    const content = contentOf('q');
    const ingest = (count: number, enforceQuota: boolean) =>
      run(engine, {
        kind: 'ingest',
        contents: [content],
        targets: [
          free.target(),
          ...Array.from({ length: count }, () => tight.target({ enforceQuota })),
        ],
        tracking: [],
      });
    await refused(ingest(4, true), 'over-quota');
    assert.equal((await free.folder()).messages, 0);
    await ingest(3, true);
    await refused(ingest(1, true), 'over-quota');
    await ingest(1, false);
    assert.equal((await tight.folder()).messages, 4);
    await run(engine, {
      kind: 'expunge',
      ...tight.ref(),
      uids: ranges([1, 2]),
      onlyDeleted: false,
    });
    await ingest(1, true);
    await refused(ingest(1, true), 'over-quota');
    await setQuota(tight, undefined, 4);
    await ingest(1, true);
    assert.equal((await engine.read.mailbox(tight.mailboxId))?.usedMessages, 4);
  });

  test('a limit of messages refuses a copy as a whole, and never a move inside the mailbox', async (t) => {
    const engine = await open(t);
    const box = await addBox(engine);
    const folderId = await box.create('more');
    await box.deliver(3);
    await setQuota(box, undefined, 5);
    const before = await box.picture();
    const copy = (uids: typeof ALL, move: boolean) =>
      run(engine, { kind: 'copy', ...box.ref(), uids, to: box.ref(folderId), move });
    await refused(copy(ALL, false), 'over-quota');
    assert.deepEqual(await box.picture(), before);
    await copy(ranges([1, 2]), false);
    await copy(ALL, true);
    assert.deepEqual((await box.uids(folderId)).length, 5);
    const other = await addBox(engine);
    await other.deliver(1);
    const across = { kind: 'copy', ...other.ref(), uids: ALL, to: box.ref(), move: true } as const;
    await refused(run(engine, across), 'over-quota');
    assert.deepEqual(await other.uids(), [1]);
  });
}

function deletedBytes(open: OpenEngine): void {
  test('deletedBytes sums the entries that carry \\Deleted, of one folder', async (t) => {
    const box = await openBox(open, t);
    const folderId = await box.create('other');
    assert.equal(await box.engine.read.deletedBytes(box.ref()), 0);
    await box.deliver(3);
    const gone = await box.deliver(2, { flags: Flag.Deleted | Flag.Seen }, 'gone');
    await box.deliver(1, { flags: Flag.Deleted, folderId });
    const sizes = (await box.entries())
      .filter(({ uid }) => gone.includes(uid))
      .map(({ sizeBytes }) => sizeBytes);
    assert.equal(await box.engine.read.deletedBytes(box.ref()), sizes[0]! + sizes[1]!);
    assert.equal(await box.engine.read.deletedBytes(box.ref(99 as typeof folderId)), 0);
  });
}
