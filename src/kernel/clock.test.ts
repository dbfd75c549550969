import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, TestClock } from '#kernel';

test('TestClock calls what falls due, in order, at its time', async () => {
  const clock = new TestClock(1000);
  const calls: string[] = [];
  const note = (name: string) => () => void calls.push(`${name}@${clock.now()}`);
  clock.after(30, note('c'));
  clock.after(10, note('a'));
  const every = clock.every(20, note('tick'));
  clock.after(10, note('b'))[Symbol.dispose]();
  clock.after(5, () => clock.after(5, note('inner')));
  const slept = clock.sleep(25).then(note('slept'));
  clock.advance(45);
  assert.equal(clock.now(), 1045);
  await slept;
  const expected = ['a@1010', 'inner@1010', 'tick@1020', 'c@1030', 'tick@1040', 'slept@1045'];
  assert.deepEqual(calls, expected);
  every[Symbol.dispose]();
  clock.advance(1000);
  assert.equal(calls.length, 6);
});

test('systemClock: a disposed timer stays silent', async () => {
  let calls = 0;
  systemClock.after(1, () => calls++)[Symbol.dispose]();
  systemClock.every(1, () => calls++)[Symbol.dispose]();
  const called = new Promise<void>((resolve) => systemClock.after(5, resolve));
  await systemClock.sleep(10);
  await called;
  assert.equal(calls, 0);
});
