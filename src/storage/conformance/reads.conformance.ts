import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ContentId, Flag, type FolderId, INBOX_ID, type MailboxId, type ModSeq } from '#model';
import type { EntryColumns, EntryQuery, StateBounds } from '../reads.ts';
import {
  blobContent,
  contentOf,
  type OpenEngine,
  openBox,
  ranges,
  refused,
  run,
  ZERO,
} from './fixture.conformance.ts';

/** What the questions of the port promise. */
export function readsConformance(open: OpenEngine): void {
  describe('reads', () => {
    columns(open);
    onlySome(open);
    queries(open);
    contents(open);
    blobs(open);

    test('what is not there is undefined, or an empty list', async (t) => {
      const { engine, mailboxId } = await openBox(open, t);
      const nobody = 4711 as MailboxId;
      const gone = { mailboxId, folderId: 99 as FolderId };
      assert.deepEqual(await engine.read.folders(nobody), []);
      assert.equal(await engine.read.folderByName(mailboxId, 'none'), undefined);
      assert.equal(await engine.read.folder(gone), undefined);
      assert.equal(await engine.read.openFolder(gone), undefined);
      assert.equal(await engine.read.changes(gone, ZERO), undefined);
      const query = { ...gone, uids: ranges([1, 9]), columns: {}, limit: 10 };
      assert.deepEqual(await engine.read.entries(query), []);
      assert.equal(
        await engine.read.contentBytes(1 as MailboxId, 99 as ContentId, 0, 1),
        undefined,
      );
      assert.deepEqual(await engine.read.subscriptions(nobody), []);
      assert.equal(await engine.read.mailbox(nobody), undefined);
      assert.equal(await engine.read.login(nobody), undefined);
    });

    test('an opened folder has its uids, the first unseen one and the keywords in use', async (t) => {
      const box = await openBox(open, t);
      const empty = await box.engine.read.openFolder(box.ref());
      assert.deepEqual([...empty!.uids], []);
      assert.equal(empty!.firstUnseen, undefined);
      assert.deepEqual(empty!.keywords, []);
      await box.deliver(2, { flags: Flag.Seen, keywords: ['b', 'A'] });
      await box.deliver(2);
      const opened = await box.engine.read.openFolder(box.ref());
      assert.deepEqual([...opened!.uids], [1, 2, 3, 4]);
      assert.equal(opened!.firstUnseen, 3);
      assert.deepEqual([...opened!.keywords].sort(), ['A', 'b']);
      assert.deepEqual(opened!.folder, await box.folder());
    });

    test('counts mailboxes, folders, messages and contents', async (t) => {
      const box = await openBox(open, t);
      await box.create('other');
      await box.deliver(3);
      await run(box.engine, {
        kind: 'ingest',
        contents: [contentOf('twice')],
        targets: [box.target(), box.target()],
        tracking: [],
      });
      const expected = { mailboxes: 1, folders: 2, messages: 5, contents: 4 };
      assert.deepEqual(await box.engine.read.counts(), expected);
    });
  });
}

function columns(open: OpenEngine): void {
  test('gives the columns asked for and no others', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(1, {}, 'x');
    const content = contentOf('x1');
    const { head, body, hash, envelope, bodyStructure, bodyShort } = content;
    const { structure, preview, subject } = content;
    assert.ok(body.kind === 'bytes');
    const all = {
      envelope,
      bodyStructure,
      bodyShort,
      structure,
      preview,
      subject,
      head: Buffer.from(head),
      body: Buffer.from(body.bytes),
      hash: Buffer.from(hash),
    };
    const names = Object.keys(all) as (keyof typeof all & keyof EntryColumns)[];
    for (const wanted of [[], ...names.map((name) => [name]), names]) {
      const asked = Object.fromEntries(wanted.map((name) => [name, true])) as EntryColumns;
      const [entry] = await box.entries(INBOX_ID, asked);
      for (const name of names)
        assert.deepEqual(entry![name], wanted.includes(name) ? all[name] : undefined, name);
      if (wanted.length > 0) assert.equal(entry!.headBytes, head.length);
    }
    const [entry] = await box.entries(INBOX_ID, { content: true });
    assert.equal(entry!.sentAtMs, 1_000_000);
    assert.equal(entry!.headBytes, head.length);
    assert.equal(entry!.blob, undefined);
    assert.equal(entry!.body, undefined);
  });
}

function onlySome(open: OpenEngine): void {
  test('reads only some of the fixed columns where that is enough', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(120, { flags: Flag.Flagged, keywords: ['one'] });
    const [whole] = await box.entries(INBOX_ID, { head: true });
    const dates = { internalMs: 0, savedMs: 0, sentAtMs: undefined };
    const none = { modSeq: 0, flags: 0, keywords: '', ...dates };
    const expected = { ...whole, ...none };
    for (const last of [1, 120]) {
      const query = { ...box.ref(), uids: ranges([1, last]), limit: 500 };
      const columns = { head: true, only: 'bytes' } as const;
      const entries = await box.engine.read.entries({ ...query, columns });
      assert.equal(entries.length, last);
      assert.deepEqual(entries[0], expected);
    }
    const [place] = await box.entries(INBOX_ID, { only: 'bytes' });
    assert.deepEqual(place, { ...expected, headBytes: 0, head: undefined });
  });
}

function queries(open: OpenEngine): void {
  test('answers any ranges, lowest uids first, within the limit', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(12);
    await run(box.engine, {
      kind: 'expunge',
      ...box.ref(),
      uids: ranges([3, 4], [8, 8]),
      onlyDeleted: false,
    });
    const uids = async (pairs: [number, number][], limit = 100, columns: EntryColumns = {}) => {
      const query = { ...box.ref(), uids: ranges(...pairs), columns, limit };
      return (await box.engine.read.entries(query)).map((entry) => entry.uid as number);
    };
    for (const asked of [{}, { envelope: true, body: true }]) {
      assert.deepEqual(await uids([[2, 5]], 100, asked), [2, 5]);
      const sparse: [number, number][] = [
        [1, 1],
        [3, 3],
        [6, 9],
        [12, 4_294_967_295],
      ];
      assert.deepEqual(await uids(sparse, 100, asked), [1, 6, 7, 9, 12]);
      assert.deepEqual(await uids(sparse, 3, asked), [1, 6, 7]);
      assert.deepEqual(await uids([[1, 4_294_967_295]], 4, asked), [1, 2, 5, 6]);
      assert.deepEqual(await uids([], 4, asked), []);
    }
  });

  test('ends when there are octets enough', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(40);
    const sizes = new Map((await box.entries()).map(({ uid, sizeBytes }) => [uid, sizeBytes]));
    const uids = async (bytesMax: number, more: Partial<EntryQuery> = {}) => {
      const query = { ...box.ref(), uids: ranges([1, 40]), columns: {}, limit: 100, bytesMax };
      const entries = await box.engine.read.entries({ ...query, ...more });
      return entries.map((entry) => entry.uid as number);
    };
    const octets = (first: number, last: number): number => {
      let sum = 0;
      for (const [uid, size] of sizes) if (uid >= first && uid <= last) sum += size;
      return sum;
    };
    const upTo = (first: number, last: number) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index);
    for (const columns of [{}, { body: true, head: true }]) {
      assert.deepEqual(await uids(1, { columns }), [1]);
      assert.deepEqual(await uids(octets(1, 20), { columns }), upTo(1, 20));
      assert.deepEqual(await uids(octets(1, 20) + 1, { columns }), upTo(1, 21));
      assert.deepEqual(await uids(octets(1, 20), { columns, limit: 18 }), upTo(1, 18));
      assert.deepEqual(await uids(octets(1, 40) + 1, { columns }), upTo(1, 40));
      const within = { columns, uids: ranges([2, 3], [10, 29]) };
      assert.deepEqual(await uids(octets(2, 3) + octets(10, 12), within), [2, 3, 10, 11, 12]);
      assert.deepEqual(await uids(octets(5, 6), { columns, uids: ranges([5, 8]) }), [5, 6]);
    }
  });

  test('gives the same of many as of each', async (t) => {
    const box = await openBox(open, t);
    const { engine, mailboxId } = box;
    await box.deliver(110, { flags: Flag.Seen, keywords: ['one', 'two'] });
    const odd = contentOf('odd');
    const body = {
      kind: 'bytes',
      bytes: Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
    } as const;
    const content = {
      ...odd,
      body,
      sizeBytes: odd.head.length + 256,
      sentAtMs: undefined,
      envelope: '("\x80\xff")',
      subject: 'ä€😀',
      preview: '\u{1F600} "\\',
    };
    const blob = await blobContent(engine, 'blob', Buffer.alloc(10, 'b'));
    await run(engine, {
      kind: 'ingest',
      contents: [content, blob],
      targets: [0, 1].map((index) => ({ ...box.target(), content: index, internalMs: -1 - index })),
      tracking: [],
    });
    const all = 'envelope bodyStructure bodyShort structure preview subject head body hash'.split(
      ' ',
    );
    for (const names of [[], ...all.map((name) => [name]), all]) {
      const columns = Object.fromEntries(names.map((name) => [name, true])) as EntryColumns;
      const query = { mailboxId, folderId: INBOX_ID, columns, limit: 500 };
      const many = await engine.read.entries({ ...query, uids: ranges([1, 4_294_967_295]) });
      const parts = await engine.read.entries({ ...query, uids: ranges([1, 50], [51, 200]) });
      const each = [];
      for (let uid = 1; uid <= 112; uid++)
        each.push(...(await engine.read.entries({ ...query, uids: ranges([uid, uid]) })));
      assert.equal(each.length, 112);
      assert.deepEqual(many, each);
      assert.deepEqual(parts, each);
    }
  });

  test('bounds leave out other flags and internal dates, before the limit counts', async (t) => {
    const box = await openBox(open, t);
    for (let flags = 0; flags < 8; flags++)
      await box.deliver(1, { flags, internalMs: 1000 * (flags + 1) });
    const { Seen, Answered, Flagged } = Flag;
    const anyTime = { fromMs: Number.MIN_SAFE_INTEGER, beforeMs: Number.MAX_SAFE_INTEGER };
    const uids = async (within: StateBounds, more: Partial<EntryQuery> = {}) => {
      const query = { ...box.ref(), uids: ranges([1, 9]), columns: {}, limit: 9, within, ...more };
      return (await box.engine.read.entries(query)).map((entry) => entry.uid as number);
    };
    const unseen = { ...anyTime, among: Seen, flags: 0 };
    assert.deepEqual(await uids(unseen), [1, 3, 5, 7]);
    assert.deepEqual(await uids(unseen, { limit: 2 }), [1, 3]);
    assert.deepEqual(await uids(unseen, { uids: ranges([1, 2], [4, 5], [7, 8]) }), [1, 5, 7]);
    assert.deepEqual(await uids(unseen, { columns: { subject: true, head: true } }), [1, 3, 5, 7]);
    assert.deepEqual(
      await uids(unseen, { columns: { body: true }, uids: ranges([2, 2], [5, 6]) }),
      [5],
    );
    const both = { ...anyTime, among: Seen | Flagged, flags: Flagged };
    assert.deepEqual(await uids(both), [5, 7]);
    // What is not among those that count does not count.
    assert.deepEqual(await uids({ ...both, flags: Flagged | Answered }), [5, 7]);
    assert.deepEqual(await uids({ among: 0, flags: 0, fromMs: 3000, beforeMs: 5000 }), [3, 4]);
    assert.deepEqual(await uids({ ...unseen, fromMs: 3001, beforeMs: 5001 }), [5]);
  });

  test('changedSince leaves out what is not newer', async (t) => {
    const box = await openBox(open, t);
    await box.deliver(1);
    const { highestModSeq } = await box.folder();
    await box.deliver(1);
    const since = (changedSince: ModSeq, pairs: [number, number][]) =>
      box.engine.read.entries({
        ...box.ref(),
        uids: ranges(...pairs),
        columns: {},
        changedSince,
        limit: 9,
      });
    for (const pairs of [
      [[1, 9]],
      [
        [1, 1],
        [2, 3],
      ],
    ] as [number, number][][]) {
      const newer = await since(highestModSeq, pairs);
      assert.deepEqual(
        newer.map((entry) => entry.uid),
        [2],
      );
      assert.equal((await since((highestModSeq - 1) as ModSeq, pairs)).length, 2);
    }
  });
}

function contents(open: OpenEngine): void {
  test('gives any byte range of a message, cut to what there is', async (t) => {
    const box = await openBox(open, t);
    const { engine } = box;
    const body = Buffer.from(Array.from({ length: 300 }, (_, i) => i & 255));
    const inline = contentOf('inline');
    const blob = await blobContent(engine, 'blob', body);
    for (const [index, content] of [inline, blob].entries()) {
      const targets = [box.target()];
      await run(engine, { kind: 'ingest', contents: [content], targets, tracking: [] });
      const { contentId } = (await box.entries())[index]!;
      const tail = content.body.kind === 'bytes' ? content.body.bytes : body;
      const whole = Buffer.concat([content.head, tail]);
      const h = content.head.length;
      const ends = [0, 1, h - 1, h, h + 1, whole.length - 1, whole.length, whole.length + 50];
      for (const start of ends)
        for (const end of ends.filter((each) => each >= start)) {
          const got = await engine.read.contentBytes(box.mailboxId, contentId, start, end);
          assert.ok(got!.equals(whole.subarray(start, end)), `[${start}, ${end})`);
        }
    }
  });
}

function blobs(open: OpenEngine): void {
  test('a blob is there when finished, and leaves nothing when not', async (t) => {
    const { blobs } = await open(t);
    const names = async () => (await Array.fromAsync(blobs.list())).map(({ blob }) => blob);
    {
      await using dropped = await blobs.create();
      await dropped.write(Buffer.from('lost'));
    }
    assert.deepEqual(await names(), []);
    await using kept = await blobs.create();
    await kept.write(Buffer.from('kept '));
    await kept.write(Buffer.alloc(0));
    await kept.write(Buffer.from('bytes'));
    await kept.finish();
    const [listed, ...more] = await Array.fromAsync(blobs.list());
    assert.deepEqual([listed?.blob, listed?.sizeBytes, more], [kept.blob, 10, []]);
    assert.ok(listed!.finishedAtMs > 0);
    assert.equal((await blobs.read(kept.blob, 2, 7)).toString(), 'pt by');
    await refused(blobs.read(kept.blob, 2, 11), 'corrupt');
    await blobs.remove(kept.blob);
    await blobs.remove(kept.blob);
    assert.deepEqual(await names(), []);
    await refused(blobs.read(kept.blob, 0, 1), 'corrupt');
  });
}
