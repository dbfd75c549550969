import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { isPosthornError, TestClock } from '#kernel';
import { connectSqlite, openSqlite, WriterThread } from '#storage/sqlite';
import {
  addBox,
  Box,
  contentOf,
  problemsOf,
  refused,
  run,
} from '../conformance/fixture.conformance.ts';
import { freshDirectory } from '../fresh.conformance.ts';

/** Mounts a small file system for a test; undefined, with the test skipped, where that is not possible. */
function smallDisk(t: TestContext, size: string): string | undefined {
  let unmount = (): void => {};
  const disk = join(
    freshDirectory(t, () => unmount()),
    'disk',
  );
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]);
  if (mounted.status !== 0) {
    t.skip('mounting a small file system needs root: not tested here');
    return undefined;
  }
  unmount = () => void spawnSync('umount', ['-l', disk]);
  return disk;
}

async function fillUp(box: Box, sizeBytes: number): Promise<number> {
  for (let accepted = 0; ; accepted++) {
    try {
      await deliverOne(box, sizeBytes);
    } catch (error) {
      assert.ok(isPosthornError(error, 'disk-full'), `${accepted}: ${String(error)}`);
      return accepted;
    }
  }
}

async function deliverOne(box: Box, sizeBytes: number): Promise<void> {
  const contents = [contentOf('fill', sizeBytes)];
  await run(box.engine, { kind: 'ingest', contents, targets: [box.target()], tracking: [] });
}

describe('a full disk', () => {
  test('refuses with disk-full, loses nothing, and recovers by itself', async (t) => {
    const disk = smallDisk(t, '6m');
    if (disk === undefined) return;
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(2_000_000));
    const dir = join(disk, 'data');
    mkdirSync(dir);
    const writer = await WriterThread.start(dir, (error) => assert.fail(error));
    const engine = connectSqlite(dir, writer.attach());
    const box = await addBox(engine);
    const accepted = await fillUp(box, 50_000);
    assert.ok(accepted > 5, `${accepted} were accepted`);

    // Reading goes on, and everything that was acknowledged is there; nothing of what was refused.
    assert.equal((await box.uids()).length, accepted);
    assert.equal((await box.folder()).uidNext, accepted + 1);
    // A whole group fails, each with its own answer.
    const group = await Promise.allSettled(
      Array.from({ length: 20 }, () => deliverOne(box, 90_000)),
    );
    const more = group.filter((each) => each.status === 'fulfilled').length;
    for (const each of group)
      if (each.status === 'rejected') assert.equal(each.reason.code, 'disk-full');
    assert.ok(more < 20);
    assert.equal((await box.uids()).length, accepted + more);
    assert.deepEqual(await problemsOf(engine), []);

    rmSync(ballast);
    for (let i = 0; i < 5; i++) await deliverOne(box, 50_000);
    const all = accepted + more + 5;
    assert.deepEqual(
      await box.uids(),
      Array.from({ length: all }, (_, i) => i + 1),
    );
    await engine[Symbol.asyncDispose]();
    await writer.close();

    const again = openSqlite(dir, new TestClock());
    assert.equal((await new Box(again, box.mailboxId).uids()).length, all);
    assert.deepEqual(await problemsOf(again), []);
    await again[Symbol.asyncDispose]();
  });

  test('a blob that does not fit is refused with disk-full and leaves no file', async (t) => {
    const disk = smallDisk(t, '3m');
    if (disk === undefined) return;
    const engine = openSqlite(disk, new TestClock());
    const fill = async (): Promise<void> => {
      await using blob = await engine.blobs.create();
      for (let i = 0; i < 100; i++) await blob.write(Buffer.alloc(100_000, 1));
      await blob.finish();
    };
    await refused(fill(), 'disk-full');
    assert.deepEqual(await Array.fromAsync(engine.blobs.list()), []);
    await (await addBox(engine)).deliver(1);
    await engine[Symbol.asyncDispose]();
  });
});
