import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, TestClock, waits } from '#kernel';
import { codes, World } from './harness.test.ts';

const TO_DATA = ['MAIL FROM:<>', 'RCPT TO:<bob@example.test>', 'DATA'];

test('sessions over the limit are turned away', async () => {
  await using world = await World.open({ limits: { sessionsMax: 2 } });
  await using first = await world.hello();
  await using _second = await world.hello();
  await using third = await world.connect();
  const { code, enhanced } = await third.reply();
  assert.equal(`${code} ${enhanced}`, '421 4.3.2');
  await third.untilClosed();
  assert.equal(world.receiver.sessions, 2);
  await first.command('QUIT');
  await first.untilClosed();
  while (world.receiver.sessions > 1) await new Promise((resolve) => setImmediate(resolve));
  await using fourth = await world.hello();
  assert.equal((await fourth.command('NOOP')).code, 250);
});

test('stop: idle sessions end at once, a commit is finished', async () => {
  await using world = await World.open();
  const gate = Promise.withResolvers<void>();
  world.transfer.gate = gate.promise;
  await using idle = await world.hello();
  await using busy = await world.hello();
  await busy.pipeline(...TO_DATA);
  busy.send('Subject: x\r\n\r\n.\r\n');
  while (world.transfer.committing === 0) await new Promise((resolve) => setImmediate(resolve));
  const stopped = world.receiver.stop(60_000);
  const told = await idle.reply();
  assert.equal(`${told.code} ${told.enhanced}`, '421 4.3.2');
  await idle.untilClosed();
  assert.deepEqual(codes(await world.play('')), ['421 4.3.2']);
  gate.resolve();
  assert.equal((await busy.reply()).code, 250);
  assert.equal((await busy.reply()).code, 421);
  await stopped;
  assert.equal(world.transfer.accepted.length, 1);
  assert.equal(world.receiver.sessions, 0);
});

test('stop: what is not done in time is cut off', async () => {
  const clock = new TestClock();
  await using world = await World.open({ clock });
  await using client = await world.hello();
  await client.pipeline(...TO_DATA);
  client.send('Subject: x\r\n');
  const stopped = world.receiver.stop(1000);
  clock.advance(1000);
  await stopped;
  await client.untilClosed();
  await world.quiet();
  assert.equal(world.transfer.disposed, 1);
});

test('a silent client is told and given up, at a command and in mail data', async () => {
  await using world = await World.open({ limits: { commandTimeoutMs: 1, dataTimeoutMs: 1 } });
  await using silent = await world.connect();
  await silent.reply();
  expireWaits();
  assert.equal((await silent.reply()).lines[0], '4.4.2 Timeout');
  await silent.untilClosed();

  await using patient = await World.open({ limits: { dataTimeoutMs: 1 } });
  await using client = await patient.hello();
  await client.pipeline(...TO_DATA);
  await systemClock.sleep(2);
  expireWaits();
  assert.equal((await client.reply()).lines[0], '4.4.2 Timeout');
  await patient.quiet();
  assert.equal(patient.transfer.disposed, 1);
});

/** Waits a moment, then does what the registry does each second. */
function expireWaits(): void {
  const until = systemClock.now() + 3;
  while (systemClock.now() < until);
  waits.expireOverdue();
}

test('a client that sends a line, or mail data, in drops is given up', async () => {
  const clock = new TestClock();
  await using world = await World.open({ clock });
  await using client = await world.connect();
  await client.reply();
  for (let i = 0; i < 4 && !client.closed; i++) {
    client.send('x');
    await systemClock.sleep(5);
    clock.advance(100_000);
  }
  assert.equal((await client.reply()).lines[0], '4.4.2 Timeout');

  await using second = await world.hello();
  await second.pipeline(...TO_DATA);
  for (let i = 0; i < 3; i++) {
    second.send('x');
    await systemClock.sleep(5);
    clock.advance(100_000);
  }
  second.send('x');
  assert.equal((await second.reply()).lines[0], '4.4.2 Timeout');
  await world.quiet();
  assert.equal(world.transfer.disposed, 1);
});

test('a client that never reads does not make the server hoard replies', async () => {
  await using world = await World.open();
  await using client = await world.hello();
  const lines = 'NOOP\r\n'.repeat(20_000);
  for (let i = 0; i < 5; i++) client.send(lines);
  client.send('QUIT\r\n');
  await client.untilClosed();
  assert.equal(client.received.match(/^250 2\.0\.0/gm)?.length, 100_000);
});
