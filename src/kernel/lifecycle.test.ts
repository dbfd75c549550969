import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Lifecycle, silentLogger } from '#kernel';

const LONG_MS = 60_000;

describe('Lifecycle', () => {
  test('stops in reverse order, each part after the one before has stopped', async () => {
    const calls: string[] = [];
    const lifecycle = new Lifecycle(silentLogger);
    for (const name of ['a', 'b', 'c'])
      lifecycle.started({
        name,
        stopTimeoutMs: LONG_MS,
        async stop() {
          calls.push(`${name} stops`);
          await new Promise(setImmediate);
          calls.push(`${name} stopped`);
        },
      });
    assert.deepEqual(await lifecycle.stop(), []);
    const expected = ['c', 'b', 'a'].flatMap((name) => [`${name} stops`, `${name} stopped`]);
    assert.deepEqual(calls, expected);
  });

  test('names the parts that failed or missed their deadline, and stops the others', async () => {
    const stopped: string[] = [];
    const lifecycle = new Lifecycle(silentLogger);
    const hangs = Promise.withResolvers<void>();
    const parts = {
      first: () => void stopped.push('first'),
      throws: () => {
        throw new Error('at once');
      },
      hangs: () => hangs.promise,
      rejects: () => Promise.reject(new Error('later')),
      last: () => void stopped.push('last'),
    };
    for (const [name, stop] of Object.entries(parts))
      lifecycle.started({ name, stopTimeoutMs: name === 'hangs' ? 5 : LONG_MS, stop });
    assert.deepEqual(await lifecycle.stop(), ['rejects', 'hangs', 'throws']);
    assert.deepEqual(stopped, ['last', 'first']);
    // What an abandoned part does later hurts nobody.
    hangs.reject(new Error('much later'));
    await new Promise(setImmediate);
  });

  test('stops once, however often it is asked', async () => {
    let stops = 0;
    const lifecycle = new Lifecycle(silentLogger);
    lifecycle.started({ name: 'x', stopTimeoutMs: LONG_MS, stop: () => void stops++ });
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    await lifecycle.stop();
    assert.equal(stops, 1);
  });
});
