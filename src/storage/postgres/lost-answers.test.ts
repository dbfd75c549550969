import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#kernel';
import { Flag, INBOX_ID, type MailboxId } from '#model';
import type { PrivatePostgres } from '../../../test/postgres/private-postgres.ts';
import type { FaultyProxy } from '../../../test/proxy.ts';
import type { Command } from '../commands.ts';
import {
  ALL,
  addBox,
  Box,
  contentOf,
  problemsOf,
  ranges,
  run,
} from '../conformance/fixture.conformance.ts';
import type { PostgresEngine } from './engine.ts';
import {
  by,
  deliverTo,
  limits,
  nodeOf,
  proxyOf,
  sharedServer,
  skip,
  subjectsIn,
} from './house.conformance.ts';

const clock = { ...systemClock, now: () => Date.UTC(2026, 0, 1) };

/** The mailboxes of an engine, the same in each: by number, not by id. */
type Boxes = readonly [Box, Box, Box];
type Make = (boxes: Boxes) => Command;

function ingestTo(...places: readonly (0 | 1 | 2)[]): Make {
  return (boxes) => ({
    kind: 'ingest',
    contents: [contentOf(`to ${places}`)],
    targets: places.map((place) => boxes[place].target({ keywords: ['red'] })),
    tracking: [],
  });
}

/** Every kind of command that changes something, in an order in which each has something to do. */
const COMMANDS: readonly (readonly [name: string, make: Make])[] = [
  ['an ingest', ingestTo(0)],
  ['an ingest to several mailboxes', ingestTo(0, 1, 2)],
  [
    'store-flags',
    ([box]) => ({
      kind: 'store-flags',
      ...box.ref(),
      uids: ranges([1, 2]),
      operation: 'add',
      flags: Flag.Deleted,
      keywords: ['blue'],
      unchangedSince: undefined,
    }),
  ],
  ['create-folder', (boxes) => createFolder(boxes, 'A/B')],
  [
    'copy',
    ([box]) => ({ kind: 'copy', ...box.ref(), uids: ALL, to: box.ref(4 as never), move: false }),
  ],
  [
    'copy to another mailbox',
    ([box, other]) => ({ kind: 'copy', ...box.ref(), uids: ALL, to: other.ref(), move: false }),
  ],
  [
    'move',
    ([box]) => ({
      kind: 'copy',
      ...box.ref(),
      uids: ranges([1, 1]),
      to: box.ref(3 as never),
      move: true,
    }),
  ],
  ['expunge', ([box]) => ({ kind: 'expunge', ...box.ref(), uids: undefined, onlyDeleted: true })],
  ['rename-folder', ([box]) => ({ kind: 'rename-folder', ...box.ref(3 as never), name: 'C' })],
  ['delete-folder', ([box]) => ({ kind: 'delete-folder', ...box.ref(4 as never) })],
  ['subscribe', ([box]) => subscribe(box.mailboxId, true)],
  ['subscribe, off', ([box]) => subscribe(box.mailboxId, false)],
  ['add-domain', () => ({ kind: 'add-domain', domain: 'other.test' })],
  ['add-mailbox', () => addMailbox('new@example.test')],
  [
    'change-address',
    ([box]) => ({
      kind: 'change-address',
      mailboxId: box.mailboxId,
      address: 'also@example.test',
      on: true,
    }),
  ],
  ['remove-domain', () => ({ kind: 'remove-domain', domain: 'other.test' })],
  ['remove-mailbox', (boxes) => ({ kind: 'remove-mailbox', mailboxId: boxes[2].mailboxId })],
];

function createFolder([{ mailboxId }]: Boxes, name: string): Command {
  return { kind: 'create-folder', mailboxId, name, specialUse: undefined };
}

function subscribe(mailboxId: MailboxId, on: boolean): Command {
  return { kind: 'subscribe', mailboxId, name: 'elsewhere', on };
}

function addMailbox(address: string): Command {
  const folders = [{ name: 'Sent', specialUse: undefined }];
  return {
    kind: 'add-mailbox',
    address,
    verifiers: undefined,
    quotaBytes: undefined,
    folders,
    nowMs: 5,
  };
}

async function boxesOf(engine: PostgresEngine): Promise<Boxes> {
  await run(engine, { kind: 'add-domain', domain: 'example.test' });
  const ids: MailboxId[] = [];
  for (const name of ['a', 'b', 'c']) {
    const { mailboxId } = (await run(engine, addMailbox(`${name}@example.test`))) as {
      mailboxId: MailboxId;
    };
    ids.push(mailboxId);
  }
  return ids.map((id) => new Box(engine, id)) as unknown as Boxes;
}

async function pictureOf(engine: PostgresEngine): Promise<unknown> {
  const mailboxes = await engine.read.mailboxes(0 as MailboxId, 100);
  return {
    domains: await engine.read.domains(),
    boxes: await Promise.all(
      mailboxes.map(({ mailboxId }) => new Box(engine, mailboxId).picture()),
    ),
  };
}

/** Does every command twice: on a node with a sound network, and on one whose network fails as `fail` says; compares. */
async function compare(
  t: TestContext,
  server: PrivatePostgres,
  fail: (proxy: FaultyProxy) => Promise<void>,
): Promise<void> {
  const proxy = await proxyOf(t, server.port);
  const sound = await nodeOf(t, server.freshSchemaUrl(), { clock });
  const url = by(proxy.port, server.freshSchemaUrl());
  const struck = await nodeOf(t, url, { clock, limits: limits({ connections: 3 }) });
  const [here, there] = [await boxesOf(sound), await boxesOf(struck)];
  for (const [name, make] of COMMANDS) {
    const expected = await run(sound, make(here));
    const failed = fail(proxy);
    assert.deepEqual(await run(struck, make(there)), expected, name);
    await failed;
  }
  assert.deepEqual(await pictureOf(struck), await pictureOf(sound));
  assert.deepEqual(await problemsOf(struck), []);
}

describe('lost answers', { skip }, () => {
  const shared = sharedServer();

  test('the answer to the commit: the command has its outcome, and its effect once', async (t) => {
    const server = shared();
    await compare(t, server, (proxy) => proxy.cutBefore('COMMIT', 'toClient'));
    await compare(t, server, (proxy) => proxy.cutBefore('COMMIT', 'toServer'));
    // And of the look whether it happened, too.
    await compare(t, server, async (proxy) => {
      await proxy.cutBefore('COMMIT', 'toClient');
      await proxy.cutBefore('SELECT', 'toClient');
    });
  });

  test('and the server cannot be reached for a while', async (t) => {
    const server = shared();
    await compare(t, server, async (proxy) => {
      await proxy.cutBefore('COMMIT', 'toClient');
      await proxy.refuse();
      proxy.reset();
      await systemClock.sleep(60);
      await proxy.pass();
    });
  });

  test('longer than a failure is tried again, but not than a doubt lasts', async (t) => {
    const server = shared();
    const proxy = await proxyOf(t, server.port);
    const url = server.freshSchemaUrl();
    const few = limits({ connections: 1, waitMs: 500, patienceMs: 500 });
    const engine = await nodeOf(t, by(proxy.port, url), { limits: few });
    const box = await addBox(engine);
    const cut = proxy.cutBefore('COMMIT', 'toClient');
    const delivered = deliverTo([box], 'in doubt');
    await cut;
    await proxy.refuse();
    proxy.reset();
    await systemClock.sleep(2000);
    await proxy.pass();
    await delivered;
    assert.deepEqual(await subjectsIn(server, url, box), ['in doubt']);
  });

  test('a directory change is found again behind those of others', async (t) => {
    const server = shared();
    const proxy = await proxyOf(t, server.port);
    const url = server.freshSchemaUrl();
    const struck = await nodeOf(t, by(proxy.port, url));
    const other = await nodeOf(t, url);
    const box = await addBox(struck);
    for (const command of [
      addMailbox('found@example.test'),
      { kind: 'remove-mailbox', mailboxId: box.mailboxId } as const,
    ]) {
      const cut = proxy.cutBefore('COMMIT', 'toClient');
      const done = run(struck, command);
      await cut;
      await proxy.refuse();
      proxy.reset();
      for (let i = 0; i < 5; i++)
        await run(other, { kind: 'add-domain', domain: `${command.kind}${i}.test` });
      await proxy.pass();
      const outcome = await done;
      if (command.kind === 'remove-mailbox') assert.deepEqual(outcome, { removed: true });
    }
  });

  test('a doubt stays one when the look for the effect fails', async (t) => {
    const server = shared();
    const proxy = await proxyOf(t, server.port);
    const url = server.freshSchemaUrl();
    const engine = await nodeOf(t, by(proxy.port, url));
    const box = await addBox(engine);
    const cut = proxy.cutBefore('COMMIT', 'toClient');
    const delivered = deliverTo([box], 'once');
    await cut;
    await proxy.refuse();
    proxy.reset();
    await server.query('select 1');
    await server.session(async (ask) => {
      const { searchParams } = new URL(url);
      await ask('begin');
      await ask(`lock table ${searchParams.get('schema')}.change in access exclusive mode`);
      await proxy.pass();
      // Longer than a lock is waited for (5 s), so that the look fails once.
      await systemClock.sleep(5500);
      await ask('rollback');
    });
    await delivered;
    assert.deepEqual(await subjectsIn(server, url, box), ['once']);
    assert.equal((await box.folder(INBOX_ID)).uidNext, 2);
  });

  test('cut at any byte, either way: each ingest once, nothing outside of a transaction, no socket left', async (t) => {
    const server = shared();
    const proxy = await proxyOf(t, server.port);
    const url = server.freshSchemaUrl();
    const engine = await nodeOf(t, by(proxy.port, url), { limits: limits({ connections: 2 }) });
    const boxes = [await addBox(engine), await addBox(engine)];
    const texts: string[] = [];
    for (let i = 0; i < 30; i++) {
      const direction = i % 2 === 0 ? 'toServer' : 'toClient';
      const cut = proxy.cutAfter(i < 20 ? 60 * i : 10_000 * (i - 19), direction);
      texts.push(`cut ${i}`);
      const contents = [contentOf(`cut ${i}`, 50_000)];
      const targets = boxes.map((box) => box.target());
      // The answers are short: what has not come by then comes with the next.
      await run(engine, { kind: 'ingest', contents, targets, tracking: [] });
      if (direction === 'toServer') await cut;
    }
    for (const box of boxes) assert.deepEqual(await subjectsIn(server, url, box), texts);
    assert.deepEqual(await problemsOf(engine), []);
    assert.ok(proxy.open <= 3, `${proxy.open} sockets`);
  });

  test('many entries cut at any byte are read again, each once', async (t) => {
    const server = shared();
    const proxy = await proxyOf(t, server.port);
    const url = server.freshSchemaUrl();
    const engine = await nodeOf(t, by(proxy.port, url), { limits: limits({ connections: 2 }) });
    const box = await addBox(engine);
    await box.deliver(200);
    const columns = { head: true, body: true, envelope: true };
    const whole = await box.entries(INBOX_ID, columns);
    assert.equal(whole.length, 200);
    for (let i = 0; i < 12; i++) {
      const cut = proxy.cutAfter(1 + 1500 * i, 'toClient');
      assert.deepEqual(await box.entries(INBOX_ID, columns), whole);
      await cut;
    }
    assert.ok(proxy.open <= 3, `${proxy.open} sockets`);
  });
});
