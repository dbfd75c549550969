import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { systemClock } from '#kernel';
import { type MoveProgress, moveStore } from '#storage/moving';
import { sharedDatabase, type TestDatabase } from '../../../test/postgres/database.ts';
import { PrivatePostgres } from '../../../test/postgres/private-postgres.ts';
import { addBox, problemsOf, refused, run } from '../conformance/fixture.conformance.ts';
import { Cut, cutAfter, Traffic } from './alive.conformance.ts';
import {
  furnish,
  meddle,
  moveQuiet,
  type Place,
  portrait,
  postgresPlace,
  sqlitePlace,
  still,
} from './house.conformance.ts';

const skip = sharedDatabase() === undefined && PrivatePostgres.missing();
const clock = systemClock;

describe('moving house', { skip }, () => {
  let database: TestDatabase;
  let own: PrivatePostgres | undefined;
  before(async () => {
    const shared = sharedDatabase();
    own = shared === undefined ? await PrivatePostgres.start() : undefined;
    database = shared ?? own!;
  });
  after(() => own?.[Symbol.asyncDispose]());

  const place = (t: TestContext, engine: 'sqlite' | 'postgres'): Place =>
    engine === 'sqlite' ? sqlitePlace(t) : postgresPlace(t, database);

  owed((t) => [place(t, 'postgres'), place(t, 'sqlite')]);
  for (const [here, there] of [
    ['sqlite', 'postgres'],
    ['postgres', 'sqlite'],
  ] as const) {
    thereAndBack(here, (t) => [place(t, here), place(t, there), place(t, here)]);
    whileUsed(`${here} to ${there}`, (t) => [place(t, here), place(t, there)]);
    interrupted(`${here} to ${there}`, (t) => [place(t, here), () => place(t, there)]);
    refusals(`${here} to ${there}`, (t) => [place(t, here), place(t, there), place(t, here)]);
  }
});

async function furnished(from: Place): Promise<unknown> {
  await using engine = await from.open();
  await furnish(engine);
  assert.deepEqual(await problemsOf(engine), []);
  return await portrait(engine);
}

/** The store at a place is whole, and looks as expected. */
async function assertLooks(at: Place, expected: unknown): Promise<void> {
  await using engine = await at.open();
  assert.deepEqual(await portrait(engine), expected);
  assert.deepEqual(await problemsOf(engine), []);
}

/** A delivery that is owed to another mailbox by a node that is gone. */
function owed(places: (t: TestContext) => readonly [Place, Place]): void {
  test('what PostgreSQL owes a mailbox is delivered before the move ends', async (t) => {
    const [from, to] = places(t);
    await using engine = await from.open();
    const [a, b] = [await addBox(engine), await addBox(engine)];
    await a.deliver(1);
    const parts = JSON.stringify({ contentIds: [1], targets: [b.target()] });
    await from.write!(
      `INSERT INTO promise VALUES (${a.mailboxId}, 'owed', 0, convert_to('${parts}', 'UTF8'))`,
    );
    await moveQuiet(from, to);
    await using moved = await to.open();
    assert.equal((await moved.read.mailbox(b.mailboxId))?.usedMessages, 1);
    assert.deepEqual(await problemsOf(moved), []);
  });
}

function thereAndBack(here: string, places: (t: TestContext) => readonly [Place, Place, Place]) {
  test(`from ${here} to the other and back: everything stays what it was`, async (t) => {
    const [from, over, back] = places(t);
    const expected = await furnished(from);
    await moveQuiet(from, over);
    await assertLooks(over, expected);
    await moveQuiet(over, back);
    await assertLooks(back, expected);
    await using engine = await back.open();
    const added = await addBox(engine);
    assert.equal(added.mailboxId, 4, 'the id of a removed mailbox is not used again');
    await added.deliver(3);
    await run(engine, { kind: 'remove-mailbox', mailboxId: added.mailboxId });
    assert.deepEqual(await problemsOf(engine), []);
  });
}

function whileUsed(name: string, places: (t: TestContext) => readonly [Place, Place]) {
  for (const seed of [1, 2])
    test(`${name} while commands go on (${seed})`, async (t) => {
      const [from, to] = places(t);
      let expected: unknown;
      {
        await using engine = await from.open();
        await furnish(engine);
        const traffic = await Traffic.start(engine, seed);
        await traffic.progress(100);
        await using source = await from.source();
        await using target = await to.target();
        const phases = new Set<MoveProgress['phase']>();
        const moved = await moveStore({
          source,
          target,
          clock,
          rowsAtOnce: 9,
          pause: async () => {
            await traffic.progress(60);
            return await traffic.stop();
          },
          onProgress: ({ phase, copied, total }) => {
            phases.add(phase);
            assert.ok(copied <= total);
          },
        });
        t.diagnostic(`${traffic.commands} commands, ${JSON.stringify(moved)}`);
        assert.ok(phases.has('copy') && phases.has('switch'));
        expected = await portrait(engine);
        assert.equal(moved.messages, (await engine.read.counts()).messages);
      }
      await assertLooks(to, expected);
    });
}

function interrupted(name: string, places: (t: TestContext) => readonly [Place, () => Place]) {
  test(`${name}, cut off after any call to the target, goes on where it was`, async (t) => {
    const [from, another] = places(t);
    const expected = await furnished(from);
    const [pause, rowsAtOnce] = [still, 9];
    let calls = 0;
    {
      await using source = await from.source();
      await using target = await another().target();
      const counted = cutAfter(target, Number.POSITIVE_INFINITY);
      await moveStore({ source, target: counted, clock, pause, rowsAtOnce });
      calls = counted.calls;
    }
    assert.ok(calls > 40, `${calls} calls`);
    const to = another();
    for (let cut = 2; ; cut += 3) {
      await using source = await from.source();
      await using target = await to.target();
      const failing = cutAfter(target, cut);
      try {
        await moveStore({ source, target: failing, clock, pause, rowsAtOnce });
        break;
      } catch (error) {
        if (!(error instanceof Cut)) throw error;
      }
      assert.ok(cut < calls, 'what was done is not done again');
      if (cut > 2) await refused(to.open(), 'configuration');
    }
    await assertLooks(to, expected);
    for (let cut = 3; cut < calls; cut += Math.ceil(calls / 7)) {
      const once = another();
      {
        await using source = await from.source();
        await using target = await once.target();
        const failing = cutAfter(target, cut);
        await assert.rejects(moveStore({ source, target: failing, clock, pause, rowsAtOnce }), Cut);
      }
      {
        // What it is used for meanwhile comes along.
        await using engine = await from.open();
        await meddle(engine);
      }
      await moveQuiet(from, once);
      await using engine = await from.open();
      await assertLooks(once, await portrait(engine));
    }
  });

  test(`${name}, ended by its signal, goes on and copies nothing twice`, async (t) => {
    const [from, another] = places(t);
    const expected = await furnished(from);
    const to = another();
    const copied: number[] = [];
    for (let ends = 0; ends < 2; ends++) {
      const ending = new AbortController();
      await using source = await from.source();
      await using target = await to.target();
      const move = moveStore({
        source,
        target,
        clock,
        pause: still,
        rowsAtOnce: 9,
        signal: ending.signal,
        onProgress: (progress) => {
          if (copied.at(-1) !== progress.copied) copied.push(progress.copied);
          if (progress.copied > copied[0]! && ends === 0) ending.abort();
        },
      });
      if (ends === 0) await refused(move, 'shutting-down');
      else await move;
    }
    assert.deepEqual(
      copied,
      [...copied].sort((a, b) => a - b),
    );
    await assertLooks(to, expected);
  });
}

function refusals(name: string, places: (t: TestContext) => readonly [Place, Place, Place]) {
  test(`${name}: what is not empty and not its begun copy is left alone`, async (t) => {
    const [from, to, other] = places(t);
    await furnished(from);
    await furnished(other);
    await refused(moveQuiet(from, from), 'not-empty');
    {
      await using source = await from.source();
      await using target = await to.target();
      await assert.rejects(
        moveStore({ source, target: cutAfter(target, 12), clock, pause: still }),
        Cut,
      );
    }
    await refused(moveQuiet(other, to), 'not-empty');
    await refused(to.open(), 'configuration');
    await refused(to.source(), 'configuration');
    await moveQuiet(from, to);
    await refused(moveQuiet(from, to), 'not-empty');
  });

  test(`${name}: a source that does not stand still, and one that is not there`, async (t) => {
    const [from, to, nowhere] = places(t);
    await refused(nowhere.source(), 'not-found');
    await furnished(from);
    await using engine = await from.open();
    await using source = await from.source();
    await using target = await to.target();
    let released = false;
    const pause = async (): Promise<AsyncDisposable> => ({
      [Symbol.asyncDispose]: async () => {
        released = true;
      },
    });
    const writing = new Proxy(source, {
      get: (_, property) => {
        const value = Reflect.get(source, property, source) as unknown;
        if (typeof value !== 'function') return value;
        if (property !== 'tracking') return value.bind(source);
        return async function* (...args: [number, number]) {
          yield* source.tracking(...args);
          await addBox(engine);
        };
      },
    });
    await refused(moveStore({ source: writing, target, clock, pause }), 'unavailable');
    assert.ok(released, 'the source goes on');
  });
}
