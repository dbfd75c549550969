import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Clock, systemClock, TestClock } from '#kernel';
import type { Engine } from '#storage';
import { FileBlobs } from '#storage/blobs';
import { PostgresEngine } from '#storage/postgres';
import { openSqlite } from '#storage/sqlite';
import { sharedDatabase } from '../../test/postgres/database.ts';

/** The engine that this run is about: POSTHORN_TEST_ENGINE, the embedded one when not given. */
export const ENGINE = process.env['POSTHORN_TEST_ENGINE'] === 'postgres' ? 'postgres' : 'sqlite';

/** How far the engine of this run shares a content among the entries that show it: see `describeEngine`. */
export const SHARED = ENGINE === 'postgres' ? 'mailbox' : 'store';

/** A new directory that goes with the test, after what was opened in it has been closed. */
export function freshDirectory(t: TestContext, close?: () => unknown): string {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-test-'));
  t.after(async () => {
    await close?.();
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

/** What of an engine's data is outside it: the URL of a new schema, for one on PostgreSQL. */
export function freshUrl(): string {
  const database = sharedDatabase();
  if (database === undefined) throw new Error('this run has no PostgreSQL: see test/postgres');
  return database.freshSchemaUrl();
}

/** An engine of this run over empty data, its time that of `clock`. */
export async function openFresh(t: TestContext, clock: Clock = new TestClock()): Promise<Engine> {
  const dir = freshDirectory(t, () => engine[Symbol.asyncDispose]());
  const engine = await openIn(dir, clock);
  return engine;
}

/** The same with its files in a directory. The caller closes it. */
export async function openIn(dir: string, clock: Clock): Promise<Engine> {
  if (ENGINE === 'sqlite') return openSqlite(dir, clock);
  return await PostgresEngine.open({
    url: freshUrl(),
    blobs: new FileBlobs(join(dir, 'blobs')),
    // Time stands when it is a test's, but a server that has to be asked again is asked again.
    clock: { ...systemClock, now: () => clock.now() },
    blobGraceMs: 0,
  });
}
