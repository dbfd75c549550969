import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '#kernel';
import { type Change, Flag, type FolderId, INBOX_ID } from '#model';
import { eventually } from '../../../test/interop/program.ts';
import {
  addBox,
  Box,
  contentOf,
  problemsOf,
  ranges,
  run,
} from '../conformance/fixture.conformance.ts';
import { by, deliverTo, nodeOf, proxyOf, sharedServer, skip } from './house.conformance.ts';
import { parseTarget } from './target.ts';

/** How long a hint that was lost may be in the dark. */
const FEW_SECONDS_MS = 9000;

describe('two nodes', { skip }, () => {
  const shared = sharedServer();

  test('change one mailbox at once: uids and modseqs rise, both see the same', async (t) => {
    const server = shared();
    const url = server.freshSchemaUrl();
    const [a, b] = [await nodeOf(t, url), await nodeOf(t, url)];
    const box = await addBox(a);
    const sides = [box, new Box(b, box.mailboxId)];
    const folderId = await box.create('Other');
    const seen: { uid: number; modSeq: number }[][] = [[], []];
    await Promise.all(
      sides.map(async (side, index) => {
        const { engine } = side;
        for (let round = 0; round < 40; round++) {
          const { entries } = await run(engine, {
            kind: 'ingest',
            contents: [contentOf(`${index}/${round}`)],
            targets: [side.target()],
            tracking: [],
          });
          const [entry] = entries;
          seen[index]!.push(entry!);
          const { uid } = entry!;
          const stored = await run(engine, {
            kind: 'store-flags',
            ...side.ref(),
            uids: ranges([1, uid]),
            operation: round % 2 === 0 ? 'add' : 'remove',
            flags: Flag.Flagged,
            keywords: [`k${index}`],
            unchangedSince: undefined,
          });
          assert.ok(stored.modSeq >= entry!.modSeq);
          if (round % 4 === 0)
            await run(engine, {
              kind: 'copy',
              ...side.ref(),
              uids: ranges([uid, uid]),
              to: side.ref(folderId),
              move: round % 8 === 0,
            });
          if (round % 10 === 0)
            await run(engine, {
              kind: 'expunge',
              ...side.ref(folderId),
              uids: ranges([1, 1]),
              onlyDeleted: false,
            });
        }
      }),
    );
    for (const own of seen)
      for (const [index, entry] of own.entries()) {
        const before = own[index - 1];
        if (before === undefined) continue;
        assert.ok(entry.uid > before.uid && entry.modSeq > before.modSeq);
      }
    const uids = seen.flat().map((entry) => entry.uid);
    assert.deepEqual(
      [...uids].sort((x, y) => x - y),
      Array.from({ length: 80 }, (_, index) => index + 1),
    );
    assert.equal(new Set(seen.flat().map((entry) => entry.modSeq)).size, 80);
    assert.deepEqual(await sides[0]!.picture(), await sides[1]!.picture());
    assert.deepEqual(await problemsOf(a), []);
  });

  test('hear of each other at once, and a hint that comes hides none that was lost', async (t) => {
    const server = shared();
    const proxy = await proxyOf(t, server.port);
    const url = server.freshSchemaUrl();
    const near = await proxyOf(t, server.port);
    const a = await nodeOf(t, by(near.port, url));
    const b = await nodeOf(t, by(proxy.port, url));
    const box = await addBox(a);
    const folderId = await box.create('Other');
    const told: Change[] = [];
    using _watch = b.onChanges(
      (changes) => void told.push(...changes),
      () => [box.mailboxId],
    );
    const hears = async (what: string, is: (change: Change) => boolean): Promise<void> => {
      await eventually(what, () => told.some(is) || undefined, FEW_SECONDS_MS);
      told.length = 0;
    };
    const entriesOf = (id: FolderId) => (change: Change) =>
      change.kind === 'entries' && change.folderId === id;
    // The first look tells all there is.
    await hears('the first look', entriesOf(folderId));

    await box.deliver();
    await hears('a delivery', entriesOf(INBOX_ID));
    await box.create('New');
    await hears('a folder', (change) => change.kind === 'folders');
    await run(a, { kind: 'add-domain', domain: 'other.test' });
    await hears('the directory', (change) => change.kind === 'directory');

    // What is said of the first two changes is lost on its way, that of the third comes.
    const cut = near.cutBefore(`posthorn_${parseTarget(url).schema}`, 'toServer');
    await deliverTo([box], 'lost');
    await run(a, { kind: 'subscribe', mailboxId: box.mailboxId, name: 'lost', on: true });
    await cut;
    await run(a, {
      kind: 'copy',
      ...box.ref(),
      uids: ranges([1, 1]),
      to: box.ref(folderId),
      move: false,
    });
    await eventually(
      'all three',
      () =>
        (told.some(entriesOf(INBOX_ID)) &&
          told.some(entriesOf(folderId)) &&
          told.some((change) => change.kind === 'folders')) ||
        undefined,
      FEW_SECONDS_MS,
    );
    told.length = 0;

    // The channel is lost as a whole, and made again.
    await server.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%' and pid <> pg_backend_pid()",
    );
    await deliverTo([box], 'while nobody listens');
    await hears('a delivery while nobody listened', entriesOf(INBOX_ID));

    // Silence on all of b's connections, then on none.
    await proxy.silence();
    await deliverTo([box], 'in the dark');
    await run(a, { kind: 'subscribe', mailboxId: box.mailboxId, name: 'x', on: true });
    await run(a, { kind: 'add-domain', domain: 'dark.test' });
    await systemClock.sleep(500);
    assert.equal(told.length, 0);
    await proxy.pass();
    await eventually(
      'all that happened in the dark',
      () =>
        (told.some(entriesOf(INBOX_ID)) &&
          told.some((change) => change.kind === 'folders') &&
          told.some((change) => change.kind === 'directory')) ||
        undefined,
      FEW_SECONDS_MS,
    );
    told.length = 0;
    await run(a, { kind: 'remove-mailbox', mailboxId: box.mailboxId });
    await hears('the removal', (change) => change.kind === 'mailbox-removed');
  });

  test('find out that a channel is dead, and make another', async (t) => {
    const server = shared();
    const url = server.freshSchemaUrl();
    const a = await nodeOf(t, url);
    const listening = async (): Promise<number[]> => {
      const rows = await server.query<{ pid: number }>(
        `select pid from pg_stat_activity
          where backend_type = 'client backend' and query like $1 order by pid`,
        [`LISTEN "posthorn_${parseTarget(url).schema}"`],
      );
      return rows.map((row) => row.pid);
    };
    const [first] = await eventually('a channel', async () => {
      const pids = await listening();
      return pids.length > 0 ? pids : undefined;
    });
    process.kill(first!, 'SIGSTOP');
    try {
      await eventually('another one', async () => {
        const others = (await listening()).filter((pid) => pid !== first);
        return others.length > 0 || undefined;
      });
    } finally {
      process.kill(first!, 'SIGCONT');
    }
    assert.ok(await a.lease('still at work', 1000));
  });

  test('have a lease one at a time; it is taken over when it has run out', async (t) => {
    const server = shared();
    const url = server.freshSchemaUrl();
    const [a, b] = [await nodeOf(t, url), await nodeOf(t, url)];
    const both = await Promise.all([a.lease('cleanup', 1000), b.lease('cleanup', 1000)]);
    assert.deepEqual([...both].sort(), [false, true]);
    const [holder, other] = both[0] ? [a, b] : [b, a];
    assert.equal(await other.lease('cleanup', 1000), false);
    assert.equal(await holder.lease('cleanup', 1000), true);
    assert.equal(await other.lease('another', 1000), true);
    await eventually(
      'the lease taken over',
      async () => (await other.lease('cleanup', 60_000)) || undefined,
    );
    assert.equal(await holder.lease('cleanup', 1000), false);
  });
});
