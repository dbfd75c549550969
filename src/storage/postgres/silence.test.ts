import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock, waits } from '#kernel';
import { eventually } from '../../../test/interop/program.ts';
import { addBox, run } from '../conformance/fixture.conformance.ts';
import {
  ahead,
  by,
  Load,
  limits,
  nodeOf,
  proxyOf,
  sharedServer,
  skip,
} from './house.conformance.ts';

const CLEAN_UP = { kind: 'clean-up', contentsMax: 1000, keepChanges: 1_000_000 } as const;

describe('a network that keeps silent', { skip }, () => {
  const shared = sharedServer();

  test('ends no wait after its deadline, and the pool is whole again', async (t) => {
    const server = shared();
    const proxy = await proxyOf(t, server.port);
    const url = server.freshSchemaUrl();
    const short = limits({ connections: 3, waitMs: 1500, answerMs: 2000, patienceMs: 1000 });
    const engine = await nodeOf(t, by(proxy.port, url), { limits: short });
    const boxes = [await addBox(engine), await addBox(engine), await addBox(engine)];
    const load = new Load(boxes, 12);
    await load.more(40);
    const taken = proxy.connections;
    await proxy.silence();
    for (let i = 0; i < 10; i++) {
      await systemClock.sleep(500);
      // The sweep looks once a second.
      const overdue = waits.list().filter((wait) => wait.deadlineMs < systemClock.now() - 2500);
      assert.deepEqual(overdue, []);
    }
    // Found by a sweep that looks once a second, and may be as late as that.
    await eventually(
      'connections without an answer are replaced',
      () => proxy.connections > taken || undefined,
    );
    await proxy.pass();
    await load.more(60);
    await load.stop();
    t.diagnostic(`${load.acknowledged.length} acknowledged, ${load.refused.size} refused`);
    // Three, and the one that listens.
    await eventually('no more sockets than the pool has', () => proxy.open <= 4 || undefined);
    await eventually('no session left over in the server', async () => {
      const rows = await server.query(
        "select from pg_stat_activity where application_name = 'posthorn'",
      );
      return rows.length <= 4 || undefined;
    });
    const other = await nodeOf(t, url, { clock: ahead(60_000) });
    await run(other, CLEAN_UP);
    await load.verify(server, url);
    const names = waits.list().map((wait) => wait.name);
    assert.ok(!names.includes('the commit of a command'), `${names}`);
  });

  test('a server that takes connections and closes them is no server', async (t) => {
    const server = shared();
    const proxy = await proxyOf(t, server.port);
    const url = by(proxy.port, server.freshSchemaUrl());
    const short = limits({ connections: 2, patienceMs: 1000 });
    const engine = await nodeOf(t, url, { limits: short });
    const box = await addBox(engine);
    const closing = systemClock.every(1, () => proxy.halfClose('toClient'));
    await assert.rejects(box.deliver(1), /.*/);
    closing[Symbol.dispose]();
    const before = proxy.connections;
    assert.ok(before < 1000, `${before} connections: it did not ask without a pause`);
    await box.deliver(1);
  });
});
