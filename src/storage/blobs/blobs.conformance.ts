import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isPosthornError, randomBytes } from '#kernel';
import type { Blobs } from './port.ts';

/** Gives a store with nothing in it. */
export type OpenBlobs = (t: TestContext) => Promise<Blobs>;

const MIB = 1024 * 1024;

/**
 * The conformance suite of blob stores: what the port promises, asked of a store. What depends on files or on a server
 * stands in the store's own tests.
 */
export function describeBlobs(
  name: string,
  open: OpenBlobs,
  options: { readonly skip: string | false } = { skip: false },
): void {
  describe(`blobs: ${name}`, options, () => {
    sizes(open);
    absence(open);
    names(open);
    interruptions(open);
    numbers(open);
    streaming(open);
  });
}

/** Writes a blob whole, in pieces of a size. */
export async function put(
  blobs: Blobs,
  bytes: Uint8Array,
  name?: string,
  pieceBytes = 100_000,
): Promise<string> {
  await using writer = await blobs.create(name);
  for (let at = 0; at < bytes.length; at += pieceBytes)
    await writer.write(bytes.subarray(at, at + pieceBytes));
  await writer.finish();
  return writer.blob;
}

export async function refused(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isPosthornError(error), String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

export async function listed(blobs: Blobs): Promise<string[]> {
  return (await Array.fromAsync(blobs.list())).map(({ blob }) => blob).sort();
}

function sizes(open: OpenBlobs): void {
  test('a store that can be used verifies, and verifying leaves nothing', async (t) => {
    const blobs = await open(t);
    await blobs.verify();
    await blobs.verify();
    assert.deepEqual(await listed(blobs), []);
  });

  test('bodies of every size around the bounds come back as they were written', async (t) => {
    const blobs = await open(t);
    const bounds = [blobs.thresholdBytes, 5 * MIB, 10 * MIB];
    for (const size of [0, 1, ...bounds.flatMap((bound) => [bound - 1, bound, bound + 1])]) {
      const bytes = randomBytes(size);
      const blob = await put(blobs, bytes, undefined, 1_000_003);
      assert.equal(await blobs.size(blob), size);
      assert.ok((await blobs.read(blob, 0, size)).equals(bytes), `${size} bytes`);
      await refused(blobs.read(blob, 0, size + 1), 'corrupt');
      const [found, ...more] = await Array.fromAsync(blobs.list());
      assert.deepEqual([found?.blob, found?.sizeBytes, more], [blob, size, []]);
      await blobs.remove(blob);
    }
  });

  test('ranges are exact at both ends and in between', async (t) => {
    const blobs = await open(t);
    for (const size of [1000, 5 * MIB + 1000]) {
      const bytes = randomBytes(size);
      const blob = await put(blobs, bytes);
      const ends = [0, 1, 500, size - 500, size - 1, size];
      for (const start of ends)
        for (const end of ends.filter((each) => each >= start)) {
          const got = await blobs.read(blob, start, end);
          assert.ok(got.equals(bytes.subarray(start, end)), `[${start}, ${end}) of ${size}`);
        }
      await refused(blobs.read(blob, size - 1, size + 1), 'corrupt');
      await refused(blobs.read(blob, size, size + 1), 'corrupt');
      await refused(blobs.read(blob, size + 10, size + 20), 'corrupt');
    }
  });

  test('bytes may be used again after the write that took them', async (t) => {
    const blobs = await open(t);
    await using writer = await blobs.create();
    const bytes = Buffer.alloc(1000);
    for (let i = 0; i < 10; i++) {
      await writer.write(bytes.fill(i));
      bytes.fill(255);
      await writer.write(Buffer.alloc(0));
    }
    await writer.finish();
    const got = await blobs.read(writer.blob, 0, 10_000);
    assert.deepEqual([...got.filter((_, at) => at % 1000 === 0)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
}

function absence(open: OpenBlobs): void {
  test('what is missing is corrupt to read, has no size, and may be removed', async (t) => {
    const blobs = await open(t);
    const blob = await put(blobs, Buffer.from('here'));
    await blobs.remove(blob);
    await blobs.remove(blob);
    await refused(blobs.read(blob, 0, 4), 'corrupt');
    await refused(blobs.read(blob, 0, 0), 'corrupt');
    assert.equal(await blobs.size(blob), undefined);
    assert.deepEqual(await listed(blobs), []);
    await blobs.remove('neverthere');
    assert.equal(await blobs.size('neverthere'), undefined);
  });
}

function names(open: OpenBlobs): void {
  test('a given name is kept, and what had it is replaced whole at the end', async (t) => {
    const blobs = await open(t);
    const name = 'abc9xyz';
    for (const size of [6 * MIB, 10, 0, 300_000, 5 * MIB + 1]) {
      const before = await blobs.size(name);
      const bytes = randomBytes(size);
      await using writer = await blobs.create(name);
      await writer.write(bytes);
      assert.equal(await blobs.size(name), before);
      await writer.finish();
      assert.equal(writer.blob, name);
      assert.equal(await blobs.size(name), size);
      assert.ok((await blobs.read(name, 0, size)).equals(bytes));
      assert.deepEqual(await listed(blobs), [name]);
    }
  });

  test('fresh names differ, and can be given to another store', async (t) => {
    const blobs = await open(t);
    const fresh = [await put(blobs, Buffer.from('1')), await put(blobs, Buffer.from('2'))];
    assert.notEqual(fresh[0], fresh[1]);
    for (const name of fresh) assert.equal(await put(blobs, Buffer.from('3'), name), name);
    assert.deepEqual(await listed(blobs), fresh.sort());
  });

  test('what cannot be the name of a blob is refused', async (t) => {
    const blobs = await open(t);
    for (const name of ['', 'ab', '..', '../../etc/passwd', 'a/b', 'ABCDEF', 'abc.part', 'abc\0d'])
      await refused(blobs.create(name), 'invalid');
    await refused(blobs.create('a'.repeat(65)), 'invalid');
  });
}

function interruptions(open: OpenBlobs): void {
  test('an interrupted write leaves nothing under its name', async (t) => {
    const blobs = await open(t);
    for (const size of [0, 1000, 6 * MIB, 11 * MIB]) {
      {
        await using writer = await blobs.create('interrupted');
        if (size > 0) await writer.write(randomBytes(size));
      }
      {
        await using writer = await blobs.create();
        if (size > 0) await writer.write(randomBytes(size));
      }
      assert.equal(await blobs.size('interrupted'), undefined);
      assert.deepEqual(await listed(blobs), []);
    }
  });

  test('an interrupted replacement leaves what was there', async (t) => {
    const blobs = await open(t);
    const blob = await put(blobs, Buffer.from('as it was'));
    for (const size of [4, 6 * MIB]) {
      {
        await using writer = await blobs.create(blob);
        await writer.write(randomBytes(size));
      }
      assert.equal((await blobs.read(blob, 0, 9)).toString(), 'as it was');
      assert.equal(await blobs.size(blob), 9);
    }
  });

  test('the clean-up of what is old does not touch a write under way', async (t) => {
    const blobs = await open(t);
    const bytes = randomBytes(6 * MIB);
    await using writer = await blobs.create();
    await writer.write(bytes);
    await blobs.removeUnfinished(Date.now() - 24 * 60 * 60 * 1000);
    await writer.write(bytes);
    await writer.finish();
    assert.ok((await blobs.read(writer.blob, 6 * MIB, 12 * MIB)).equals(bytes));
  });
}

function numbers(open: OpenBlobs): void {
  test('many are written, read and removed at once', async (t) => {
    const blobs = await open(t);
    const bodies = Array.from({ length: 60 }, (_, i) => randomBytes(i * 5000));
    const found = await Promise.all(bodies.map((bytes) => put(blobs, bytes)));
    await Promise.all(
      bodies.map(async (bytes, i) => {
        assert.ok((await blobs.read(found[i]!, 0, bytes.length)).equals(bytes));
      }),
    );
    assert.deepEqual(await listed(blobs), [...found].sort());
    await Promise.all(found.map((blob) => blobs.remove(blob)));
    assert.deepEqual(await listed(blobs), []);
  });

  test('one name written by several at once ends as one of them, whole', async (t) => {
    const blobs = await open(t);
    const bodies = Array.from({ length: 8 }, (_, i) => Buffer.alloc(10_000 + i, i));
    await Promise.all(bodies.map((bytes) => put(blobs, bytes, 'contended')));
    const size = await blobs.size('contended');
    const got = await blobs.read('contended', 0, size!);
    assert.ok(bodies.some((bytes) => bytes.equals(got)));
    assert.deepEqual(await listed(blobs), ['contended']);
  });

  test('more than a thousand are listed, each once', async (t) => {
    const blobs = await open(t);
    const wanted: string[] = [];
    for (let i = 0; i < 1100; i += 20) {
      const some = Array.from({ length: 20 }, () => put(blobs, Buffer.from('x')));
      wanted.push(...(await Promise.all(some)));
    }
    assert.deepEqual(await listed(blobs), wanted.sort());
  });
}

function streaming(open: OpenBlobs): void {
  test('100 MB go in and out in bounded memory', async (t) => {
    const blobs = await open(t);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = (): number => {
      collect();
      return process.memoryUsage().arrayBuffers;
    };
    const piece = randomBytes(MIB);
    const digest = createHash('sha256');
    const before = held();
    let most = before;
    await using writer = await blobs.create();
    for (let i = 0; i < 100; i++) {
      piece.writeUInt32BE(i);
      digest.update(piece);
      await writer.write(piece);
      most = Math.max(most, held());
    }
    await writer.finish();
    const size = 100 * MIB;
    assert.equal(await blobs.size(writer.blob), size);
    const again = createHash('sha256');
    for (let at = 0; at < size; at += MIB) {
      again.update(await blobs.read(writer.blob, at, at + MIB));
      most = Math.max(most, held());
    }
    assert.equal(again.digest('hex'), digest.digest('hex'));
    assert.ok(most - before < 24 * MIB, `${most - before} bytes were held`);
  });
}
