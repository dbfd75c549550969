import { type ErrorCode, isPosthornError } from '#kernel';
import type { Engine, Ingest, Ingested } from '#storage';

/** Codes after which nobody can tell whether the commit happened: what it may refer to must stay. */
const UNCERTAIN: ReadonlySet<ErrorCode> = new Set(['deadline', 'shutting-down', 'unavailable']);

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
    if (isPosthornError(error) && !UNCERTAIN.has(error.code))
      for (const { body } of command.contents)
        if (body.kind === 'blob') await engine.blobs.remove(body.blob);
    throw error;
  }
}
