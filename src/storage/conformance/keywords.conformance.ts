import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Flag, INBOX_ID } from '#model';
import type { FlagsStored, StoreFlags } from '../commands.ts';
import {
  ALL,
  addBox,
  type Box,
  type OpenEngine,
  openBox,
  problemsOf,
  ranges,
  refused,
  run,
} from './fixture.conformance.ts';

type Operation = StoreFlags['operation'];

function store(
  box: Box,
  operation: Operation,
  keywords: readonly string[],
  more: Partial<StoreFlags> = {},
): Promise<FlagsStored> {
  return run(box.engine, {
    kind: 'store-flags',
    ...box.ref(),
    uids: ALL,
    operation,
    flags: 0,
    keywords,
    unchangedSince: undefined,
    ...more,
  });
}

async function keywordsOf(box: Box): Promise<string[]> {
  return (await box.entries()).map((entry) => entry.keywords.split(' ').sort().join(' '));
}

/** What the port promises of keywords (RFC 9051 §2.3.2). */
export function keywordsConformance(open: OpenEngine): void {
  describe('keywords', () => {
    test('add, remove and replace, beside the flags', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(2);
      await store(box, 'add', ['b'], { uids: ranges([1, 1]) });
      await store(box, 'add', ['a', 'c']);
      assert.deepEqual(await keywordsOf(box), ['a b c', 'a c']);
      const removed = await store(box, 'remove', ['b', 'x'], { flags: Flag.Seen });
      assert.deepEqual(removed.changed, [1]);
      assert.deepEqual(await keywordsOf(box), ['a c', 'a c']);
      await store(box, 'replace', ['z'], { uids: ranges([2, 2]), flags: Flag.Draft });
      assert.deepEqual(await keywordsOf(box), ['a c', 'z']);
      const cleared = await store(box, 'replace', [], { flags: Flag.Draft });
      assert.deepEqual(cleared.changed, [1, 2]);
      assert.deepEqual(await keywordsOf(box), ['', '']);
      assert.deepEqual(
        (await box.entries()).map((entry) => entry.flags),
        [Flag.Draft, Flag.Draft],
      );
    });

    test('names are one whatever their letter case, and keep the first one seen', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(1, { keywords: ['$Forwarded', '$FORWARDED'] });
      await box.deliver(1, { keywords: ['$forwarded'] });
      assert.deepEqual(await keywordsOf(box), ['$Forwarded', '$Forwarded']);
      assert.deepEqual((await store(box, 'add', ['$fORWARDED'])).changed, []);
      assert.deepEqual((await store(box, 'add', ['New', 'NEW', 'new'])).changed, [1, 2]);
      assert.deepEqual(await keywordsOf(box), ['$Forwarded New', '$Forwarded New']);
      assert.deepEqual((await store(box, 'remove', ['NEW', '$FORWARDED'])).changed, [1, 2]);
      assert.deepEqual(await keywordsOf(box), ['', '']);
      const opened = await box.engine.read.openFolder(box.ref());
      assert.deepEqual([...opened!.keywords].sort(), ['$Forwarded', 'New']);
    });

    test('one that is the beginning of another is another', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(1, { keywords: ['label', 'label1', 'xlabel'] });
      await store(box, 'remove', ['label']);
      assert.deepEqual(await keywordsOf(box), ['label1 xlabel']);
      assert.deepEqual((await store(box, 'remove', ['abel', 'lab', 'label'])).changed, []);
      assert.deepEqual((await store(box, 'add', ['label'])).changed, [1]);
      assert.deepEqual(await keywordsOf(box), ['label label1 xlabel']);
    });

    test('the same set in another order is no change', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(1);
      await store(box, 'add', ['b']);
      const { modSeq } = await store(box, 'add', ['a']);
      const stored = await store(box, 'replace', ['B', 'A']);
      assert.deepEqual(stored.changed, []);
      assert.equal((await box.folder()).highestModSeq, modSeq);
      assert.deepEqual((await store(box, 'replace', ['a'])).changed, [1]);
      assert.deepEqual((await store(box, 'replace', ['b'])).changed, [1]);
      assert.deepEqual(await keywordsOf(box), ['b']);
    });

    test('removing a name that was never seen does not make it known', async (t) => {
      const box = await openBox(open, t);
      await box.deliver(1, { keywords: ['known'] });
      assert.deepEqual((await store(box, 'remove', ['stranger'])).changed, []);
      assert.deepEqual((await box.engine.read.openFolder(box.ref()))?.keywords, ['known']);
    });

    limits(open);

    test('copied to a mailbox that writes a name otherwise, they follow that mailbox', async (t) => {
      const box = await openBox(open, t);
      const other = await addBox(box.engine);
      await box.deliver(1, { keywords: ['Todo', 'mine'] });
      await other.deliver(1, { keywords: ['TODO'] });
      const uids = ranges([1, 1]);
      const to = other.ref();
      await run(box.engine, { kind: 'copy', ...box.ref(), uids, to, move: false });
      assert.deepEqual(await keywordsOf(other), ['TODO', 'TODO mine']);
      assert.deepEqual((await store(other, 'remove', ['todo', 'MINE'])).changed, [1, 2]);
      assert.deepEqual(await keywordsOf(other), ['', '']);
      assert.deepEqual(await keywordsOf(box), ['Todo mine']);
      assert.deepEqual(await problemsOf(box.engine), []);
    });
  });
}

function limits(open: OpenEngine): void {
  test('a mailbox knows a bounded number; the one too many is refused without effect', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(1);
    const names = Array.from({ length: 1000 }, (_, i) => `keyword${i}`);
    await store(box, 'add', names.slice(0, 600));
    const before = await box.picture();
    await refused(store(box, 'add', [...names.slice(550), 'more']), 'too-many');
    await refused(store(box, 'replace', [...names, 'more']), 'too-many');
    assert.deepEqual(await box.picture(), before);
    assert.deepEqual((await store(box, 'add', names)).changed, [1]);
    const [entry] = await box.entries(INBOX_ID);
    assert.equal(new Set(entry!.keywords.split(' ')).size, 1000);
    await refused(store(box, 'add', ['more']), 'too-many');
    await refused(box.deliver(1, { keywords: ['more'] }), 'too-many');
    assert.deepEqual((await store(box, 'replace', names.toReversed())).changed, []);
    assert.deepEqual((await store(box, 'remove', ['more', ...names.slice(1)])).changed, [1]);
    assert.deepEqual(await keywordsOf(box), ['keyword0']);
  });
}
