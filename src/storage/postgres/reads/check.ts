import { Flag } from '#model';
import type { Blobs } from '../../blobs/port.ts';
import { checkBlobs, checkContent, type StoredContent } from '../../check-content.ts';
import type { Problem } from '../../reads.ts';
import type { Row, Statement } from '../connection.ts';
import type { Pool } from '../pool.ts';

type Progress = (done: number, total: number) => void;

const OWNER = 'check';
const CONTENTS_AT_ONCE = 20;
/** How long one question about everything may take. */
const ANSWER_MS = 3_600_000;

/** Set-based checks, each within a mailbox: each row a query gives is one problem, the template names its columns. */
const CHECKS: readonly {
  readonly kind: Problem['kind'];
  readonly sql: string;
  text(row: Row): string;
}[] = [
  {
    kind: 'reference',
    sql: `SELECT e.mailbox_id, e.folder_id, e.uid, e.content_id FROM entry AS e
      WHERE NOT EXISTS (SELECT 1 FROM content AS c WHERE c.mailbox_id = e.mailbox_id AND c.content_id = e.content_id)`,
    text: (row) => `mailbox ${row[0]} folder ${row[1]} uid ${row[2]}: content ${row[3]} is missing`,
  },
  {
    kind: 'reference',
    sql: `SELECT e.mailbox_id, e.folder_id, count(*) FROM entry AS e
      WHERE NOT EXISTS (SELECT 1 FROM folder AS f WHERE f.mailbox_id = e.mailbox_id AND f.folder_id = e.folder_id)
      GROUP BY 1, 2`,
    text: (row) => `mailbox ${row[0]} folder ${row[1]}: ${row[2]} messages, but no such folder`,
  },
  {
    kind: 'reference',
    sql: `SELECT c.mailbox_id, c.content_id, coalesce(min(r.refs), 1), count(e.uid) FROM content AS c
      LEFT JOIN content_ref AS r ON r.mailbox_id = c.mailbox_id AND r.content_id = c.content_id
      LEFT JOIN entry AS e ON e.mailbox_id = c.mailbox_id AND e.content_id = c.content_id
      WHERE NOT EXISTS (SELECT 1 FROM orphan AS o WHERE o.mailbox_id = c.mailbox_id AND o.content_id = c.content_id)
      GROUP BY c.mailbox_id, c.content_id HAVING coalesce(min(r.refs), 1) <> count(e.uid)`,
    text: (row) =>
      `mailbox ${row[0]} content ${row[1]}: ${row[2]} references counted, ${row[3]} there`,
  },
  {
    kind: 'reference',
    sql: `SELECT o.mailbox_id, o.content_id, count(*) FROM orphan AS o
      JOIN entry AS e ON e.mailbox_id = o.mailbox_id AND e.content_id = o.content_id GROUP BY 1, 2`,
    text: (row) =>
      `mailbox ${row[0]} content ${row[1]} is to be cleaned up, but ${row[2]} messages show it`,
  },
  {
    kind: 'counter',
    sql: `SELECT * FROM (SELECT f.mailbox_id, f.name,
        f.messages || '/' || f.unseen || '/' || f.deleted || '/' || f.size_bytes AS counted,
        count(e.uid) || '/' || coalesce(sum((e.flags & ${Flag.Seen} = 0)::integer), 0) || '/' ||
          coalesce(sum((e.flags & ${Flag.Deleted} <> 0)::integer), 0) || '/' || coalesce(sum(e.size_bytes), 0) AS there
      FROM folder AS f LEFT JOIN entry AS e ON e.mailbox_id = f.mailbox_id AND e.folder_id = f.folder_id
      GROUP BY f.mailbox_id, f.folder_id) AS folders WHERE counted <> there`,
    text: (row) =>
      `mailbox ${row[0]} folder ${row[1]}: messages/unseen/deleted/bytes counted ${row[2]}, there ${row[3]}`,
  },
  {
    kind: 'counter',
    sql: `SELECT f.mailbox_id, f.name, f.uid_next, f.highest_modseq, max(e.uid), max(e.modseq)
      FROM folder AS f JOIN entry AS e ON e.mailbox_id = f.mailbox_id AND e.folder_id = f.folder_id
      GROUP BY f.mailbox_id, f.folder_id HAVING max(e.uid) >= f.uid_next OR max(e.modseq) > f.highest_modseq`,
    text: (row) =>
      `mailbox ${row[0]} folder ${row[1]}: uidnext ${row[2]}, highest modseq ${row[3]}, but uid ${row[4]}, modseq ${row[5]} exist`,
  },
  {
    kind: 'counter',
    sql: `SELECT m.mailbox_id, m.modseq, max(f.highest_modseq) FROM mailbox AS m JOIN folder AS f ON f.mailbox_id = m.mailbox_id
      GROUP BY m.mailbox_id HAVING max(f.highest_modseq) > m.modseq`,
    text: (row) => `mailbox ${row[0]}: modseq ${row[1]}, but a folder has ${row[2]}`,
  },
  {
    kind: 'counter',
    sql: `SELECT * FROM (SELECT m.mailbox_id, m.used_messages || '/' || m.used_bytes AS counted,
        coalesce(sum(f.messages), 0) || '/' || coalesce(sum(f.size_bytes), 0) AS there
      FROM mailbox AS m LEFT JOIN folder AS f ON f.mailbox_id = m.mailbox_id
      GROUP BY m.mailbox_id) AS mailboxes WHERE counted <> there`,
    text: (row) => `mailbox ${row[0]}: messages/bytes counted ${row[1]}, there ${row[2]}`,
  },
  {
    kind: 'reference',
    sql: `SELECT a.address, a.mailbox_id FROM address AS a
      WHERE NOT EXISTS (SELECT 1 FROM recipient AS r JOIN mailbox AS m ON m.mailbox_id = r.mailbox_id
        WHERE r.mailbox_id = a.mailbox_id)`,
    text: (row) => `address ${row[0]} leads to mailbox ${row[1]}, which is missing`,
  },
  {
    kind: 'reference',
    sql: `SELECT a.mailbox_id, a.folder_id, count(*) FROM (SELECT mailbox_id, folder_id FROM acl
        UNION ALL SELECT mailbox_id, folder_id FROM annotation WHERE folder_id <> 0) AS a
      WHERE NOT EXISTS (SELECT 1 FROM folder AS f WHERE f.mailbox_id = a.mailbox_id AND f.folder_id = a.folder_id)
      GROUP BY 1, 2`,
    text: (row) =>
      `mailbox ${row[0]} folder ${row[1]}: ${row[2]} rights or annotations, but no such folder`,
  },
];

const COUNT_CONTENTS = 'SELECT count(*) FROM content';
const SELECT_CONTENTS = `SELECT mailbox_id, content_id, size_bytes, head_bytes, blob, hash, head, body FROM content
  WHERE (mailbox_id, content_id) > ($1::bigint, $2::bigint) ORDER BY mailbox_id, content_id LIMIT $3`;
const SELECT_EXISTS = 'SELECT 1 FROM content WHERE mailbox_id = $1 AND content_id = $2';
const SELECT_BLOBS =
  'SELECT DISTINCT blob, size_bytes - head_bytes FROM content WHERE blob IS NOT NULL';

/** Verifies a whole schema and its blobs. Its pages are PostgreSQL's own to verify: `pg_amcheck` and data checksums. */
export async function* checkDatabase(
  pool: Pool,
  blobs: Blobs,
  progress: Progress,
): AsyncIterable<Problem> {
  for (const { kind, sql, text } of CHECKS)
    for (const row of await askAll(pool, [sql])) yield { kind, text: text(row) };
  yield* checkContents(pool, blobs, progress);
  const sizes = new Map(
    (await askAll(pool, [SELECT_BLOBS])).map(([blob, size]) => [blob as string, size as number]),
  );
  yield* checkBlobs(sizes, blobs);
}

/** Asks about everything there is: with another plan than for a single mailbox, and more time. */
async function askAll(pool: Pool, question: Statement): Promise<readonly Row[]> {
  const answers = await pool.use(
    OWNER,
    (connection) =>
      connection.flight([
        ['BEGIN READ ONLY'],
        ['SET LOCAL enable_seqscan = on'],
        [`SET LOCAL statement_timeout = ${ANSWER_MS}`],
        question,
        ['COMMIT'],
      ]),
    ANSWER_MS,
  );
  return answers[3]!;
}

async function* checkContents(
  pool: Pool,
  blobs: Blobs,
  progress: Progress,
): AsyncIterable<Problem> {
  const total = (await askAll(pool, [COUNT_CONTENTS]))[0]![0] as number;
  let done = 0;
  let after = [0, 0];
  for (;;) {
    const [mailboxId, contentId] = after;
    const rows = await pool.ask(OWNER, (connection) =>
      connection.query(SELECT_CONTENTS, mailboxId!, contentId!, CONTENTS_AT_ONCE),
    );
    if (rows.length === 0) return;
    for (const row of rows) {
      const problem = await checkContent(storedContent(row), blobs);
      // In a running server it may just have been removed.
      if (problem !== undefined && (await isThere(pool, row))) yield problem;
    }
    done += rows.length;
    after = rows.at(-1)!.slice(0, 2) as number[];
    progress(done, total);
  }
}

async function isThere(pool: Pool, [mailboxId, contentId]: Row): Promise<boolean> {
  const rows = await pool.ask(OWNER, (connection) =>
    connection.query(SELECT_EXISTS, mailboxId as number, contentId as number),
  );
  return rows.length > 0;
}

function storedContent(row: Row): StoredContent {
  const [mailboxId, contentId, sizeBytes, headBytes, blob, hash, head, body] = row as unknown as [
    number,
    number,
    number,
    number,
    string | null,
    Buffer,
    Buffer,
    Buffer | null,
  ];
  return { name: `${mailboxId}/${contentId}`, sizeBytes, headBytes, blob, hash, head, body };
}
