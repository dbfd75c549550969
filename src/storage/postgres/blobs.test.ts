import type { TestContext } from 'node:test';
import { systemClock } from '#kernel';
import { describeBlobs } from '../blobs/blobs.conformance.ts';
import type { Blobs } from '../blobs/port.ts';
import { ENGINE, freshUrl } from '../fresh.conformance.ts';
import { PostgresEngine } from './engine.ts';

/** The blobs of an engine that was given no other place for them. */
async function openBlobs(t: TestContext): Promise<Blobs> {
  const url = freshUrl();
  const engine = await PostgresEngine.open({ url, blobs: undefined, clock: systemClock });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine.blobs;
}

if (ENGINE === 'postgres') describeBlobs('in PostgreSQL', openBlobs);
