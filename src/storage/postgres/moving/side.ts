import type { MailboxId, ModSeq } from '#model';
import type { FolderRef } from '../../commands.ts';
import type { MailboxParts, MailboxStamp } from '../../moving/port.ts';
import type { Connection, Row, Statement } from '../connection.ts';
import type { Pool } from '../pool.ts';
import { readFolders, readSubscriptions } from '../reads/folders.ts';

/** How long one question about everything may take. */
const ANSWER_MS = 3_600_000;

const SELECT_STAMPS = `SELECT m.mailbox_id, m.modseq, m.log_floor,
    (SELECT coalesce(sum(f.recent_from), 0)::bigint FROM folder AS f WHERE f.mailbox_id = m.mailbox_id),
    (SELECT count(*) FROM keyword AS k WHERE k.mailbox_id = m.mailbox_id)
  FROM mailbox AS m WHERE m.mailbox_id > $1 ORDER BY m.mailbox_id LIMIT $2`;
const SELECT_MAILBOX = `SELECT modseq, next_folder_id, last_uid_validity, used_bytes, used_messages, quota_bytes, quota_messages, log_floor
  FROM mailbox WHERE mailbox_id = $1`;
const SELECT_KEYWORDS = 'SELECT folded, name FROM keyword WHERE mailbox_id = $1 ORDER BY folded';
const SELECT_RIGHTS = `SELECT folder_id, grantee_id, negative, rights FROM acl WHERE mailbox_id = $1
  ORDER BY folder_id, grantee_id, negative`;
const SELECT_ANNOTATIONS = `SELECT folder_id, viewer_id, entry, value FROM annotation WHERE mailbox_id = $1
  ORDER BY folder_id, viewer_id, entry`;
const SELECT_UIDS =
  'SELECT array(SELECT uid FROM entry WHERE mailbox_id = $1 AND folder_id = $2 ORDER BY uid)::text';
const COUNT_ENTRIES = 'SELECT count(*) FROM entry';
// The same lines as those of the embedded engine.
const SUM_ENTRIES = `SELECT concat_ws('|', folder_id, flags, keywords, count(*), sum(uid), sum(modseq), sum(internal_ms), sum(saved_ms),
    sum(size_bytes), sum(uid % 65521 * (modseq % 65521)), sum(uid % 65521 * (internal_ms % 65521)),
    sum(uid % 65521 * (saved_ms % 65521)), sum(uid % 65521 * (size_bytes % 65521)))
  FROM entry WHERE mailbox_id = $1 GROUP BY folder_id, flags, keywords`;
// A change of the list of folders (kind m) has a row here and none in the embedded engine; nobody reads it.
const SUM_CHANGES = `SELECT concat_ws('|', 'log', c.folder_id, c.kind, count(*), sum(c.modseq), sum(c.modseq % 65521 * (c.modseq % 65521)))
  FROM mailbox AS m JOIN change AS c ON c.mailbox_id = m.mailbox_id
  WHERE m.mailbox_id = $1 AND c.modseq > m.log_floor AND c.kind <> 'm' GROUP BY c.folder_id, c.kind`;

export function readStamps(
  pool: Pool,
  after: number,
  limit: number,
): Promise<readonly MailboxStamp[]> {
  return pool.ask('a move', async (connection) =>
    (await connection.query(SELECT_STAMPS, after, limit)).map((row) => ({
      mailboxId: row[0] as MailboxId,
      modSeq: row[1] as ModSeq,
      logFloor: row[2] as number,
      recents: row[3] as number,
      keywords: row[4] as number,
    })),
  );
}

export function readParts(pool: Pool, mailboxId: MailboxId): Promise<MailboxParts | undefined> {
  return pool.ask('a move', (connection) =>
    inTransaction(connection, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', async () => {
      const [row] = await connection.query(SELECT_MAILBOX, mailboxId);
      if (row === undefined) return undefined;
      const keywords = await connection.query(SELECT_KEYWORDS, mailboxId);
      return {
        mailbox: {
          mailboxId,
          modSeq: row[0] as ModSeq,
          nextFolderId: row[1] as number,
          lastUidValidity: row[2] as number,
          usedBytes: row[3] as number,
          usedMessages: row[4] as number,
          quotaBytes: (row[5] as number | null) ?? undefined,
          quotaMessages: (row[6] as number | null) ?? undefined,
          logFloor: row[7] as number,
        },
        folders: await readFolders(connection, mailboxId),
        subscriptions: await readSubscriptions(connection, mailboxId),
        keywords: keywords.map(([folded, name]) => ({
          folded: folded as string,
          name: name as string,
        })),
        rights: (await connection.query(SELECT_RIGHTS, mailboxId)).map((row) => ({
          folderId: row[0] as number,
          granteeId: row[1] as number,
          negative: row[2] as number,
          rights: row[3] as string,
        })),
        annotations: (await connection.query(SELECT_ANNOTATIONS, mailboxId)).map((row) => ({
          folderId: row[0] as number,
          viewerId: row[1] as number,
          entry: row[2] as string,
          value: row[3] as string,
        })),
      };
    }),
  );
}

export async function readUids(
  pool: Pool,
  { mailboxId, folderId }: FolderRef,
): Promise<Uint32Array> {
  const [row] = await atLength(pool, [[SELECT_UIDS, mailboxId, folderId]]);
  const text = (row![0]![0] as string).slice(1, -1);
  return Uint32Array.from(text === '' ? [] : text.split(','), Number);
}

export async function readSums(pool: Pool, mailboxId: MailboxId): Promise<readonly string[]> {
  const answers = await atLength(pool, [
    [SUM_ENTRIES, mailboxId],
    [SUM_CHANGES, mailboxId],
  ]);
  return answers.flat().map((row) => row[0] as string);
}

export async function countMessages(pool: Pool): Promise<number> {
  const [rows] = await atLength(pool, [[COUNT_ENTRIES]]);
  return rows![0]![0] as number;
}

/** Does work on one connection between a beginning and a commit, or rolls it back. */
async function inTransaction<T>(
  connection: Connection,
  begin: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    await connection.query(begin);
    const outcome = await work();
    await connection.query('COMMIT');
    return outcome;
  } catch (error) {
    if (!connection.broken) await connection.query('ROLLBACK').catch(() => connection.destroy());
    throw error;
  }
}

/** Statements as one transaction in one flight; the rows of each. */
export function transact(
  pool: Pool,
  statements: readonly Statement[],
): Promise<readonly (readonly Row[])[]> {
  return pool.ask('a move', async (connection) => {
    try {
      const answers = await connection.flight([['BEGIN'], ...statements, ['COMMIT']]);
      return answers.slice(1, -1);
    } catch (error) {
      if (!connection.broken) await connection.query('ROLLBACK').catch(() => connection.destroy());
      throw error;
    }
  });
}

/** The same about everything there is: with plans of their own, and more time. */
export async function atLength(
  pool: Pool,
  statements: readonly Statement[],
): Promise<readonly (readonly Row[])[]> {
  return await pool.patiently(() =>
    pool.use(
      'a move',
      async (connection) => {
        try {
          const answers = await connection.flight([
            ['BEGIN'],
            ['SET LOCAL enable_seqscan = on'],
            ['SET LOCAL plan_cache_mode = auto'],
            [`SET LOCAL statement_timeout = ${ANSWER_MS}`],
            ...statements,
            ['COMMIT'],
          ]);
          return answers.slice(4, -1);
        } catch (error) {
          if (!connection.broken)
            await connection.query('ROLLBACK').catch(() => connection.destroy());
          throw error;
        }
      },
      ANSWER_MS,
    ),
  );
}
