import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALL_RIGHTS,
  changeRights,
  hasRight,
  NO_RIGHTS,
  parseRights,
  type Rights,
  tellRights,
} from './rights.ts';

test('rights are read in any order, obsolete ones as what they stand for (RFC 4314 §2.1.1)', () => {
  assert.equal(parseRights('aetxkpiwsrl'), ALL_RIGHTS);
  assert.equal(parseRights('rlrl'), 'lr');
  assert.equal(parseRights('lrswida'), 'lrswitea');
  assert.equal(parseRights('lc'), 'lkx');
  assert.equal(parseRights(''), '');
});

test('what is no right is not read (RFC 4314 §3.1)', () => {
  for (const text of ['lrQ', 'q', 'L', 'l r', 'l1', '+l', 'kx,', 'é'])
    assert.equal(parseRights(text), undefined, text);
});

test('obsolete rights are told beside each of those that they stand for', () => {
  assert.equal(tellRights('lr' as Rights), 'lr');
  assert.equal(tellRights('lx' as Rights), 'lxc');
  assert.equal(tellRights('le' as Rights), 'led');
  assert.equal(tellRights(ALL_RIGHTS), 'lrswipkxteacd');
});

test('grants are replaced, added to and taken from', () => {
  const before = parseRights('lrs')!;
  assert.equal(changeRights(before, 'replace', parseRights('wl')!), 'lw');
  assert.equal(changeRights(before, 'add', parseRights('ai')!), 'lrsia');
  assert.equal(changeRights(before, 'remove', parseRights('rx')!), 'ls');
  assert.equal(changeRights(before, 'remove', ALL_RIGHTS), NO_RIGHTS);
  assert.ok(hasRight(before, 'r') && !hasRight(before, 'a'));
});
