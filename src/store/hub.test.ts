import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Change, MailboxId } from '#model';
import type { Engine } from '#storage';
import { Hub } from './hub.ts';

const A = 1 as MailboxId;
const B = 2 as MailboxId;

function change(mailboxId: MailboxId, modSeq = 1): Change {
  return { kind: 'folders', mailboxId, modSeq: modSeq as never };
}

/** A hub over something that commits when told to. */
function setUp(): { hub: Hub; commit(...changes: Change[]): void; faults: unknown[] } {
  const listeners = new Set<(changes: readonly Change[]) => void>();
  const engine = {
    onChanges(listener: (changes: readonly Change[]) => void) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => listeners.delete(listener) };
    },
  } as unknown as Engine;
  const faults: unknown[] = [];
  const hub = new Hub(engine, (error) => void faults.push(error));
  const commit = (...changes: Change[]): void => {
    for (const listener of listeners) listener(changes);
  };
  return { hub, commit, faults };
}

describe('Hub', () => {
  test('tells each watch of its mailbox, in order, and of no other', () => {
    const { hub, commit } = setUp();
    const seen: string[] = [];
    hub.watch(A, (told) => seen.push(`a ${told.kind === 'folders' ? told.modSeq : told.kind}`));
    hub.watch(B, () => seen.push('b'));
    commit(change(A, 1), { kind: 'directory' }, change(B), change(A, 2));
    commit({ kind: 'mailbox-removed', mailboxId: A });
    assert.deepEqual(seen, ['a 1', 'b', 'a 2', 'a mailbox-removed']);
  });

  test('tells of the directory those who watch it', () => {
    const { hub, commit } = setUp();
    const seen: string[] = [];
    const watch = hub.watchDirectory(() => seen.push('told'));
    assert.equal(hub.watches, 1);
    commit(change(A), { kind: 'directory' });
    assert.deepEqual(seen, ['told']);
    watch[Symbol.dispose]();
    commit({ kind: 'directory' });
    assert.deepEqual([seen.length, hub.watches], [1, 0]);
  });

  test('a listener that throws is dropped and harms nobody', () => {
    const { hub, commit, faults } = setUp();
    const seen: string[] = [];
    const failure = new Error('listener');
    hub.watch(A, () => seen.push('first'));
    const bad = hub.watch(A, () => {
      seen.push('bad');
      throw failure;
    });
    hub.watch(A, () => seen.push('last'));
    commit(change(A), change(A));
    assert.deepEqual(seen, ['first', 'bad', 'last', 'first', 'last']);
    assert.deepEqual(faults, [failure]);
    assert.equal(hub.watches, 2);
    bad[Symbol.dispose]();
    assert.equal(hub.watches, 2);
  });

  test('the same listener twice is two watches with two ends', () => {
    const { hub, commit } = setUp();
    let calls = 0;
    const listener = (): void => void calls++;
    const one = hub.watch(A, listener);
    const two = hub.watch(A, listener);
    commit(change(A));
    assert.equal(calls, 2);
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    commit(change(A));
    assert.equal(calls, 3);
    two[Symbol.dispose]();
    commit(change(A));
    assert.equal(calls, 3);
    assert.equal(hub.watches, 0);
  });

  test('a watch that ends itself, or another, inside a callback hears no more', () => {
    const { hub, commit } = setUp();
    const seen: string[] = [];
    const self = hub.watch(A, () => {
      seen.push('self');
      self[Symbol.dispose]();
      later[Symbol.dispose]();
    });
    const later = hub.watch(A, () => seen.push('later'));
    hub.watch(A, () => seen.push('last'));
    commit(change(A), change(A));
    assert.deepEqual(seen, ['self', 'last', 'last']);
    assert.equal(hub.watches, 1);
  });

  test('a watch that begins inside a callback hears of what comes next', () => {
    const { hub, commit } = setUp();
    const seen: string[] = [];
    const first = hub.watch(A, () => {
      seen.push('first');
      first[Symbol.dispose]();
      hub.watch(A, () => seen.push('second'));
    });
    commit(change(A));
    assert.deepEqual(seen, ['first']);
    commit(change(A));
    assert.deepEqual(seen, ['first', 'second']);
    assert.equal(hub.watches, 1);
  });

  test('a disposed hub is silent', () => {
    const { hub, commit } = setUp();
    let calls = 0;
    hub.watch(A, () => calls++);
    hub[Symbol.dispose]();
    commit(change(A));
    assert.equal(calls, 0);
    assert.equal(hub.watches, 0);
  });
});
