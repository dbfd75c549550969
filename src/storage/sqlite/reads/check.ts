import { setImmediate as nextTurn } from 'node:timers/promises';
import { Flag } from '#model';
import type { Blobs } from '../../blobs/port.ts';
import { checkBlobs, checkContent, type StoredContent } from '../../check-content.ts';
import type { Problem } from '../../reads.ts';
import type { Row, Statements } from '../statements.ts';

type Progress = (done: number, total: number) => void;

const CONTENTS_AT_ONCE = 200;

/** Set-based checks: each row a query gives is one problem, the template names its columns. */
const CHECKS: readonly {
  readonly kind: Problem['kind'];
  readonly sql: string;
  text(row: Row): string;
}[] = [
  {
    kind: 'reference',
    sql: `SELECT e.mailbox_id, e.folder_id, e.uid, e.content_id FROM entry AS e
      WHERE NOT EXISTS (SELECT 1 FROM content AS c WHERE c.content_id = e.content_id)`,
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
    sql: `SELECT c.content_id, coalesce(r.refs, 1), count(e.uid) FROM content AS c
      LEFT JOIN content_ref AS r ON r.content_id = c.content_id
      LEFT JOIN entry AS e ON e.content_id = c.content_id
      WHERE NOT EXISTS (SELECT 1 FROM orphan AS o WHERE o.content_id = c.content_id)
      GROUP BY c.content_id HAVING coalesce(r.refs, 1) <> count(e.uid)`,
    text: (row) => `content ${row[0]}: ${row[1]} references counted, ${row[2]} there`,
  },
  {
    kind: 'reference',
    sql: `SELECT o.content_id, count(*) FROM orphan AS o JOIN entry AS e ON e.content_id = o.content_id GROUP BY 1`,
    text: (row) => `content ${row[0]} is to be cleaned up, but ${row[1]} messages show it`,
  },
  {
    kind: 'counter',
    sql: `SELECT f.mailbox_id, f.name,
        f.messages || '/' || f.unseen || '/' || f.deleted || '/' || f.size_bytes AS counted,
        count(e.uid) || '/' || coalesce(sum(e.flags & ${Flag.Seen} = 0), 0) || '/' ||
          coalesce(sum(e.flags & ${Flag.Deleted} <> 0), 0) || '/' || coalesce(sum(e.size_bytes), 0) AS there
      FROM folder AS f LEFT JOIN entry AS e ON e.mailbox_id = f.mailbox_id AND e.folder_id = f.folder_id
      GROUP BY f.mailbox_id, f.folder_id HAVING counted <> there`,
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
    sql: `SELECT m.mailbox_id, m.used_messages || '/' || m.used_bytes AS counted,
        coalesce(sum(f.messages), 0) || '/' || coalesce(sum(f.size_bytes), 0) AS there
      FROM mailbox AS m LEFT JOIN folder AS f ON f.mailbox_id = m.mailbox_id
      GROUP BY m.mailbox_id HAVING counted <> there`,
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

/** Verifies a whole database and its blobs. */
export async function* checkDatabase(
  sql: Statements,
  blobs: Blobs,
  progress: Progress,
): AsyncIterable<Problem> {
  for (const [text] of sql.rows('PRAGMA integrity_check'))
    if (text !== 'ok') yield { kind: 'database', text: String(text) };
  for (const { kind, sql: query, text } of CHECKS) {
    for (const row of sql.rows(query)) yield { kind, text: text(row) };
    await nextTurn();
  }
  yield* checkContents(sql, blobs, progress);
  yield* checkBlobs(blobSizes(sql), blobs);
}

const SELECT_EXISTS = 'SELECT 1 FROM content WHERE content_id = ?';
const COUNT_CONTENTS = 'SELECT count(*) FROM content';
const SELECT_CONTENTS = `SELECT content_id, size_bytes, head_bytes, blob, hash, head, body FROM content
  WHERE content_id > ? ORDER BY content_id LIMIT +?`;

async function* checkContents(
  sql: Statements,
  blobs: Blobs,
  progress: Progress,
): AsyncIterable<Problem> {
  const total = sql.row(COUNT_CONTENTS)?.[0] as number;
  let done = 0;
  for (let after = 0; ; ) {
    const rows = sql.rows(SELECT_CONTENTS, after, CONTENTS_AT_ONCE);
    if (rows.length === 0) return;
    for (const row of rows) {
      const problem = await checkContent(storedContent(row), blobs);
      // In a running server it may just have been removed.
      if (problem !== undefined && sql.row(SELECT_EXISTS, row[0] as number) !== undefined)
        yield problem;
    }
    // The thread has other work too.
    await nextTurn();
    done += rows.length;
    after = rows.at(-1)![0] as number;
    progress(done, total);
  }
}

function storedContent(row: Row): StoredContent {
  const [contentId, sizeBytes, headBytes, blob, hash, head, body] = row as unknown as [
    number,
    number,
    number,
    string | null,
    Uint8Array,
    Uint8Array,
    Uint8Array | null,
  ];
  return { name: String(contentId), sizeBytes, headBytes, blob, hash, head, body };
}

function blobSizes(sql: Statements): ReadonlyMap<string, number> {
  const rows = sql.rows('SELECT blob, size_bytes - head_bytes FROM content WHERE blob IS NOT NULL');
  return new Map(rows.map(([blob, size]) => [blob as string, size as number]));
}
