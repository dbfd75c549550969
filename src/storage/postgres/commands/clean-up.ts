import type { Clock } from '#kernel';
import type { MailboxId } from '#model';
import type { CleanedUp, CleanUp } from '../../commands.ts';
import type { Executor } from '../executor.ts';
import { numberArray, textArray } from '../literals.ts';
import type { Pool } from '../pool.ts';
import { findPromises, forgetPromises, keepPart, type Promised } from '../promises.ts';
import { readStrayBlobs } from '../reads/content.ts';

const OWNER = 'background cleanup';
/** Mailboxes looked at in one go. */
const CHORES_AT_ONCE = 100;
/** Promises kept in one go. */
const PROMISES_AT_ONCE = 20;
/** Younger ones are being kept by those who made them. */
const PROMISE_GRACE_MS = 5000;

const SELECT_CHORES = 'SELECT mailbox_id FROM chore LIMIT $1';
const LOCK_MAILBOX = 'SELECT 1 FROM mailbox WHERE mailbox_id = $1 FOR UPDATE';
// The log keeps the last `keepChanges` modseqs of a mailbox; a client that was away longer compares uids instead.
const RAISE_FLOOR =
  'UPDATE mailbox SET log_floor = modseq - $2::bigint WHERE mailbox_id = $1 AND modseq - $2::bigint > log_floor + $3::bigint';
const PRUNE_LOG = `DELETE FROM change WHERE mailbox_id = $1 AND (modseq, folder_id, kind) IN (
    SELECT c.modseq, c.folder_id, c.kind FROM mailbox AS m JOIN change AS c ON c.mailbox_id = m.mailbox_id
    WHERE m.mailbox_id = $1 AND c.mailbox_id = $1 AND c.modseq <= m.log_floor LIMIT $2)
  RETURNING 1`;
// A mailbox that holds a promise holds the contents of it too.
const REMOVE_ORPHANS = `WITH ids AS (
    SELECT content_id FROM orphan WHERE mailbox_id = $1 AND NOT EXISTS (SELECT 1 FROM promise WHERE mailbox_id = $1)
    ORDER BY content_id LIMIT $2
  ), gone AS (
    DELETE FROM content AS c USING ids WHERE c.mailbox_id = $1 AND c.content_id = ids.content_id RETURNING c.blob
  ), loosened AS (
    INSERT INTO loose_blob(mailbox_id, blob, since_ms)
    SELECT DISTINCT $1::bigint, blob, $3::bigint FROM gone WHERE blob IS NOT NULL ON CONFLICT DO NOTHING
  ), noted AS (
    DELETE FROM orphan AS o USING ids WHERE o.mailbox_id = $1 AND o.content_id = ids.content_id
  )
  SELECT count(*) FROM ids`;
const END_CHORE = `DELETE FROM chore WHERE mailbox_id = $1
  AND NOT EXISTS (SELECT 1 FROM orphan WHERE mailbox_id = $1)
  AND NOT EXISTS (SELECT 1 FROM mailbox AS m JOIN change AS c ON c.mailbox_id = m.mailbox_id
    WHERE m.mailbox_id = $1 AND c.mailbox_id = $1 AND c.modseq <= m.log_floor)`;
const SELECT_OLD_TRACKING =
  'SELECT tracking_id, at_ms FROM tracking WHERE at_ms < $1 ORDER BY at_ms, tracking_id LIMIT $2';
const DELETE_TRACKING =
  'DELETE FROM tracking WHERE at_ms < $1 AND at_ms >= $2 AND tracking_id = ANY($3::bigint[])';
const SELECT_PROMISE = 'SELECT 1 FROM promise LIMIT 1';
const SELECT_LOOSE = 'SELECT mailbox_id, blob FROM loose_blob WHERE since_ms <= $1 LIMIT $2';
const DELETE_LOOSE = `DELETE FROM loose_blob WHERE since_ms <= $1 AND blob = ANY($2::text[])`;

export interface CleanUpParts {
  readonly pool: Pool;
  readonly executor: Executor;
  readonly clock: Clock;
  /** How long a blob stays after the last content that showed it: longer than any ingest is under way. */
  readonly blobGraceMs: number;
}

/** Keeps promises that are left over, and removes a bounded amount of what nothing refers to. */
export async function cleanUp(parts: CleanUpParts, command: CleanUp): Promise<CleanedUp> {
  await keepPromises(parts);
  const events = await pruneTracking(parts.pool, command);
  const chores = await doChores(parts, command);
  const blobs = await takeLooseBlobs(parts, command.contentsMax);
  return {
    contents: chores.contents,
    blobs: blobs.stray,
    more: chores.more || events === command.contentsMax || blobs.more,
  };
}

/** What is owed by nodes that are gone, or that could not reach a mailbox, is delivered. */
export async function keepPromises({
  pool,
  executor,
  clock,
}: Omit<CleanUpParts, 'blobGraceMs'>): Promise<void> {
  const madeBeforeMs = clock.now() - PROMISE_GRACE_MS;
  const found = await pool.ask(OWNER, (connection) =>
    findPromises(connection, madeBeforeMs, PROMISES_AT_ONCE),
  );
  for (const promised of found) {
    try {
      await keepPromise(pool, executor, promised);
    } catch {
      // It stands, and is tried again the next time; those behind it do not wait for it.
    }
  }
}

async function keepPromise(pool: Pool, executor: Executor, promised: Promised): Promise<void> {
  for (const mailboxId of promised.others) {
    const folders = promised.ingest.targets;
    const scope = { directory: false, mailboxIds: [mailboxId], folders, keywords: folders };
    await executor.transact(OWNER, scope, (tx) =>
      keepPart(tx, mailboxId, promised, promised.mailboxId),
    );
  }
  await forgetPromises(pool, promised.mailboxId, promised.others, [promised]);
}

async function pruneTracking(pool: Pool, command: CleanUp): Promise<number> {
  const { trackingBeforeMs, contentsMax } = command;
  if (trackingBeforeMs === undefined) return 0;
  const old = await pool.ask(OWNER, (connection) =>
    connection.query(SELECT_OLD_TRACKING, trackingBeforeMs, contentsMax),
  );
  if (old.length > 0) {
    const ids = numberArray(old.map((row) => row[0] as number));
    const fromMs = old[0]![1] as number;
    await pool.ask(OWNER, (connection) =>
      connection.query(DELETE_TRACKING, trackingBeforeMs, fromMs, ids),
    );
  }
  return old.length;
}

async function doChores(
  { pool, clock }: CleanUpParts,
  { contentsMax, keepChanges }: CleanUp,
): Promise<{ readonly contents: number; readonly more: boolean }> {
  const chores = await pool.ask(OWNER, (connection) =>
    connection.query(SELECT_CHORES, CHORES_AT_ONCE),
  );
  let contents = 0;
  let changes = 0;
  let looked = 0;
  for (const [id] of chores) {
    if (contents >= contentsMax || changes >= contentsMax) break;
    const mailboxId = id as MailboxId;
    const answers = await pool.ask(OWNER, async (connection) => {
      try {
        return await connection.flight([
          ['BEGIN'],
          [LOCK_MAILBOX, mailboxId],
          [RAISE_FLOOR, mailboxId, keepChanges, Math.ceil(keepChanges / 10)],
          [PRUNE_LOG, mailboxId, contentsMax - changes],
          [REMOVE_ORPHANS, mailboxId, contentsMax - contents, clock.now()],
          [END_CHORE, mailboxId],
          ['COMMIT'],
        ]);
      } catch (error) {
        if (!connection.broken) await connection.query('ROLLBACK');
        throw error;
      }
    });
    changes += answers[3]!.length;
    contents += answers[4]![0]![0] as number;
    looked++;
  }
  const bound = contents >= contentsMax || changes >= contentsMax;
  return { contents, more: bound || looked < chores.length || looked === CHORES_AT_ONCE };
}

/** Of the blobs that lost a content long enough ago, those that no other content shows. */
async function takeLooseBlobs(
  { pool, clock, blobGraceMs }: CleanUpParts,
  limit: number,
): Promise<{ readonly stray: readonly string[]; readonly more: boolean }> {
  const untilMs = clock.now() - blobGraceMs;
  return await pool.ask(OWNER, async (connection) => {
    const [promises, loose] = await connection.flight([
      [SELECT_PROMISE],
      [SELECT_LOOSE, untilMs, limit],
    ]);
    if (promises!.length > 0 || loose!.length === 0) return { stray: [], more: false };
    const blobs = [...new Set(loose!.map((row) => row[1] as string))];
    const stray = await readStrayBlobs(connection, blobs);
    await connection.query(DELETE_LOOSE, untilMs, textArray(blobs));
    return { stray, more: loose!.length === limit };
  });
}
