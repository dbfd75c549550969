import { type ErrorCode, isPosthornError } from '#kernel';
import type { Engine, Ingest, Ingested } from '#storage';

/**
 * Codes that say for certain that nothing was stored. After any other nobody can tell whether the commit happened, and what
 * it may refer to must stay; the sweep of stray blobs finds it when nothing does.
 */
const REFUSED: ReadonlySet<ErrorCode> = new Set([
  'over-quota',
  'too-many',
  'no-mailbox',
  'no-folder',
  'too-busy',
  'disk-full',
]);

/**
 * Stores contents in folders with their tracking, in one commit; resolves when it is durable. A refused ingest takes the
 * blobs of its contents along: who may not store a message may not fill the disk with it either.
 */
export async function ingest(
  engine: Engine,
  owner: string,
  command: Omit<Ingest, 'kind'>,
): Promise<Ingested> {
  try {
    return await engine.execute<'ingest'>(owner, { kind: 'ingest', ...command });
  } catch (error) {
    if (isPosthornError(error) && REFUSED.has(error.code))
      for (const { body } of command.contents)
        if (body.kind === 'blob') await engine.blobs.remove(body.blob);
    throw error;
  }
}
