import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isPosthornError, TestClock, WaitRegistry } from '#kernel';

function setUp(): { clock: TestClock; waits: WaitRegistry } {
  const clock = new TestClock(1_000_000);
  return { clock, waits: new WaitRegistry(clock) };
}

describe('WaitRegistry', () => {
  test('lists who waits for what since when until when, oldest first', () => {
    const { clock, waits } = setUp();
    const first = waits.enter('the first', 'a', 5000);
    clock.advance(10);
    waits.enter('the second', 'b', 100);
    const second = { name: 'the second', owner: 'b', sinceMs: 1_000_010, deadlineMs: 1_000_110 };
    assert.deepEqual(waits.list(), [
      { name: 'the first', owner: 'a', sinceMs: 1_000_000, deadlineMs: 1_005_000 },
      second,
    ]);
    assert.equal(waits.list(1).length, 1);
    assert.equal(waits.size, 2);
    first[Symbol.dispose]();
    assert.deepEqual(waits.list(), [second]);
  });

  test('the sweep ends what is past its deadline, once, with the entry gone before the call', () => {
    const { clock, waits } = setUp();
    const ended: string[] = [];
    waits.enter('short', 'a', 1500, () => ended.push(`short, ${waits.size} left`));
    waits.enter('long', 'a', 10_000, () => ended.push('long'));
    waits.enter('quiet', 'a', 1);
    clock.advance(1400);
    assert.deepEqual(ended, []);
    clock.advance(600);
    assert.deepEqual(ended, ['short, 1 left']);
    clock.advance(8000);
    assert.deepEqual(ended, ['short, 1 left', 'long']);
    clock.advance(60_000);
    assert.equal(ended.length, 2);
    assert.equal(waits.size, 0);
  });

  test('what was over in time is not ended', () => {
    const { clock, waits } = setUp();
    let ended = 0;
    const wait = waits.enter('x', 'a', 100, () => ended++);
    wait[Symbol.dispose]();
    wait[Symbol.dispose]();
    clock.advance(5000);
    waits.expireOverdue();
    assert.equal(ended, 0);
  });

  test('goes on sweeping for waits that come after it ran empty', () => {
    const { clock, waits } = setUp();
    let ended = 0;
    for (let round = 1; round <= 3; round++) {
      waits.enter('x', 'a', 100, () => ended++);
      clock.advance(2000);
      assert.equal(ended, round);
      clock.advance(10_000);
    }
  });

  test('a wait entered while others are ended is kept', () => {
    const { clock, waits } = setUp();
    waits.enter('x', 'a', 100, () => waits.enter('next', 'a', 100_000));
    clock.advance(1000);
    assert.deepEqual(
      waits.list().map((wait) => wait.name),
      ['next'],
    );
  });

  test('track gives the result, or the failure, and leaves nothing behind', async () => {
    const { waits } = setUp();
    assert.equal(await waits.track('x', 'a', 100, Promise.resolve(7)), 7);
    const failure = new Error('no');
    await assert.rejects(waits.track('x', 'a', 100, Promise.reject(failure)), failure);
    assert.equal(waits.size, 0);
  });

  test('track throws deadline with who waited for what; what comes later is dropped', async () => {
    const { clock, waits } = setUp();
    const late = Promise.withResolvers<number>();
    const tracked = waits.track('an answer', 'imap 4', 5000, late.promise);
    assert.equal(waits.list()[0]?.name, 'an answer');
    clock.advance(6000);
    await assert.rejects(tracked, (error) => {
      assert.ok(isPosthornError(error, 'deadline'));
      assert.match(error.message, /imap 4 .*5000 ms .*an answer/);
      return true;
    });
    late.reject(new Error('too late, and nobody is hurt'));
    await new Promise(setImmediate);
    assert.equal(waits.size, 0);
  });
});
