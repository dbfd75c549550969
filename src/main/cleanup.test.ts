import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PosthornError, silentLogger, TestClock } from '#kernel';
import type { Engine } from '#storage';
import { runCleanup } from './cleanup.ts';

const PERIOD_MS = 10_000;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const engine = {
  name: 'sqlite',
  lease: async () => true,
  blobs: { removeUnfinished: async () => {} } as unknown as Engine['blobs'],
};

test('no failure ends the cleanup, nor the process', async () => {
  const clock = new TestClock();
  let passes = 0;
  const failures = [
    Object.assign(new Error('no permission'), { code: 'EACCES' }),
    new PosthornError('too-busy'),
  ];
  const store = {
    removeStrayBlobs: async () => {
      passes++;
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return 0;
    },
    cleanUp: async () => false,
  };
  const cleanup = runCleanup(engine, store, clock, silentLogger);
  for (let pass = 1; pass <= 3; pass++) {
    clock.advance(PERIOD_MS);
    await turn();
    assert.equal(passes, pass);
  }
  await cleanup.stop();
});

test('stop ends a pass under way', async () => {
  const clock = new TestClock();
  let told = false;
  const store = {
    removeStrayBlobs: async (_beforeMs: number, signal?: AbortSignal) => {
      for (let turns = 0; turns < 1000 && !told; turns++) {
        await turn();
        told = signal?.aborted === true;
      }
      return 0;
    },
    cleanUp: async () => true,
  };
  const cleanup = runCleanup(engine, store, clock, silentLogger);
  clock.advance(PERIOD_MS);
  await turn();
  await cleanup.stop();
  assert.equal(told, true);
});

test('a node that does not hold the lease leaves it to the one that does', async () => {
  const clock = new TestClock();
  let passes = 0;
  let ours = false;
  const store = { removeStrayBlobs: async () => 0, cleanUp: async () => ++passes === 0 };
  const shared = { ...engine, lease: async () => ours };
  const cleanup = runCleanup(shared, store, clock, silentLogger);
  clock.advance(PERIOD_MS);
  await turn();
  assert.equal(passes, 0);
  ours = true;
  clock.advance(PERIOD_MS);
  await turn();
  assert.equal(passes, 1);
  await cleanup.stop();
});
