import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Untagged } from '#wire';
import { stand, USER } from './stand.test.ts';

const BOB = 'bob@example.test';

/** All values that METADATA responses tell, as one text. */
function valuesIn(untagged: readonly Untagged[]): string {
  return untagged
    .flatMap((data) =>
      data.type === 'METADATA' && 'values' in data ? [...data.values.values()] : [],
    )
    .map((value) => value?.toString() ?? 'NIL')
    .join();
}

test('annotations of a shared folder: one’s own for who has to do with it, all’s for who may write (RFC 5464 §3.3)', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB, 'ENABLE METADATA');
  const anna = await open(
    'CREATE a',
    `SETACL a ${BOB} l`,
    'SETMETADATA a (/shared/comment "for all" /private/comment "mine")',
  );
  const a = `"Other Users/${USER}/a"`;
  const get = (entry: string) => bob.command(`GETMETADATA ${a} ${entry}`);
  const set = (entry: string) => bob.command(`SETMETADATA ${a} (${entry} "by bob")`);
  assert.equal((await get('/shared/comment')).code, 'NOPERM');
  assert.equal((await set('/private/comment')).code, 'NOPERM');
  await anna.ok(`SETACL a ${BOB} lr`);
  const read = valuesIn((await get('/shared/comment')).untagged);
  assert.match(read, /for all/);
  assert.doesNotMatch(valuesIn((await get('/private/comment')).untagged), /mine/);
  assert.equal((await set('/private/comment')).status, 'OK');
  assert.equal((await set('/shared/comment')).code, 'NOPERM');
  await anna.ok(`SETACL a ${BOB} +w`);
  assert.equal((await set('/shared/comment')).status, 'OK');
  const now = valuesIn(
    (await anna.ok('GETMETADATA a (/shared/comment /private/comment)')).untagged,
  );
  assert.match(now, /by bob/);
  assert.match(now, /mine/);
  const { untagged } = await bob.ok('NOOP');
  assert.deepEqual(untagged, [], 'no news of own folders come of it');
});

test('LIST tells annotations of those folders of others that one has to do with (RFC 9590 §4)', async (t) => {
  const { open, openAs } = await stand(t);
  const bob = await openAs(BOB);
  await open(
    'CREATE a',
    `SETACL a ${BOB} l`,
    'SETMETADATA a (/shared/comment "of a")',
    'CREATE b',
    `SETACL b ${BOB} lr`,
    'SETMETADATA b (/shared/comment "of b")',
  );
  const list = `LIST "" "Other Users/%/%" RETURN (METADATA (/shared/comment))`;
  const told = valuesIn((await bob.ok(list)).untagged);
  assert.match(told, /of b/);
  assert.doesNotMatch(told, /of a/);
});
