import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isPosthornError, systemClock, waits } from '#kernel';
import type { MailboxId } from '#model';
import {
  addBox,
  type Box,
  contentOf,
  problemsOf,
  refused,
  run,
} from '../conformance/fixture.conformance.ts';
import { freshDirectory } from '../fresh.conformance.ts';
import {
  deliverTo,
  limits,
  nodeOf,
  serverOf,
  sharedServer,
  skip,
  subjectsIn,
} from './house.conformance.ts';
import { parseTarget } from './target.ts';

/** How many ended in which way. */
async function tally(commands: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const ends: Record<string, number> = {};
  for (const end of await Promise.allSettled(commands)) {
    const code =
      end.status === 'fulfilled'
        ? 'done'
        : isPosthornError(end.reason)
          ? end.reason.code
          : String(end.reason);
    ends[code] = (ends[code] ?? 0) + 1;
  }
  return ends;
}

describe('bounds', { skip }, () => {
  const shared = sharedServer();

  test('of 25,000 commands at once those beyond the queue are refused, the others done', async (t) => {
    const server = shared();
    const engine = await nodeOf(t, server.freshSchemaUrl(), { limits: limits({ connections: 2 }) });
    const boxes: Box[] = [];
    for (let i = 0; i < 25; i++) boxes.push(await addBox(engine));
    const ends = await tally(
      Array.from({ length: 25_000 }, (_, index) =>
        run(engine, { kind: 'claim-recent', ...boxes[index % boxes.length]!.ref() }),
      ),
    );
    assert.deepEqual(ends, { done: 20_000, 'too-busy': 5_000 });
  });

  test('each for a mailbox of its own: what two connections cannot do in time is told so', async (t) => {
    const server = shared();
    const few = limits({ connections: 2, waitMs: 1000, patienceMs: 500 });
    const engine = await nodeOf(t, server.freshSchemaUrl(), { limits: few });
    const ends = await tally(
      Array.from({ length: 25_000 }, (_, index) =>
        run(engine, {
          kind: 'subscribe',
          mailboxId: (1000 + index) as MailboxId,
          name: 'x',
          on: true,
        }),
      ),
    );
    // Unavailable: a connection that could not be opened in time beside all that.
    const { deadline = 0, unavailable = 0, 'no-mailbox': answered = 0, ...others } = ends;
    assert.deepEqual(others, { 'too-busy': 5_000 });
    assert.ok(answered > 0);
    t.diagnostic(`${answered} answered, ${deadline + unavailable} too late`);
    const before = waits.list().filter((wait) => wait.name !== 'an answer of PostgreSQL');
    assert.deepEqual(before, []);
    await (await addBox(engine)).deliver(1);
  });

  test('a server that has no connection left is asked again', async (t) => {
    const server = await serverOf(t, { settings: { max_connections: '12', max_wal_senders: '0' } });
    const url = server.freshSchemaUrl();
    const engine = await nodeOf(t, url, { limits: limits({ connections: 20 }) });
    const boxes: Box[] = [];
    for (let i = 0; i < 30; i++) boxes.push(await addBox(engine));
    const ends = await tally(
      Array.from({ length: 300 }, (_, index) => deliverTo([boxes[index % 30]!], `m${index}`)),
    );
    assert.deepEqual(ends, { done: 300 });
    assert.match(server.log, /remaining connection slots|too many clients/);
    assert.deepEqual(await problemsOf(engine), []);
  });

  test('a mailbox that somebody locks is unavailable after a while, the others are not', async (t) => {
    const server = shared();
    const url = server.freshSchemaUrl();
    const engine = await nodeOf(t, url, { limits: limits({ connections: 3, patienceMs: 5500 }) });
    const [locked, other] = [await addBox(engine), await addBox(engine)];
    await server.query('select 1');
    await server.session(async (ask) => {
      await ask('begin');
      await ask(
        `select 1 from ${parseTarget(url).schema}.mailbox where mailbox_id = ${locked.mailboxId} for update`,
      );
      let isOver = false;
      const waiting = refused(deliverTo([locked], 'refused'), 'unavailable').finally(() => {
        isOver = true;
      });
      let delivered = 0;
      while (!isOver) {
        await other.deliver(1);
        delivered++;
      }
      t.diagnostic(`${delivered} delivered to the other meanwhile`);
      assert.ok(delivered > 100);
      await waiting;
      await ask('rollback');
    });
    await deliverTo([locked], 'after');
    assert.deepEqual(await subjectsIn(server, url, locked), ['after']);
  });

  test('a full disk of the server: refused, nothing lost, and on it goes', async (t) => {
    let unmount = (): void => {};
    const disk = join(
      freshDirectory(t, () => unmount()),
      'disk',
    );
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=755', 'tmpfs', disk]);
    if (mounted.status !== 0) {
      t.skip('mounting a small file system needs root: not tested here');
      return;
    }
    unmount = () => void spawnSync('umount', ['-l', disk]);
    // The server may run as another user.
    chmodSync(join(disk, '..'), 0o755);
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(80_000_000));
    const server = await serverOf(t, {
      durable: true,
      dir: disk,
      settings: { max_wal_size: '32MB', min_wal_size: '32MB', shared_buffers: '16MB' },
    });
    const url = server.freshSchemaUrl();
    const engine = await nodeOf(t, url, { limits: limits({ patienceMs: 1000 }) });
    const box = await addBox(engine);
    const acknowledged: string[] = [];
    const codes = new Set<string>();
    const fill = async (id: string): Promise<void> => {
      const contents = [contentOf(id, 400_000)];
      try {
        await run(engine, { kind: 'ingest', contents, targets: [box.target()], tracking: [] });
        acknowledged.push(id);
      } catch (error) {
        assert.ok(isPosthornError(error), String(error));
        codes.add(error.code);
      }
    };
    for (let i = 0; i < 1000 && codes.size === 0; i++) await fill(`full${i}`);
    await Promise.all(Array.from({ length: 10 }, (_, index) => fill(`more${index}`)));
    t.diagnostic(`${acknowledged.length} acknowledged, then ${[...codes]}`);
    for (const code of codes) assert.match(code, /^(disk-full|unavailable|deadline)$/);
    assert.ok(codes.size > 0);

    rmSync(ballast);
    // Without room for its log it may have ended.
    if (!server.isRunning) await server.startAgain();
    while (codes.size > 0) {
      codes.clear();
      await fill('room');
      await systemClock.sleep(100);
    }
    assert.deepEqual(await subjectsIn(server, url, box), acknowledged);
    assert.deepEqual(await problemsOf(engine), []);
  });
});
