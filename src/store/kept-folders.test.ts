import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#kernel';
import { Flag, INBOX_ID, type ModSeq } from '#model';
import type { Engine, FolderChanges } from '#storage';
import { type Mailbox, Store } from '#store';
import { ALL, addBox, type Box, ranges, run } from '../storage/conformance/fixture.conformance.ts';
import { openFresh } from '../storage/fresh.conformance.ts';

/** The same numbers in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface House {
  readonly engine: Engine;
  readonly box: Box;
  readonly sessions: readonly Mailbox[];
  /** Reads of the change log that reached the storage. */
  asked: number;
  /** What `Engine.commits` gives, where it is not the engine's own. */
  commits?: number;
}

/** So many sessions of one mailbox that follow it, in one thread. */
async function setUp(t: TestContext, sessions: number): Promise<House> {
  const engine = await openFresh(t);
  const box = await addBox(engine);
  const house: House & { sessions: Mailbox[] } = { engine, box, sessions: [], asked: 0 };
  const read = new Proxy(engine.read, {
    get(target, name) {
      if (name === 'changes') house.asked++;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const counted = new Proxy(engine, {
    get(target, name) {
      if (name === 'read') return read;
      if (name === 'commits' && house.commits !== undefined) return () => house.commits;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const store = new Store(counted, silentLogger);
  t.after(() => store[Symbol.dispose]());
  for (let index = 0; index < sessions; index++) {
    const mailbox = store.openMailbox(box.mailboxId, `imap ${index}`);
    mailbox.watch(() => {});
    house.sessions.push(mailbox);
  }
  return house;
}

/** Something that happens to a folder. */
async function happen({ engine, box }: House, pick: (below: number) => number): Promise<void> {
  const uids = (await box.folder()).uidNext;
  const first = 1 + pick(uids);
  const some = ranges([first, first + pick(6)]);
  switch (pick(6)) {
    case 0:
    case 1:
      await box.deliver(1 + pick(4), { keywords: pick(2) === 0 ? [] : [`k${pick(5)}`] });
      return;
    case 2:
      await run(engine, { kind: 'expunge', ...box.ref(), uids: some, onlyDeleted: false });
      return;
    case 3: {
      const to = box.ref();
      await run(engine, { kind: 'copy', ...box.ref(), uids: some, to, move: pick(2) === 0 });
      return;
    }
    default: {
      const operation = (['add', 'remove', 'replace'] as const)[pick(3)]!;
      const change = { flags: 1 << pick(5), keywords: pick(2) === 0 ? [] : [`k${pick(5)}`] };
      const store = { kind: 'store-flags', ...box.ref(), operation, ...change } as const;
      await run(engine, { ...store, uids: some, unchangedSince: undefined });
    }
  }
}

/** What vanished may be told again, but only of what is gone. */
async function assertAlike(house: House, kept: FolderChanges, asked: FolderChanges): Promise<void> {
  assert.deepEqual({ ...kept, vanished: [] }, { ...asked, vanished: [] });
  const vanished = new Set(kept.vanished);
  assert.deepEqual(
    asked.vanished!.filter((uid) => !vanished.has(uid)),
    [],
  );
  const there = new Set(await house.box.uids());
  assert.deepEqual(
    [...vanished].filter((uid) => there.has(uid)),
    [],
  );
}

test('answers as the storage does, whatever happens to a folder', async (t) => {
  for (const seed of [1, 2, 3]) {
    const pick = numbers(seed);
    const house = await setUp(t, 2);
    const { engine, box, sessions } = house;
    const seen: ModSeq[] = [(await box.folder()).highestModSeq];
    for (let step = 0; step < 60; step++) {
      for (let times = 1 + pick(3); times > 0; times--) await happen(house, pick);
      const since = seen[Math.max(0, seen.length - 1 - pick(4))]!;
      const mailbox = sessions[pick(2)]!;
      const kept = await mailbox.changes(INBOX_ID, since);
      const asked = await engine.read.changes(box.ref(), since);
      await assertAlike(house, kept!, asked!);
      seen.push(kept!.folder.highestModSeq);
      const first = 1 + pick(40);
      const some = { uids: ranges([first, first + pick(30)], [100, 5000]), limit: 1 + pick(2000) };
      const query = { ...some, changedSince: pick(2) === 0 ? undefined : since };
      const states = await mailbox.states({ folderId: INBOX_ID, ...query });
      assert.deepEqual(states, await engine.read.states({ ...box.ref(), ...query }));
    }
  }
});

test('whoever asks while others write is answered as of then', async (t) => {
  const pick = numbers(7);
  const house = await setUp(t, 3);
  const { engine, box, sessions } = house;
  await box.deliver(30);
  const all = { folderId: INBOX_ID, uids: ALL, limit: 10_000 };
  for (let round = 0; round < 40; round++) {
    const asking = sessions.map((mailbox) => mailbox.states(all));
    const writes = [happen(house, pick), happen(house, pick)];
    const [uid] = await box.deliver(1);
    // What is acknowledged is seen by whoever asks from then on, though others are asking already.
    const seen = await Promise.all(sessions.map((mailbox) => mailbox.states(all)));
    await Promise.all([...asking, ...writes]);
    const there = await engine.read.states({ ...box.ref(), ...all });
    const isThere = there.some((state) => state.uid === uid);
    for (const states of seen)
      assert.ok(!isThere || states.some((state) => state.uid === uid), `round ${round}`);
    for (const mailbox of sessions) assert.deepEqual(await mailbox.states(all), there);
  }
});

test('reads the change log once for all sessions that follow a folder', async (t) => {
  const house = await setUp(t, 10);
  const { box, sessions } = house;
  const { highestModSeq } = await box.folder();
  const ask = (): Promise<unknown> =>
    Promise.all(sessions.map((mailbox) => mailbox.changes(INBOX_ID, highestModSeq)));
  await ask();
  house.asked = 0;
  const [uid] = await box.deliver(1);
  await ask();
  // Where the storage alone can tell what is new, those that come while it is asked share the next question.
  assert.ok(house.asked <= 2, `${house.asked} reads`);
  const [changes] = (await ask()) as FolderChanges[];
  assert.deepEqual(
    changes!.entries.map((entry) => entry.uid),
    [uid],
  );
});

test('a commit that is on its way is left out for who has not read of it, and for nobody else', async (t) => {
  const house = await setUp(t, 2);
  const { box, sessions } = house;
  house.commits = 10;
  const since = (await box.folder()).highestModSeq;
  const ask = async (...args: [known?: ModSeq[], asOf?: ModSeq]): Promise<number> =>
    (await sessions[0]!.changes(INBOX_ID, since, ...args))!.entries.length;
  await ask();
  await box.deliver(1);
  const now = (await box.folder()).highestModSeq;
  house.commits = 11;
  house.asked = 0;
  assert.equal(await ask([], since), 0);
  assert.equal(house.asked, 0);
  // One that has read of it would be told less than it knows.
  assert.equal(await ask([], now), 1);
  await box.deliver(1);
  assert.equal(await ask([], now), 1);
  // One that does not say what it has read is answered as of now.
  assert.equal(await ask(), 2);
  await box.deliver(1);
  // Done, and so somebody may have been told.
  house.commits = 12;
  assert.equal(await ask([], since), 3);
  // The next one is on its way.
  house.commits = 13;
  house.asked = 0;
  assert.equal(await ask([], since), 3);
  assert.equal(house.asked, 0);
});

test('nobody else follows the folder: the storage is asked, and known changes stay unread', async (t) => {
  const { box, sessions } = await setUp(t, 1);
  await box.deliver(2);
  const { highestModSeq } = await box.folder();
  const edit = { operation: 'add', flags: Flag.Seen, keywords: [] } as const;
  const place = { folderId: INBOX_ID, uids: ranges([1, 1]), unchangedSince: undefined };
  const { modSeq } = await sessions[0]!.storeFlags({ ...place, ...edit });
  const changes = await sessions[0]!.changes(INBOX_ID, highestModSeq, [modSeq]);
  assert.deepEqual(changes!.entries, []);
});

test('a folder that is removed is gone for all, and what was kept of it', async (t) => {
  const { engine, box, sessions } = await setUp(t, 2);
  const folderId = await box.create('Passing');
  await box.deliver(3, { folderId });
  const all = { folderId, uids: ALL, limit: 10_000 };
  const since = (await box.folder(folderId)).highestModSeq;
  assert.equal((await sessions[0]!.states(all)).length, 3);
  assert.deepEqual((await sessions[1]!.changes(folderId, since))!.entries, []);
  await run(engine, { kind: 'delete-folder', ...box.ref(folderId) });
  for (const mailbox of sessions) {
    assert.equal(await mailbox.changes(folderId, since), undefined);
    assert.deepEqual(await mailbox.states(all), []);
  }
});

test('more than is kept is asked of the storage', async (t) => {
  const { engine, box, sessions } = await setUp(t, 2);
  const since: ModSeq = (await box.folder()).highestModSeq;
  for (let round = 0; round < 70; round++) {
    await box.deliver(1);
    await sessions[0]!.changes(INBOX_ID, since);
  }
  const late = await sessions[1]!.changes(INBOX_ID, since);
  assert.deepEqual(late, await engine.read.changes(box.ref(), since));
  assert.equal(late!.entries.length, 70);
});

test('who changed very many does not read them again, though others follow the folder', async (t) => {
  const { engine, box, sessions } = await setUp(t, 2);
  await box.deliver(1500);
  const since = (await box.folder()).highestModSeq;
  await sessions[1]!.changes(INBOX_ID, since);
  const edit = {
    operation: 'add',
    flags: Flag.Seen,
    keywords: [],
    unchangedSince: undefined,
  } as const;
  const { modSeq } = await sessions[0]!.storeFlags({ folderId: INBOX_ID, uids: ALL, ...edit });
  assert.deepEqual((await sessions[0]!.changes(INBOX_ID, since, [modSeq]))!.entries, []);
  const told = await sessions[1]!.changes(INBOX_ID, since);
  assert.deepEqual(told, await engine.read.changes(box.ref(), since));
  assert.equal(told!.entries.length, 1500);
  const all = { folderId: INBOX_ID, uids: ALL, limit: 10_000 };
  assert.equal((await sessions[1]!.states(all)).at(-1)!.flags, Flag.Seen);
});
