import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { waits } from '#kernel';
import { connectPair, readBytes, received, until } from './connection.conformance.ts';

const MEGABYTE = 1024 * 1024;

/** A hang is a failure. */
const LIMIT = { timeout: 20_000 };

describe('Connection, reading', LIMIT, () => {
  test('gives the bytes in order, what came ahead first, then the end', async (t) => {
    const { connection, peer } = await connectPair(t);
    const first = connection.read();
    peer.write('one');
    assert.equal((await first)?.toString(), 'one');
    peer.write('two');
    await until(() => connection.hasInput);
    peer.end('three');
    assert.equal((await readBytes(connection, 8)).toString(), 'twothree');
    assert.equal(connection.hasInput, false);
    assert.equal(await connection.read(), undefined);
    assert.equal(await connection.read(), undefined);
    assert.equal(connection.timedOut, false);
    assert.equal(connection.loopback, true);
    assert.equal(connection.remoteAddress, '127.0.0.1');
    assert.equal(connection.remotePort, peer.localPort);
  });

  test('a peer that has ended its side still gets our answer', async (t) => {
    const { connection, peer } = await connectPair(t);
    const answer = received(peer);
    peer.end('bye');
    assert.equal((await readBytes(connection, 100)).toString(), 'bye');
    assert.equal(connection.closed, false);
    connection.write('answer');
    connection.end();
    assert.equal((await answer).toString(), 'answer');
  });

  test('takes in a bounded amount ahead, and all of it in the end', async (t) => {
    const { connection, peer } = await connectPair(t);
    const sent = Buffer.alloc(24 * MEGABYTE, '0123456789abcdef-');
    let drained = false;
    peer.write(sent, () => {
      drained = true;
    });
    await until(() => connection.hasInput);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    assert.equal(drained, false, 'the peer is held back');
    assert.ok((await readBytes(connection, sent.length)).equals(sent));
    await until(() => drained);
  });

  test('a silent peer is given up after idleTimeoutMs, as a named wait', async (t) => {
    const { connection, peer } = await connectPair(t, { owner: 'test idle' });
    const mine = () => waits.list().filter((wait) => wait.owner === 'test idle');
    const patient = connection.read();
    assert.deepEqual(
      mine().map((wait) => wait.name),
      ['input from the peer'],
    );
    waits.expireOverdue();
    peer.write('x');
    assert.equal((await patient)?.toString(), 'x');
    assert.deepEqual(mine(), []);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    connection.idleTimeoutMs = 1;
    const silent = connection.read();
    t.mock.timers.tick(1);
    waits.expireOverdue();
    assert.equal(await silent, undefined);
    assert.equal(connection.timedOut, true);
    assert.equal(connection.closed, false);
    // The last read counts: this one gets its bytes.
    connection.idleTimeoutMs = 60_000;
    peer.write('y');
    assert.equal((await connection.read())?.toString(), 'y');
    assert.equal(connection.timedOut, false);
  });

  test('a peer that breaks off ends a waiting read, and nothing is thrown', async (t) => {
    const { connection, peer } = await connectPair(t);
    const waiting = connection.read();
    peer.resetAndDestroy();
    assert.equal(await waiting, undefined);
    await until(() => connection.closed);
    connection.write('into the void');
    connection.write(Buffer.from('bytes'));
    connection.flush();
    await connection.drained();
    connection.end();
    connection.destroy();
  });
});

describe('Connection, writing', LIMIT, () => {
  test('strings and bytes keep their order, one char code one byte', async (t) => {
    const { connection, peer } = await connectPair(t);
    const got = received(peer);
    const expected: Buffer[] = [];
    for (let i = 0; i < 400; i++) {
      const piece = Buffer.alloc(1 + ((i * 7919) % 3000), i & 255);
      expected.push(piece);
      connection.write(i % 3 === 0 ? piece : piece.toString('latin1'));
      if (i % 50 === 0) await connection.drained();
    }
    connection.end();
    assert.ok((await got).equals(Buffer.concat(expected)));
  });

  test('what is written in one turn goes out without a flush', async (t) => {
    const { connection, peer } = await connectPair(t);
    connection.write('a');
    connection.write('b');
    const [chunk] = await once(peer, 'data');
    assert.equal(String(chunk), 'ab');
  });

  test('end sends what was gathered, closes, and takes nothing more', async (t) => {
    const { connection, peer } = await connectPair(t, { owner: 'test end' });
    const got = received(peer);
    connection.write('last ');
    connection.write('words');
    connection.end();
    connection.write('too late');
    connection.write(Buffer.from('too late'));
    connection.end();
    assert.equal((await got).toString(), 'last words');
    peer.end();
    await until(() => connection.closed);
    assert.deepEqual(
      waits.list().filter((wait) => wait.owner === 'test end'),
      [],
    );
  });

  test('end waits for the peer as a named wait, and cuts it off in the end', async (t) => {
    const { connection, peer } = await connectPair(t, { owner: 'test lingering' });
    const mine = () => waits.list().filter(({ owner }) => owner === 'test lingering');
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const got = once(peer, 'end');
    peer.resume();
    connection.end();
    await got;
    assert.deepEqual(
      mine().map((wait) => [wait.name, wait.deadlineMs - wait.sinceMs]),
      [['the peer to close', 5000]],
    );
    // What the peer goes on to send is dropped.
    peer.write('chatter');
    t.mock.timers.tick(4999);
    waits.expireOverdue();
    await new Promise(setImmediate);
    assert.equal(connection.closed, false);
    assert.equal(connection.hasInput, false);
    t.mock.timers.tick(1);
    waits.expireOverdue();
    await until(() => connection.closed);
    assert.deepEqual(mine(), []);
  });

  test('end gives a slow peer the time to take all of it', async (t) => {
    const { connection, peer } = await connectPair(t, { writeTimeoutMs: 60_000 });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    peer.pause();
    const total = 16 * MEGABYTE;
    connection.write(Buffer.alloc(total));
    connection.end();
    t.mock.timers.tick(59_999);
    waits.expireOverdue();
    await new Promise(setImmediate);
    assert.equal((await received(peer)).length, total);
  });

  test('end cuts off a peer that does not take what waits for it', async (t) => {
    const { connection, peer } = await connectPair(t, { owner: 'test full', writeTimeoutMs: 7000 });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    peer.pause();
    connection.write(Buffer.alloc(64 * MEGABYTE));
    connection.end();
    const mine = () => waits.list().filter(({ owner }) => owner === 'test full');
    assert.deepEqual(
      mine().map(({ name }) => name),
      ['the peer to take output'],
    );
    t.mock.timers.tick(7000);
    waits.expireOverdue();
    await until(() => connection.closed);
    assert.deepEqual(mine(), []);
  });

  test('a peer that never reads is cut off by drained', async (t) => {
    const { connection, peer } = await connectPair(t, { owner: 'test deaf', writeTimeoutMs: 1 });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    peer.pause();
    let turns = 0;
    // The system's own buffers take some before anything is backlogged.
    do {
      connection.write(Buffer.alloc(MEGABYTE));
      await new Promise(setImmediate);
    } while (turns++ < 64 || !connection.backlogged);
    const drained = connection.drained();
    const mine = waits.list().filter(({ owner }) => owner === 'test deaf');
    assert.deepEqual(
      mine.map(({ name }) => name),
      ['the peer to take output'],
    );
    t.mock.timers.tick(1);
    waits.expireOverdue();
    await drained;
    assert.equal(connection.closed, true);
    assert.equal(connection.backlogged, false);
  });

  test('drained waits until a slow peer has taken the backlog', async (t) => {
    const { connection, peer } = await connectPair(t);
    peer.pause();
    const total = 64 * MEGABYTE;
    for (let sent = 0; sent < total; sent += MEGABYTE)
      connection.write(Buffer.alloc(MEGABYTE, 'x'));
    assert.equal(connection.backlogged, true);
    let bytes = 0;
    peer.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    peer.resume();
    await connection.drained();
    assert.equal(connection.backlogged, false);
    connection.end();
    await once(peer, 'end');
    assert.equal(bytes, total);
  });
});

describe('Connection, closing', LIMIT, () => {
  test('each close listener is called once, those that come late at once', async (t) => {
    const { connection, peer } = await connectPair(t);
    const calls: string[] = [];
    connection.onClose(() => {
      calls.push('first');
      connection.destroy();
    });
    connection.onClose(() => calls.push('second'));
    connection.destroy();
    connection.destroy();
    assert.deepEqual(calls, ['first', 'second']);
    peer.resume();
    peer.end();
    await once(peer, 'close');
    await new Promise(setImmediate);
    assert.deepEqual(calls, ['first', 'second']);
    connection.onClose(() => calls.push('late'));
    assert.deepEqual(calls, ['first', 'second', 'late']);
    assert.equal(connection.closed, true);
  });

  test('destroy ends a waiting read and a waiting writer', async (t) => {
    const { connection, peer } = await connectPair(t);
    peer.pause();
    for (let i = 0; i < 64; i++) connection.write(Buffer.alloc(MEGABYTE));
    const read = connection.read();
    const drained = connection.drained();
    connection.destroy();
    assert.equal(await read, undefined);
    await drained;
  });
});
