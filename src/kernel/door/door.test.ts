import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import {
  countedAs,
  Door,
  type DoorLimits,
  type Guest,
  listen,
  Networks,
  SharedCounts,
  SharedPace,
  TestClock,
} from '#kernel';
import { until } from '../connection.conformance.ts';

const LIMIT = { timeout: 20_000 };

interface Stand {
  readonly clock: TestClock;
  readonly counts: SharedCounts;
  readonly door: Door;
  readonly guests: Guest[];
  readonly port: number;
  /** Connects; what it is told when it is not let in. */
  come(): Promise<{ readonly peer: Socket; readonly told: Promise<string> }>;
}

/** A door on loopback that trusts nobody. */
async function stand(t: TestContext, limits: Partial<DoorLimits>): Promise<Stand> {
  const clock = new TestClock();
  const counts = SharedCounts.alone();
  const pace = SharedPace.alone(clock);
  const door = new Door({ counts, pace, limits, trusted: new Networks([]) });
  const guests: Guest[] = [];
  const listener = await listen({
    name: 'test',
    host: '127.0.0.1',
    port: 0,
    shared: false,
    door,
    onConnection: (socket, guest) => {
      socket.resume();
      socket.write('welcome');
      socket.on('end', () => socket.end());
      guests.push(guest!);
    },
    refusal: (why) => why,
  });
  t.after(() => listener.close());
  const come: Stand['come'] = async () => {
    const peer = connect({ port: listener.port, host: '127.0.0.1' });
    t.after(() => peer.destroy());
    peer.on('error', () => {});
    const [first] = (await once(peer, 'data')) as [Buffer];
    const closed = once(peer, 'close').then(() => String(first));
    return { peer, told: first.toString() === 'welcome' ? Promise.resolve('welcome') : closed };
  };
  return { clock, counts, door, guests, port: listener.port, come };
}

describe('the door', LIMIT, () => {
  test('so many connections of an address, and one that goes makes room', async (t) => {
    const { come, counts } = await stand(t, { connectionsPerAddressMax: 2 });
    const first = await come();
    await come();
    assert.equal(await (await come()).told, 'too-many-of-address');
    assert.equal(counts.count(counts.key('of 127.0.0.1')), 2, 'who was refused is not counted');
    first.peer.destroy();
    await until(() => counts.count(counts.key('of 127.0.0.1')) === 1);
    assert.equal(await (await come()).told, 'welcome');
  });

  test('of those that come too fast some are told so, the others hear nothing', async (t) => {
    const { clock, port, counts } = await stand(t, { connectionsPerAddressPerMinute: 1 });
    const told: string[] = [];
    const ask = async (): Promise<void> => {
      const peer = connect({ port, host: '127.0.0.1' });
      peer.on('error', () => {});
      let text = '';
      peer.on('data', (chunk) => {
        text += chunk;
        if (text === 'welcome') peer.destroy();
      });
      await once(peer, 'close');
      told.push(text);
    };
    for (let tries = 0; tries < 60; tries++) await ask();
    assert.deepEqual(told.slice(0, 2), ['welcome', 'too-fast']);
    assert.equal(told.filter((text) => text === 'too-fast').length, 50);
    assert.deepEqual(told.slice(51), Array(9).fill(''));
    clock.advance(1000);
    await ask();
    assert.equal(told.at(-1), 'too-fast');
    clock.advance(59_000);
    await ask();
    assert.equal(told.at(-1), 'welcome');
    await until(() => counts.count(counts.key('all')) === 0);
  });

  test('so many connections in all', async (t) => {
    const { come, counts } = await stand(t, { connectionsMax: 1 });
    const { peer } = await come();
    assert.equal(await (await come()).told, 'too-many');
    assert.equal(counts.count(counts.key('of 127.0.0.1')), 1);
    peer.destroy();
    await until(() => counts.count(counts.key('all')) === 0);
    assert.equal(await (await come()).told, 'welcome');
  });

  test('so many in a minute; waiting is enough, whatever was tried meanwhile', async (t) => {
    const { come, clock } = await stand(t, { connectionsPerAddressPerMinute: 3 });
    for (let number = 0; number < 3; number++) assert.equal(await (await come()).told, 'welcome');
    for (let number = 0; number < 5; number++) assert.equal(await (await come()).told, 'too-fast');
    clock.advance(20_000);
    assert.equal(await (await come()).told, 'welcome');
    assert.equal(await (await come()).told, 'too-fast');
  });

  test('the oldest newcomer makes room, who is settled never', async (t) => {
    const { come, guests, door, counts } = await stand(t, { newcomersMax: 2 });
    const shown: number[] = [];
    for (let number = 0; number < 3; number++) {
      await come();
      const guest = guests[number]!;
      const { showOut } = guest;
      guest.showOut = () => {
        shown.push(number);
        showOut();
      };
      if (number === 0) guest.settle();
    }
    assert.deepEqual([shown, door.newcomers], [[], 2]);
    await come();
    assert.deepEqual([shown, door.newcomers], [[1], 2]);
    await come();
    assert.deepEqual([shown, door.newcomers], [[1, 2], 2]);
    guests[0]!.unsettle();
    assert.equal(counts.count(counts.key('newcomers')), 3);
  });

  test('when another thread has all the newcomers, the next one is refused', async (t) => {
    const memory = SharedCounts.memory(2);
    const other = new SharedCounts(memory, 0);
    assert.ok(other.enter(other.key('newcomers'), 5));
    const trusted = new Networks([]);
    const pace = SharedPace.alone(new TestClock());
    const limits = { newcomersMax: 1 };
    const own = new SharedCounts(memory, 1);
    const door = new Door({ counts: own, pace, limits, trusted });
    assert.equal(door.admit({ remoteAddress: '192.0.2.1' } as Socket), 'too-many');
    assert.deepEqual([own.count(own.key('all')), own.count(own.key('of 192.0.2.1'))], [0, 0]);
    void t;
  });
});

describe('counts of all threads', () => {
  test('are added up, and what a failed thread had counted goes with it', () => {
    const memory = SharedCounts.memory(3);
    const [one, two] = [new SharedCounts(memory, 0), new SharedCounts(memory, 2)];
    assert.ok(
      one.enter(one.key('a'), 3) && two.enter(two.key('a'), 3) && two.enter(two.key('a'), 3),
    );
    assert.equal(one.enter(one.key('a'), 3), false);
    assert.deepEqual(
      [one.count(one.key('a')), two.count(two.key('a')), one.count(one.key('b'))],
      [3, 3, 0],
    );
    const successor = new SharedCounts(memory, 2);
    assert.deepEqual([one.count(one.key('a')), successor.count(successor.key('a'))], [1, 1]);
    one.leave(one.key('a'));
    assert.equal(one.count(one.key('a')), 0);
  });

  test('are right for thousands of keys', () => {
    const counts = SharedCounts.alone();
    for (let key = 0; key < 5000; key++)
      for (let n = 0; n <= key % 3; n++) assert.ok(counts.enter(counts.key(`key ${key}`), 100));
    let wrong = 0;
    for (let key = 0; key < 5000; key++) {
      const count = counts.count(counts.key(`key ${key}`));
      assert.ok(count >= 1 + (key % 3), 'never too few');
      if (count !== 1 + (key % 3)) wrong++;
    }
    assert.ok(wrong < 150, `${wrong} of 5,000 are too many`);
    for (let key = 0; key < 5000; key++)
      for (let n = 0; n <= key % 3; n++) counts.leave(counts.key(`key ${key}`));
    for (let key = 0; key < 5000; key++) assert.equal(counts.count(counts.key(`key ${key}`)), 0);
  });
});

describe('the pace', () => {
  test('what is charged is paid off by time, up to a bound', () => {
    const clock = new TestClock();
    const pace = SharedPace.alone(clock);
    pace.charge('a', 1000, 5000);
    pace.charge('a', 1000, 5000);
    assert.deepEqual([pace.owedMs('a', 5000), pace.owedMs('b', 5000)], [2000, 0]);
    clock.advance(1500);
    assert.equal(pace.owedMs('a', 5000), 500);
    for (let n = 0; n < 20; n++) pace.charge('a', 1000, 5000);
    assert.equal(pace.owedMs('a', 5000), 5000);
    pace.charge('a', -1000, 5000);
    assert.equal(pace.owedMs('a', 5000), 4000);
    clock.advance(4000);
    assert.equal(pace.owedMs('a', 5000), 0);
  });

  test('a clock that is set back frees, it does not lock out', () => {
    const memory = SharedPace.memory();
    new SharedPace(memory, new TestClock(10_000_000)).charge('a', 5000, 5000);
    const earlier = new SharedPace(memory, new TestClock(1000));
    assert.equal(earlier.owedMs('a', 5000), 0);
    earlier.charge('a', 2000, 5000);
    assert.equal(earlier.owedMs('a', 5000), 2000);
  });
});

describe('networks', () => {
  test('hold the addresses that they name', () => {
    const networks = new Networks(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1']);
    for (const address of ['10.1.2.3', '192.0.2.7', '2001:db8:1::5', '::1'])
      assert.ok(networks.includes(address), address);
    for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '::2', 'unknown'])
      assert.ok(!networks.includes(address), address);
    for (const wrong of ['10.0.0.0/33', 'example.test', '', '::/129', '1.2.3.4/'])
      assert.throws(() => new Networks([wrong]), { code: 'configuration' }, wrong);
  });

  test('of IPv6 the first 64 bits count', () => {
    assert.equal(countedAs('192.0.2.1'), '192.0.2.1');
    for (const [address, network] of [
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:db8::6', '2001:db8:0:0::/64'],
      ['2001:DB8:0001::1:2:3', '2001:db8:1:0::/64'],
      ['::1', '0:0:0:0::/64'],
      ['1::', '1:0:0:0::/64'],
      ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ] as const)
      assert.equal(countedAs(address), network);
  });
});
