import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Content, INBOX_ID } from '#model';
import { HEAD_AS_WIRE_BYTES_MAX } from '../entry-columns.ts';
import type { EntryColumns } from '../reads.ts';
import {
  blobContent,
  contentOf,
  type OpenEngine,
  openBox,
  ranges,
  run,
} from './fixture.conformance.ts';

/** Head and body as a wire string. */
export function wireConformance(open: OpenEngine): void {
  test('gives head and body as a wire string, whatever bytes they are', async (t) => {
    const box = await openBox(open, t);
    const { engine } = box;
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const texts = [
      '',
      'plain\r\n',
      '\ufeffGr\u00fc\u00dfe, \u20ac \u{1f600}',
      'a\ufffd',
      'a\0b',
      '\0',
    ];
    const pieces = [
      ...texts.map((text) => Buffer.from(text)),
      all,
      Buffer.from('Gr\xfc\xdfe', 'latin1'),
      Buffer.from('\xe2\x82', 'latin1'),
      Buffer.from('\xed\xa0\x80\xc0\x80', 'latin1'),
    ];
    const contents: Content[] = [];
    for (const head of pieces)
      for (const [index, bytes] of pieces.entries())
        contents.push({
          ...contentOf(`${contents.length}`),
          // What it says of itself may be true or not.
          bodyStructure: index % 2 === 0 ? '("8bit")' : '("7bit")',
          head,
          body: { kind: 'bytes', bytes },
          sizeBytes: head.length + bytes.length,
        });
    contents.push(await blobContent(engine, 'blob', Buffer.alloc(10, 'b')));
    await run(engine, {
      kind: 'ingest',
      contents,
      targets: contents.map((_content, content) => ({ ...box.target(), content })),
      tracking: [],
    });
    const heads = contents.map(({ head }) => Buffer.from(head).toString('latin1'));
    const wholes = contents.map(
      ({ body }, index) =>
        heads[index]! + (body.kind === 'bytes' ? Buffer.from(body.bytes).toString('latin1') : ''),
    );
    const count = contents.length;
    for (const uids of [ranges([1, count]), ranges([1, 3], [4, count])])
      for (const bytesMax of [undefined, 1_000_000]) {
        const read = async (columns: EntryColumns) =>
          engine.read.entries({ ...box.ref(), uids, limit: 500, bytesMax, columns });
        for (const only of ['bytes', undefined] as const) {
          const ofHead = await read({ only, head: true, wire: true });
          assert.deepEqual(
            ofHead.map((entry) => entry.wire),
            heads,
          );
          for (const asked of [{ body: true }, { head: true, body: true }]) {
            const entries = await read({ only, ...asked, wire: true });
            assert.deepEqual(
              entries.map((entry) => entry.wire),
              wholes,
            );
            assert.ok(entries.every(({ head, body }) => head === undefined && body === undefined));
          }
        }
        const without = await read({ head: true, body: true });
        assert.ok(without.every((entry) => entry.wire === undefined));
      }
    for (const [index, expected] of wholes.entries()) {
      const uids = ranges([index + 1, index + 1]);
      const columns = { body: true, wire: true };
      const [entry] = await engine.read.entries({ ...box.ref(), uids, limit: 1, columns });
      assert.equal(entry!.wire, expected);
      assert.equal(entry!.uid, index + 1);
    }
  });

  test('a large head comes with its body, and alone not at all', async (t) => {
    const box = await openBox(open, t);
    const sizes = [HEAD_AS_WIRE_BYTES_MAX, HEAD_AS_WIRE_BYTES_MAX + 1];
    const contents = sizes.flatMap((size, index) =>
      [`h`, '\xe9'].map((letter) => {
        const head = Buffer.alloc(size, letter, 'latin1');
        const plain = contentOf(`${index}`);
        return { ...plain, head, sizeBytes: head.length + plain.sizeBytes - plain.head.length };
      }),
    );
    const targets = contents.map((_content, content) => ({ ...box.target(), content }));
    await run(box.engine, { kind: 'ingest', contents, targets, tracking: [] });
    const lengths = async (columns: EntryColumns): Promise<(number | undefined)[]> =>
      (await box.entries(INBOX_ID, columns)).map(({ wire }) => wire?.length);
    const head = await lengths({ wire: true, head: true });
    assert.deepEqual(head, [sizes[0], sizes[0], undefined, undefined]);
    const whole = await lengths({ wire: true, head: true, body: true });
    assert.deepEqual(
      whole,
      contents.map(({ sizeBytes }) => sizeBytes),
    );
  });
}
