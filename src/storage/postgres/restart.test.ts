import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isPosthornError, systemClock } from '#kernel';
import { eventually } from '../../../test/interop/program.ts';
import type { PrivatePostgres } from '../../../test/postgres/private-postgres.ts';
import { addBox, run } from '../conformance/fixture.conformance.ts';
import {
  ahead,
  deliverTo,
  Load,
  limits,
  nodeOf,
  sharedServer,
  skip,
  subjectsIn,
} from './house.conformance.ts';

const ENDS: readonly (readonly [name: string, end: (server: PrivatePostgres) => Promise<void>])[] =
  [
    ['a fast stop', (server) => server.stop('fast')],
    ['an immediate stop', (server) => server.stop('immediate')],
    ['kill -9', (server) => server.kill9()],
  ];
const CLEAN_UP = { kind: 'clean-up', contentsMax: 1000, keepChanges: 1_000_000 } as const;

describe('a server that goes away under load', { skip }, () => {
  const shared = sharedServer({ durable: true });

  test('comes back, and everything acknowledged is there once', async (t) => {
    const server = shared();
    const url = server.freshSchemaUrl();
    const engine = await nodeOf(t, url, { limits: limits({ connections: 4 }) });
    const boxes = [await addBox(engine), await addBox(engine), await addBox(engine)];
    const load = new Load(boxes, 12);
    for (const [name, end] of ENDS) {
      await load.more(25);
      await end(server);
      await systemClock.sleep(300);
      await server.startAgain();
      await load.more(25);
      t.diagnostic(
        `${name}: ${load.acknowledged.length} acknowledged, ${load.refused.size} refused`,
      );
    }
    await load.stop();
    assert.equal(load.refused.size, 0, 'a short absence is waited for');
    const other = await nodeOf(t, url, { clock: ahead(60_000) });
    await run(other, CLEAN_UP);
    await load.verify(server, url);
  });

  test('for longer than patience lasts: refused in time, and service resumes by itself', async (t) => {
    const server = shared();
    const url = server.freshSchemaUrl();
    const few = limits({ connections: 2, waitMs: 1000, patienceMs: 300 });
    const engine = await nodeOf(t, url, { limits: few });
    const boxes = [await addBox(engine), await addBox(engine), await addBox(engine)];
    const quiet = await addBox(engine);
    const load = new Load(boxes, 6);
    await load.more(25);
    await server.kill9();
    // Those under load may all wait for one whose commit is in doubt, which is looked for much longer.
    await assert.rejects(
      quiet.deliver(1),
      (error) => isPosthornError(error, 'unavailable') || isPosthornError(error, 'deadline'),
    );
    await server.startAgain();
    await load.more(25);
    await load.stop();
    const other = await nodeOf(t, url, { clock: ahead(60_000) });
    await run(other, CLEAN_UP);
    await load.verify(server, url);
    t.diagnostic(`${load.acknowledged.length} acknowledged, ${load.refused.size} refused`);
  });
});

describe('a server with a synchronous standby', { skip }, () => {
  const shared = sharedServer({ durable: true });
  let standby: PrivatePostgres;
  before(async () => {
    if (skip === false) standby = await shared().standby({ synchronous: true });
  });
  after(() => (standby as PrivatePostgres | undefined)?.[Symbol.asyncDispose]());

  test('what the standby has not is not acknowledged, even when the primary shows it', async (t) => {
    const primary = shared();
    const url = primary.freshSchemaUrl();
    const short = limits({ connections: 2, answerMs: 1500 });
    const engine = await nodeOf(t, url, { limits: short });
    const box = await addBox(engine);
    await standby.kill9();
    let isAcknowledged = false;
    const delivered = deliverTo([box], 'waits').then(() => {
      isAcknowledged = true;
    });
    // As an administrator may do, or a restart: the commit is there, on this server alone.
    await eventually('a commit that does not wait any more', async () => {
      await primary.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'",
      );
      return (await subjectsIn(primary, url, box)).length > 0 || undefined;
    });
    await eventually('the look for it, which waits too', async () => {
      const rows = await primary.query(
        "select from pg_stat_activity where wait_event = 'SyncRep' and application_name = 'posthorn'",
      );
      return rows.length > 0 || isAcknowledged || undefined;
    });
    assert.equal(isAcknowledged, false);
    await standby.startAgain();
    await delivered;
    assert.deepEqual(await subjectsIn(primary, url, box), ['waits']);
  });

  test('the standby takes over under load, and nothing acknowledged is lost', async (t) => {
    const primary = shared();
    const url = primary.freshSchemaUrl();
    const both = url.replace(`:${primary.port}`, `:${primary.port},127.0.0.1:${standby.port}`);
    const engine = await nodeOf(t, both, { limits: limits({ connections: 4 }) });
    const boxes = [await addBox(engine), await addBox(engine), await addBox(engine)];
    const load = new Load(boxes, 12);
    await load.more(40);
    await primary.kill9();
    await standby.promote();
    await load.more(40);
    await load.stop();
    const other = await nodeOf(t, both, { clock: ahead(60_000) });
    await run(other, CLEAN_UP);
    await load.verify(standby, url);
    t.diagnostic(`${load.acknowledged.length} acknowledged, ${load.refused.size} refused`);
  });
});
