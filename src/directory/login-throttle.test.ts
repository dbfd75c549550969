import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Networks, SharedPace, TestClock } from '#kernel';
import { type LoginClient, LoginThrottle } from './index.ts';

const HERE: LoginClient = { address: '192.0.2.1', owner: 'test 1' };
const THERE: LoginClient = { address: '198.51.100.9', owner: 'test 2' };
const WEBMAIL: LoginClient = { address: '10.0.0.1', owner: 'test 3' };
const LIMITS = { failuresFree: 3, forgivenMs: 1000, addressWaitMaxMs: 4000, nameWaitMaxMs: 2500 };

class World {
  readonly clock = new TestClock();
  readonly throttle = new LoginThrottle({
    pace: SharedPace.alone(this.clock),
    known: SharedPace.alone(this.clock),
    trusted: new Networks(['10.0.0.0/8']),
    clock: this.clock,
    limits: LIMITS,
  });

  /** Tries once; gives the milliseconds that it was held back, or the code of the refusal. */
  async try(client: LoginClient, name: string, succeeds = false): Promise<number | string> {
    const attempt = this.throttle.attempt(client);
    const startMs = this.clock.now();
    let over = false;
    const begun = attempt.begin(name).then(
      () => undefined,
      ({ code }: { readonly code: string }) => code,
    );
    void begun.then(() => {
      over = true;
    });
    for (;;) {
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      await new Promise(setImmediate);
      if (over) break;
      this.clock.advance(100);
    }
    const refusal = await begun;
    if (refusal !== undefined) return refusal;
    attempt.end(succeeds);
    return this.clock.now() - startMs;
  }
}

test('an address: some failures are free, then it waits for each', async () => {
  const world = new World();
  for (const name of ['a', 'b', 'c']) assert.equal(await world.try(HERE, name), 0);
  for (const name of ['d', 'e']) assert.equal(await world.try(HERE, name), 1000);
  assert.equal(await world.try(THERE, 'f'), 0, 'another address does not pay for it');
  world.clock.advance(60_000);
  assert.equal(await world.try(HERE, 'g'), 0, 'it is forgiven');
});

test('many connections guess no faster than one, and the rest is refused', async () => {
  const world = new World();
  for (const name of ['a', 'b', 'c']) await world.try(HERE, name);
  const begun = Array.from({ length: 20 }, (_, n) => world.throttle.attempt(HERE).begin(`n${n}`));
  const outcomes = Promise.allSettled(begun);
  for (let turn = 0; turn < 20; turn++) {
    world.clock.advance(500);
    await new Promise(setImmediate);
  }
  const fulfilled = (await outcomes).filter(({ status }) => status === 'fulfilled').length;
  assert.equal(fulfilled, 4, 'as many as fit in the wait that an address may have');
});

test('a success gives back what was paid in advance, and does not forgive', async () => {
  const world = new World();
  for (const name of ['a', 'b', 'c']) await world.try(HERE, name);
  for (let tries = 0; tries < 5; tries++)
    assert.equal((await world.try(HERE, 'me', true)) === 0, tries > 0);
});

test('a name is held back and never refused; its owner is known where he has been', async () => {
  const world = new World();
  assert.equal(await world.try(HERE, 'Owner@example.test', true), 0);
  const guesses = Array.from({ length: 30 }, (_, n) =>
    world.throttle.attempt({ ...THERE, address: `198.51.100.${n}` }),
  );
  for (const guess of guesses) await guess.begin('owner@example.test');
  for (const guess of guesses) guess.end(false);
  assert.equal(await world.try(HERE, 'owner@example.test', true), 0, 'known here');
  const elsewhere = await world.try(
    { ...THERE, address: '203.0.113.1' },
    'owner@example.test',
    true,
  );
  assert.equal(elsewhere, 2500, 'let in from anywhere');
  assert.equal(await world.try({ ...THERE, address: '203.0.113.2' }, 'other'), 0);
});

test('trusted networks owe nothing for their address', async () => {
  const world = new World();
  for (let n = 0; n < 50; n++) assert.equal(await world.try(WEBMAIL, `user ${n}`), 0);
  for (let n = 0; n < 10; n++) assert.notEqual(await world.try(WEBMAIL, 'one'), 'login-throttled');
});
