import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { TestClock, waits } from '#kernel';
import { Credentials, REMEMBER_MS } from './credentials.ts';
import { HashGate } from './hash-gate.ts';
import { makeArgon2id } from './secret.ts';

/** Counts the hashes that really run. */
class CountingGate extends HashGate {
  runs = 0;
  override run<T>(owner: string, hash: () => Promise<T>): Promise<T> {
    this.runs++;
    return super.run(owner, hash);
  }
}

let verifier: string;
before(async () => {
  verifier = await makeArgon2id('secret');
});

test('a proof is remembered for ten minutes, not longer', async () => {
  const clock = new TestClock();
  const gate = new CountingGate();
  const credentials = new Credentials(clock, gate);
  assert.equal(await credentials.matches('ann', verifier, 'secret'), true);
  clock.advance(REMEMBER_MS - 1);
  assert.equal(await credentials.matches('ann', verifier, 'secret'), true);
  assert.equal(gate.runs, 1);
  clock.advance(1);
  assert.equal(await credentials.matches('ann', verifier, 'secret'), true);
  assert.equal(gate.runs, 2);
});

test('wrong passwords and unknown users are hashed each time and never remembered', async () => {
  const gate = new CountingGate();
  const credentials = new Credentials(new TestClock(), gate);
  await credentials.matches('ann', verifier, 'secret');
  for (let i = 0; i < 2; i++) {
    assert.equal(await credentials.matches('ann', verifier, 'Secret'), false);
    assert.equal(await credentials.matches('nobody', undefined, 'secret'), false);
    assert.equal(await credentials.matches('nobody', undefined, ''), false);
    assert.equal(await credentials.matches('ann', verifier, 'x'.repeat(2000)), false);
  }
  assert.equal(gate.runs, 9);
  assert.equal(credentials.remembered, 1);
});

test('what was proven for an old verifier says nothing about a new one', async () => {
  const credentials = new Credentials(new TestClock(), new HashGate());
  assert.equal(await credentials.matches('ann', verifier, 'secret'), true);
  const changed = await makeArgon2id('other');
  assert.equal(await credentials.matches('ann', changed, 'secret'), false);
  assert.equal(await credentials.matches('ann', changed, 'other'), true);
});

test('many logins with the same password at once cost one hash', async () => {
  const gate = new CountingGate();
  const credentials = new Credentials(new TestClock(), gate);
  const logins = Array.from({ length: 50 }, () => credentials.matches('ann', verifier, 'secret'));
  assert.deepEqual(new Set(await Promise.all(logins)), new Set([true]));
  assert.equal(gate.runs, 1);
});

test('the gate lets so many run, so many wait in order, and refuses the rest', async () => {
  const gate = new HashGate({ atOnce: 2, queued: 3, waitMs: 60_000 });
  const started: number[] = [];
  const release: (() => void)[] = [];
  const hash = (n: number) => (): Promise<number> => {
    started.push(n);
    return new Promise((resolve) => release.push(() => resolve(n)));
  };
  const runs = [0, 1, 2, 3, 4].map((n) => gate.run('test', hash(n)));
  await assert.rejects(gate.run('test', hash(5)), { code: 'too-busy' });
  assert.deepEqual(started, [0, 1]);
  assert.equal(waits.list().filter(({ name }) => name.includes('its turn')).length, 3);
  for (let n = 0; n < 5; n++) {
    release[n]!();
    assert.equal(await runs[n], n);
    await new Promise(setImmediate);
  }
  assert.deepEqual(started, [0, 1, 2, 3, 4]);
  assert.equal(await gate.run('test', async () => 7), 7);
});

test('a hash that fails frees its place', async () => {
  const gate = new HashGate({ atOnce: 1, queued: 1, waitMs: 60_000 });
  await assert.rejects(
    gate.run('test', () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await gate.run('test', async () => 1), 1);
});
