import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { type Clock, isPosthornError, systemClock } from '#kernel';
import { FileBlobs } from '#storage/blobs';
import type { TestDatabase } from '../../../test/postgres/database.ts';
import { PrivatePostgres } from '../../../test/postgres/private-postgres.ts';
import { FaultyProxy } from '../../../test/proxy.ts';
import { type Box, contentOf, problemsOf, run } from '../conformance/fixture.conformance.ts';
import { freshDirectory } from '../fresh.conformance.ts';
import { PostgresEngine, type PostgresOptions } from './engine.ts';
import { POOL_LIMITS, type PoolLimits } from './pool.ts';
import { parseTarget } from './target.ts';

/** For the `skip` option of the tests that break a PostgreSQL. */
export const skip = PrivatePostgres.missing();

/** One server for the tests of a file, each of which takes a schema of its own. To be called in their `describe`. */
export function sharedServer(
  options?: Parameters<typeof PrivatePostgres.start>[0],
): () => PrivatePostgres {
  let server: PrivatePostgres | undefined;
  before(async () => {
    if (skip === false) server = await PrivatePostgres.start(options);
  });
  after(() => server?.[Symbol.asyncDispose]());
  return () => server!;
}

/** A server that goes with the test. */
export async function serverOf(
  t: TestContext,
  options?: Parameters<typeof PrivatePostgres.start>[0],
): Promise<PrivatePostgres> {
  const server = await PrivatePostgres.start(options);
  t.after(() => server[Symbol.asyncDispose]());
  return server;
}

export async function proxyOf(t: TestContext, port: number): Promise<FaultyProxy> {
  const proxy = await FaultyProxy.start(port);
  t.after(() => proxy[Symbol.asyncDispose]());
  return proxy;
}

/** The same schema by way of another port. */
export function by(port: number, url: string): string {
  const through = new URL(url);
  through.port = `${port}`;
  return through.href;
}

/** A node: an engine of its own on a schema, which goes with the test. */
export async function nodeOf(
  t: TestContext,
  url: string,
  options: Partial<PostgresOptions> = {},
): Promise<PostgresEngine> {
  let engine: PostgresEngine | undefined;
  const dir = freshDirectory(t, () => engine?.[Symbol.asyncDispose]());
  const blobs = new FileBlobs(join(dir, 'blobs'));
  engine = await PostgresEngine.open({ url, blobs, clock: systemClock, ...options });
  return engine;
}

/** Of the limits, those that are given, and the others as they are. */
export function limits(some: Partial<PoolLimits>): PoolLimits {
  return { ...POOL_LIMITS, ...some };
}

/** A clock that is ahead: promises of just now are old by it. */
export function ahead(byMs: number): Clock {
  return { ...systemClock, now: () => systemClock.now() + byMs };
}

/** Subjects of the messages in a mailbox, in the order of their uids. */
export async function subjectsIn(
  database: TestDatabase,
  url: string,
  { mailboxId }: Pick<Box, 'mailboxId'>,
): Promise<string[]> {
  const { schema } = parseTarget(url);
  const rows = await database.query<{ subject: string }>(
    `select c.subject from ${schema}.entry e join ${schema}.content c using (mailbox_id, content_id)
      where e.mailbox_id = $1 order by e.folder_id, e.uid`,
    [mailboxId],
  );
  return rows.map((row) => row.subject);
}

/** Puts one message into the INBOX of each of the boxes. */
export async function deliverTo(boxes: readonly Box[], text: string): Promise<void> {
  const targets = boxes.map((box) => box.target());
  const contents = [contentOf(text)];
  await run(boxes[0]!.engine, { kind: 'ingest', contents, targets, tracking: [] });
}

/** Deliveries without end, some side by side, each message with an id of its own; every fourth goes to two mailboxes. */
export class Load {
  readonly acknowledged: string[] = [];
  /** With the code each was refused with. */
  readonly refused = new Map<string, string>();
  readonly #boxes: readonly Box[];
  readonly #loops: readonly Promise<void>[];
  #isOver = false;
  #next = 0;

  constructor(boxes: readonly Box[], sideBySide: number) {
    this.#boxes = boxes;
    this.#loops = Array.from({ length: sideBySide }, () => this.#deliver());
  }

  /** Resolves when so many more have been acknowledged. */
  async more(count: number): Promise<void> {
    const until = this.acknowledged.length + count;
    while (this.acknowledged.length < until) await systemClock.sleep(10);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }

  /** What was acknowledged is there exactly once, nothing twice, and nothing is wrong with the data. */
  async verify(database: TestDatabase, url: string): Promise<void> {
    const [engine] = this.#boxes.map((box) => box.engine);
    for (const [index, box] of this.#boxes.entries()) {
      const there = await subjectsIn(database, url, box);
      const once = new Set(there);
      assert.equal(once.size, there.length, 'nothing is doubled');
      const lost = this.acknowledged.filter(
        (id) => placesOf(id, this.#boxes.length).includes(index) && !once.has(id),
      );
      assert.deepEqual(lost, [], 'nothing that was acknowledged is lost');
    }
    for (const code of this.refused.values()) assert.match(code, /^(unavailable|deadline)$/);
    assert.deepEqual(await problemsOf(engine!), []);
  }

  async #deliver(): Promise<void> {
    while (!this.#isOver) {
      const id = `load${this.#next++}`;
      const boxes = placesOf(id, this.#boxes.length).map((index) => this.#boxes[index]!);
      try {
        await deliverTo(boxes, id);
        this.acknowledged.push(id);
      } catch (error) {
        this.refused.set(id, isPosthornError(error) ? error.code : String(error));
      }
    }
  }
}

/** Where a message goes, by its id. */
function placesOf(id: string, boxes: number): readonly number[] {
  const number = Number(id.slice('load'.length));
  const first = number % boxes;
  return number % 4 === 0 ? [first, (first + 1) % boxes] : [first];
}
