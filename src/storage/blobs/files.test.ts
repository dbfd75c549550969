import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { describeBlobs, listed, put, refused } from './blobs.conformance.ts';
import { FileBlobs } from './files.ts';
import { UNFINISHED_AGE_MS } from './port.ts';

function freshDirectory(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-blobs-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

describeBlobs('files', async (t) => new FileBlobs(join(freshDirectory(t), 'blobs')));

describe('FileBlobs', () => {
  test('only what nobody has touched for long is removed as unfinished', async (t) => {
    const dir = freshDirectory(t);
    const blobs = new FileBlobs(dir);
    await using old = await blobs.create();
    await using recent = await blobs.create();
    const unfinished = join(dir, 'unfinished');
    assert.equal(readdirSync(unfinished).length, 2);
    const name = readdirSync(unfinished).find((each) => each.startsWith(old.blob))!;
    const untouchedSinceMs = Date.now() - UNFINISHED_AGE_MS;
    utimesSync(join(unfinished, name), new Date(0), new Date(untouchedSinceMs - 1000));
    await blobs.removeUnfinished(untouchedSinceMs);
    assert.equal(readdirSync(unfinished).length, 1);
    await recent.finish();
    assert.deepEqual(await listed(blobs), [recent.blob]);
    // Its file is gone: it cannot be finished, and nothing appears.
    await refused(old.finish(), 'unavailable');
    assert.deepEqual(await listed(blobs), [recent.blob]);
  });

  test('a directory that cannot be one is unavailable, not empty', async (t) => {
    const path = join(freshDirectory(t), 'file');
    writeFileSync(path, 'in the way');
    const blobs = new FileBlobs(path);
    await refused(blobs.verify(), 'unavailable');
    await refused(blobs.create(), 'unavailable');
    await refused(listed(blobs), 'unavailable');
    await refused(blobs.size('abcdef'), 'unavailable');
  });

  test('files of others among the blobs are not listed', async (t) => {
    const dir = freshDirectory(t);
    const blobs = new FileBlobs(dir);
    const blob = await put(blobs, Buffer.from('x'));
    writeFileSync(join(dir, blob.slice(0, 2), '.nfs0001'), '');
    mkdirSync(join(dir, 'lost+found'));
    writeFileSync(join(dir, 'README'), '');
    assert.deepEqual(await listed(blobs), [blob]);
  });
});
