import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#kernel';
import type { PrivatePostgres } from '../../../test/postgres/private-postgres.ts';
import type { FaultyProxy } from '../../../test/proxy.ts';
import {
  addBox,
  Box,
  cleanUpAll,
  contentOf,
  problemsOf,
  run,
} from '../conformance/fixture.conformance.ts';
import type { PostgresEngine } from './engine.ts';
import {
  ahead,
  by,
  deliverTo,
  nodeOf,
  proxyOf,
  sharedServer,
  skip,
  subjectsIn,
} from './house.conformance.ts';
import { parseTarget } from './target.ts';

const CLEAN_UP = { kind: 'clean-up', contentsMax: 1000, keepChanges: 1_000_000 } as const;

/** Two mailboxes and a node that is cut off for good between the parts of its ingests. */
interface Owing {
  readonly url: string;
  readonly proxy: FaultyProxy;
  readonly dead: PostgresEngine;
  readonly a: Box;
  readonly b: Box;
  /** What the dead node will say. */
  readonly answers: Promise<readonly PromiseSettledResult<unknown>[]>;
}

/** Lets a node deliver messages to A and B and die when A has its parts. */
async function owing(
  t: TestContext,
  server: PrivatePostgres,
  texts: readonly string[],
): Promise<Owing> {
  const proxy = await proxyOf(t, server.port);
  const url = server.freshSchemaUrl();
  const dead = await nodeOf(t, by(proxy.port, url));
  const [a, b] = [await addBox(dead), await addBox(dead)];
  const cut = proxy.cutBefore('COMMIT', 'toClient');
  // All of one turn: they share a transaction.
  const answers = Promise.allSettled(texts.map((text) => deliverTo([a, b], text)));
  await cut;
  await proxy.refuse();
  proxy.reset();
  const alive = new Box(await nodeOf(t, url), a.mailboxId);
  assert.equal((await alive.uids()).length, texts.length, 'A has its parts');
  assert.deepEqual(await subjectsIn(server, url, b), []);
  return { url, proxy, dead, a, b, answers };
}

async function countIn(server: PrivatePostgres, url: string, table: string): Promise<number> {
  const { schema } = parseTarget(url);
  const [row] = await server.query<{ n: number }>(
    `select count(*)::integer n from ${schema}.${table}`,
  );
  return row!.n;
}

describe('promises', { skip }, () => {
  const shared = sharedServer();

  test('of a node that died are kept by others, by two at once only once', async (t) => {
    const texts = Array.from({ length: 20 }, (_, index) => `owed ${index}`);
    const server = shared();
    const { url, proxy, a, b, answers } = await owing(t, server, texts);
    const nodes = [
      await nodeOf(t, url, { clock: ahead(60_000) }),
      await nodeOf(t, url, { clock: ahead(60_000) }),
    ];
    for (let round = 0; round < 3; round++)
      await Promise.all(nodes.map((node) => run(node, CLEAN_UP)));
    assert.deepEqual((await subjectsIn(server, url, b)).sort(), [...texts].sort());
    assert.equal(await countIn(server, url, 'promise'), 0);
    // The dead one comes back, finds that A had its part, and does not do B's again.
    await proxy.pass();
    for (const answer of await answers) assert.equal(answer.status, 'fulfilled');
    assert.equal((await subjectsIn(server, url, a)).length, texts.length);
    assert.equal((await subjectsIn(server, url, b)).length, texts.length);
    assert.equal(await countIn(server, url, 'part'), 0);
    assert.deepEqual(await problemsOf(nodes[0]!), []);
  });

  test('contents stay until then, even when A expunges them, even when A is removed', async (t) => {
    const server = shared();
    const { url, proxy, a, b, answers } = await owing(t, server, ['kept']);
    const young = await nodeOf(t, url);
    await run(young, { kind: 'expunge', ...a.ref(), uids: undefined, onlyDeleted: false });
    await cleanUpAll(young);
    assert.equal(await countIn(server, url, 'content'), 1);
    await run(young, { kind: 'remove-mailbox', mailboxId: a.mailboxId });
    await cleanUpAll(young);
    assert.equal(await countIn(server, url, 'content'), 1);
    const later = await nodeOf(t, url, { clock: ahead(60_000) });
    await run(later, CLEAN_UP);
    await cleanUpAll(later);
    assert.deepEqual(await subjectsIn(server, url, b), ['kept']);
    assert.equal(await countIn(server, url, 'content'), 1, 'only that of B');
    assert.equal(await countIn(server, url, 'chore'), 0);
    // By then it finds nothing of it any more, and does nothing.
    await proxy.pass();
    await answers;
    assert.deepEqual(await subjectsIn(server, url, b), ['kept']);
    assert.deepEqual(await problemsOf(later), []);
  });

  test('a removed mailbox, and one that learns no more keywords, hold up nothing', async (t) => {
    const server = shared();
    const proxy = await proxyOf(t, server.port);
    const url = server.freshSchemaUrl();
    const dead = await nodeOf(t, by(proxy.port, url));
    const boxes = [await addBox(dead), await addBox(dead), await addBox(dead), await addBox(dead)];
    const [first, full, gone, plain] = boxes as [Box, Box, Box, Box];
    const cut = proxy.cutBefore('COMMIT', 'toClient');
    const answer = run(dead, {
      kind: 'ingest',
      contents: [contentOf('labelled')],
      targets: boxes.map((box) => box.target({ keywords: ['label'] })),
      tracking: [],
    }).catch(() => {});
    await cut;
    await proxy.refuse();
    proxy.reset();
    const later = await nodeOf(t, url, { clock: ahead(60_000) });
    const keywords = Array.from({ length: 1000 }, (_, index) => `k${index}`);
    await new Box(later, full.mailboxId).deliver(1, { keywords }, 'full');
    await run(later, { kind: 'remove-mailbox', mailboxId: gone.mailboxId });
    await run(later, CLEAN_UP);
    assert.deepEqual(await subjectsIn(server, url, first), ['labelled']);
    assert.deepEqual(await subjectsIn(server, url, full), ['full1', 'labelled']);
    assert.deepEqual(await subjectsIn(server, url, plain), ['labelled']);
    assert.equal(await countIn(server, url, 'promise'), 0);
    await proxy.pass();
    await answer;
    assert.deepEqual(await problemsOf(later), []);
  });

  test('the maker and a clean-up at once: whoever comes second finds it done', async (t) => {
    const server = shared();
    const url = server.freshSchemaUrl();
    const [maker, cleaner] = [await nodeOf(t, url), await nodeOf(t, url, { clock: ahead(60_000) })];
    const [a, b] = [await addBox(maker), await addBox(maker)];
    let isOver = false;
    const cleaning = (async () => {
      while (!isOver) await run(cleaner, CLEAN_UP);
    })();
    const { schema } = parseTarget(url);
    await server.query('select 1');
    for (let round = 0; round < 8; round++) {
      // Both wait for B, which somebody holds.
      await server.session(async (ask) => {
        await ask('begin');
        await ask(`select 1 from ${schema}.mailbox where mailbox_id = ${b.mailboxId} for update`);
        const delivered = deliverTo([a, b], `round ${round}`);
        await systemClock.sleep(100);
        await ask('rollback');
        await delivered;
      });
    }
    isOver = true;
    await cleaning;
    await run(cleaner, CLEAN_UP);
    const texts = Array.from({ length: 8 }, (_, round) => `round ${round}`);
    assert.deepEqual(await subjectsIn(server, url, a), texts);
    assert.deepEqual((await subjectsIn(server, url, b)).sort(), texts);
  });
});
