import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PosthornError } from '#kernel';
import type { Mailbox } from '#store';
import { mail, stand } from './stand.test.ts';

/** The changes of a mailbox cannot be read so many times in a row, from now on. */
function outage(): { lasts: number; over(real: Mailbox): Mailbox } {
  const away = {
    lasts: 0,
    over: (real: Mailbox): Mailbox =>
      new Proxy(real, {
        get(target, name) {
          if (name === 'changes' && away.lasts > 0) {
            away.lasts--;
            return async () => {
              throw new PosthornError('unavailable');
            };
          }
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
  };
  return away;
}

test('a client in IDLE is told when the storage is within reach again, with no other hint', async (t) => {
  const away = outage();
  const { open } = await stand(t, { mailbox: (real) => away.over(real) });
  const client = await open('SELECT INBOX');
  const idle = await client.idle();
  const other = await open();
  away.lasts = 2;
  await other.append('INBOX', mail('rings'));
  const told = await idle.waitFor((data) => data.type === 'EXISTS', '* 1 EXISTS');
  assert.ok(told.type === 'EXISTS' && told.count === 1);
  assert.equal(away.lasts, 0, 'it was out of reach');
  assert.equal((await idle.done()).status, 'OK');
  assert.equal((await client.fetch('1', '(UID FLAGS)')).length, 1);
});

test('IDLE that ends while the storage is out of reach ends with OK, and the next command tells', async (t) => {
  const away = outage();
  const { open } = await stand(t, { mailbox: (real) => away.over(real) });
  const client = await open('SELECT INBOX');
  const idle = await client.idle();
  away.lasts = 1;
  await (await open()).append('INBOX', mail('rings'));
  while (away.lasts > 0) await new Promise((resolve) => setImmediate(resolve));
  const done = await idle.done();
  assert.equal(done.status, 'OK');
  const { untagged } = await client.ok('NOOP');
  assert.ok([...done.untagged, ...untagged].some((data) => data.type === 'EXISTS'));
});
