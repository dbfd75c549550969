import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomBytes, randomId, timeOrderedId } from '#kernel';

const CROCKFORD = /^[0-9A-HJKMNP-TV-Z]+$/;

test('random ids have their length, the alphabet, and no twins', () => {
  const ids = new Set(Array.from({ length: 2000 }, () => randomId(20)));
  assert.equal(ids.size, 2000);
  for (const id of ids) assert.match(id, /^.{20}$/);
  for (const id of ids) assert.match(id, CROCKFORD);
  assert.equal(randomBytes(16).length, 16);
  assert.notDeepEqual(randomBytes(16), randomBytes(16));
});

test('time-ordered ids sort by time and are unique in one millisecond', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const ids = Array.from({ length: 3000 }, (_, i) => timeOrderedId(nowMs + i));
  assert.deepEqual(ids, [...ids].sort());
  const twins = new Set(Array.from({ length: 3000 }, () => timeOrderedId(nowMs)));
  assert.equal(twins.size, 3000);
  for (const id of twins) {
    assert.match(id, CROCKFORD);
    assert.equal(id.length, 16);
  }
  assert.ok(timeOrderedId(nowMs) < timeOrderedId(Date.UTC(2999, 0, 1)));
});
