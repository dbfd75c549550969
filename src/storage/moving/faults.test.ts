import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { isPosthornError, systemClock } from '#kernel';
import type { Engine } from '#storage';
import { type MoveSource, type MoveTarget, moveStore } from '#storage/moving';
import {
  addBox,
  blobContent,
  cleanUpAll,
  problemsOf,
  ranges,
  refused,
  run,
} from '../conformance/fixture.conformance.ts';
import {
  furnish,
  moveQuiet,
  type Place,
  portrait,
  sqlitePlace,
  still,
} from './house.conformance.ts';

const clock = systemClock;

/** A side of a move with some of its methods in other words. */
function changed<Side extends MoveSource | MoveTarget>(side: Side, methods: Partial<Side>): Side {
  return new Proxy(side, {
    get(_, name) {
      const own = Reflect.get(methods, name) as unknown;
      const value = own ?? (Reflect.get(side, name, side) as unknown);
      return typeof value === 'function' ? value.bind(side) : value;
    },
  });
}

async function moveWith(
  from: Place,
  to: Place,
  change: {
    source?: (s: MoveSource) => Partial<MoveSource>;
    target?: (t: MoveTarget) => Partial<MoveTarget>;
  },
): Promise<void> {
  await using source = await from.source();
  await using target = await to.target();
  await moveStore({
    source: changed(source, change.source?.(source) ?? {}),
    target: changed(target, change.target?.(target) ?? {}),
    clock,
    pause: still,
    rowsAtOnce: 9,
  });
}

async function build(t: TestContext): Promise<{ from: Place; to: Place; expected: unknown }> {
  const [from, to] = [sqlitePlace(t), sqlitePlace(t)];
  await using engine = await from.open();
  await furnish(engine);
  return { from, to, expected: await portrait(engine) };
}

async function assertLooks(at: Place, expected: unknown): Promise<void> {
  await using engine = await at.open();
  assert.deepEqual(await portrait(engine), expected);
  assert.deepEqual(await problemsOf(engine), []);
}

test('what went between reading an entry and its content, or its blob, is gone from the target too', async (t) => {
  const [from, to] = [sqlitePlace(t), sqlitePlace(t)];
  let expected: unknown;
  {
    await using engine = await from.open();
    const box = await addBox(engine);
    await box.deliver(2);
    const content = await blobContent(engine, 'blob', Buffer.alloc(400_000, 'b'));
    const ingest = { kind: 'ingest', contents: [content], targets: [box.target()] } as const;
    await run(engine, { ...ingest, tracking: [] });
    const remove = async (uid: number): Promise<void> => {
      const uids = ranges([uid, uid]);
      await run(engine, { kind: 'expunge', ...box.ref(), uids, onlyDeleted: false });
      for (const blob of await cleanUpAll(engine)) await engine.blobs.remove(blob);
    };
    let reads = 0;
    await moveWith(from, to, {
      source: (source) => ({
        contents: async (mailboxId, ids) => {
          if (reads++ > 0) return await source.contents(mailboxId, ids);
          await remove(1);
          const contents = await source.contents(mailboxId, ids);
          await remove(3);
          return contents;
        },
      }),
    });
    expected = await portrait(engine);
    assert.deepEqual(await box.uids(), [2]);
  }
  await assertLooks(to, expected);
});

/** Damages the first content that has a body in the database, or mends it again. */
function damage(from: Place, what: string, by: string): void {
  const db = new DatabaseSync(from.file!);
  db.prepare(
    'UPDATE content SET body = CAST(replace(CAST(body AS TEXT), ?, ?) AS BLOB) WHERE content_id = 1',
  ).run(what, by);
  db.close();
}

test('a damaged content stops the move and says which, and the move goes on when it is mended', async (t) => {
  const { from, to, expected } = await build(t);
  damage(from, 'shared', 'Shared');
  await assert.rejects(moveQuiet(from, to), (error) => {
    assert.ok(isPosthornError(error, 'corrupt'));
    assert.match(error.message, /^mailbox 1 content 1 of .* does not have its checksum/);
    return true;
  });
  damage(from, 'Shared', 'shared');
  await moveQuiet(from, to);
  await assertLooks(to, expected);
});

test('a damaged blob is not taken for moved, neither from the source nor as it lies in the target', async (t) => {
  const { from, to, expected } = await build(t);
  const spoil = async (engine: Engine, letter: string): Promise<void> => {
    for await (const { blob, sizeBytes } of engine.blobs.list()) {
      await using writer = await engine.blobs.create(blob);
      await writer.write(Buffer.alloc(sizeBytes, letter));
      await writer.finish();
    }
  };
  await using engine = await from.open();
  await spoil(engine, 'x');
  await refused(moveQuiet(from, to), 'corrupt');
  await spoil(engine, 'blob ');
  {
    // One of the right size lies there already, and it is not the same.
    await using target = await to.target();
    for await (const { blob, sizeBytes } of engine.blobs.list()) {
      await using writer = await target.blobs.create(blob);
      await writer.write(Buffer.alloc(sizeBytes, 'y'));
      await writer.finish();
    }
  }
  await moveQuiet(from, to);
  await assertLooks(to, expected);
});

const mistakes: readonly {
  readonly name: string;
  readonly found: RegExp;
  readonly target: (target: MoveTarget) => Partial<MoveTarget>;
}[] = [
  {
    name: 'a flag of one message',
    found: /checksums of its messages/,
    target: (target) => ({
      putEntries: (mailboxId, entries, reached) =>
        target.putEntries(
          mailboxId,
          entries.map((entry) => (entry.uid === 2 ? { ...entry, flags: entry.flags ^ 1 } : entry)),
          reached,
        ),
    }),
  },
  {
    name: 'sizes that two messages have exchanged',
    found: /checksums of its messages/,
    target: (target) => ({
      putEntries: (mailboxId, entries, reached) => {
        const [one, other] = [2, 3].map((uid) => entries.find((entry) => entry.uid === uid));
        const swapped = entries.map((entry) => {
          const from = entry === one ? other : entry === other ? one : entry;
          return { ...entry, sizeBytes: (from ?? entry).sizeBytes };
        });
        return target.putEntries(mailboxId, swapped, reached);
      },
    }),
  },
  {
    name: 'a row of the change log',
    found: /or of its change log/,
    target: (target) => ({
      putChanges: (mailboxId, rows) => target.putChanges(mailboxId, rows.slice(1)),
    }),
  },
  {
    name: 'a subscription',
    found: /subscriptions/,
    target: (target) => ({
      putParts: (parts) =>
        target.putParts({ ...parts, subscriptions: parts.subscriptions.slice(1) }),
    }),
  },
];

for (const { name, found, target } of mistakes)
  test(`the comparison finds ${name}`, async (t) => {
    const { from, to } = await build(t);
    await assert.rejects(moveWith(from, to, { target }), (error) => {
      assert.ok(isPosthornError(error, 'corrupt'), String(error));
      assert.match(error.message, found);
      return true;
    });
    await refused(to.open(), 'configuration');
  });

test('the source stands still until the target is taken over, and goes on when the move fails', async (t) => {
  const { from, to } = await build(t);
  const steps: string[] = [];
  const pause = async (): Promise<AsyncDisposable> => {
    steps.push('still');
    return {
      [Symbol.asyncDispose]: async () => {
        steps.push('on');
      },
    };
  };
  await using source = await from.source();
  await using target = await to.target();
  const failing = changed<MoveTarget>(target, {
    finish: async () => {
      steps.push('finish');
      throw new Error('it fails');
    },
  });
  const options = { source, clock, pause, onMoved: async () => void steps.push('moved') };
  await assert.rejects(moveStore({ ...options, target: failing }), /it fails/);
  await moveStore({ ...options, target });
  assert.deepEqual(steps, ['still', 'finish', 'on', 'still', 'moved', 'on']);
});
