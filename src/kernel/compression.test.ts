import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { constants, createInflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib';
import { connectPair, readBytes, received, until } from './connection.conformance.ts';

const MEGABYTE = 1024 * 1024;
/** Every piece can be inflated as it comes, and more may follow. */
const FLUSHED = { finishFlush: constants.Z_SYNC_FLUSH };

/** A hang is a failure. */
const LIMIT = { timeout: 20_000 };

describe('compress', LIMIT, () => {
  test('goes on compressed both ways; what was written before goes out as it is', async (t) => {
    const { connection, peer } = await connectPair(t);
    connection.write('OK active\r\n');
    connection.compress();
    assert.equal(connection.compressed, true);
    const clear = await once(peer, 'data');
    assert.equal(String(clear[0]), 'OK active\r\n');
    const inflate = createInflateRaw();
    peer.pipe(inflate);
    // Each turn's output can be read at once: nothing waits for more of it.
    for (const text of ['* 1 EXISTS\r\n', '* 2 EXISTS\r\n']) {
      connection.write(text);
      assert.equal(String((await once(inflate, 'data'))[0]), text);
    }
    connection.write(Buffer.from('bytes'));
    assert.equal(String((await once(inflate, 'data'))[0]), 'bytes');
    peer.write(deflateRawSync('a NOOP\r\n', FLUSHED));
    assert.equal((await readBytes(connection, 8)).toString(), 'a NOOP\r\n');
  });

  test('keeps the order of strings and bytes, and end() sends all of it', async (t) => {
    const { connection, peer } = await connectPair(t);
    connection.compress();
    const got = received(peer);
    const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * i) >> 7));
    connection.write('before ');
    connection.write(large);
    connection.write('x'.repeat(100_000));
    await connection.drained();
    connection.write('last');
    connection.end();
    const expected = [Buffer.from('before '), large, Buffer.from(`${'x'.repeat(100_000)}last`)];
    assert.ok(inflateRawSync(await got).equals(Buffer.concat(expected)));
    peer.end();
    await until(() => connection.closed);
  });

  test('a peer that takes nothing makes a backlog, and is waited for', async (t) => {
    const { connection, peer } = await connectPair(t);
    connection.compress();
    peer.pause();
    let seed = 1;
    const noise = Buffer.from(
      Array.from({ length: MEGABYTE }, () => {
        seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
        return seed >> 16;
      }),
    );
    for (let n = 0; n < 24; n++) connection.write(noise);
    assert.equal(connection.backlogged, true);
    let drained = false;
    const waiting = connection.drained().then(() => {
      drained = true;
    });
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    assert.equal(drained, false, 'nobody took it');
    const got = received(peer);
    await waiting;
    connection.end();
    assert.equal(inflateRawSync(await got).length, 24 * MEGABYTE);
  });

  test('a few bytes that stand for many are inflated as they are taken', async (t) => {
    const { connection, peer } = await connectPair(t);
    connection.compress();
    const bomb = deflateRawSync(Buffer.alloc(256 * MEGABYTE), FLUSHED);
    assert.ok(bomb.length < MEGABYTE);
    const before = process.memoryUsage().arrayBuffers;
    peer.write(bomb);
    await until(() => connection.hasInput);
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    const held = process.memoryUsage().arrayBuffers - before;
    assert.ok(held < 8 * MEGABYTE, `${held} bytes are held for a peer that nobody reads from`);
    let bytes = 0;
    while (bytes < 256 * MEGABYTE) bytes += (await connection.read())?.length ?? Number.NaN;
    assert.equal(bytes, 256 * MEGABYTE);
  });

  test('the end of the peer is seen, with a last block and without', async (t) => {
    for (const options of [FLUSHED, {}]) {
      const { connection, peer } = await connectPair(t);
      connection.compress();
      peer.end(deflateRawSync('last words', options));
      assert.equal((await readBytes(connection, 99)).toString(), 'last words');
      assert.equal(await connection.read(), undefined);
      assert.equal(connection.closed, false);
    }
  });

  test('data that cannot be inflated closes the connection', async (t) => {
    const { connection, peer } = await connectPair(t);
    connection.compress();
    const reading = connection.read();
    peer.write('a1 NOOP in the clear\r\n'.repeat(10));
    assert.equal(await reading, undefined);
    assert.equal(connection.closed, true);
    connection.write('nobody hears this');
    await connection.drained();
    connection.end();
  });
});
