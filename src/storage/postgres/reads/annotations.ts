import type { FolderId } from '#model';
import type { Annotation, AnnotationQuery } from '../../reads.ts';
import type { Connection } from '../connection.ts';
import { textArray } from '../literals.ts';

// Depth: 0 for the entry alone, 1 for a level below it, 2 for all levels. `0` follows the delimiter.
const WANTED = `EXISTS (SELECT 1 FROM unnest($1::text[]) AS w(name)
  WHERE a.entry = w.name OR ($2::integer > 0 AND a.entry > w.name || '/' AND a.entry < w.name || '0'
    AND ($2::integer > 1 OR position('/' in substr(a.entry, length(w.name) + 2)) = 0)))`;
const COLUMNS = 'SELECT a.folder_id, a.entry, a.value FROM annotation AS a';
const ORDER = 'ORDER BY a.folder_id, a.entry';
const SELECT_ONE = `${COLUMNS} WHERE a.mailbox_id = $3 AND a.folder_id = $5 AND a.viewer_id IN (0, $4) AND ${WANTED} ${ORDER}`;
const SELECT_ALL = `${COLUMNS} WHERE a.mailbox_id = $3 AND a.folder_id > 0 AND a.viewer_id IN (0, $4) AND ${WANTED} ${ORDER}`;
const SELECT_SERVER = `SELECT a.entry, a.value FROM server_annotation AS a WHERE ${WANTED} ORDER BY a.entry`;

type Wanted = Pick<AnnotationQuery, 'entries' | 'depth'>;

export async function readAnnotations(
  connection: Connection,
  { mailboxId, folderId, viewerId, ...wanted }: AnnotationQuery,
): Promise<readonly Annotation[]> {
  const which = [...wantedOf(wanted), mailboxId, viewerId] as const;
  const rows =
    folderId === undefined
      ? await connection.query(SELECT_ALL, ...which)
      : await connection.query(SELECT_ONE, ...which, folderId);
  return rows.map((row) => ({
    folderId: row[0] as FolderId,
    entry: row[1] as string,
    value: Buffer.from(row[2] as string, 'base64'),
  }));
}

export async function readServerAnnotations(
  connection: Connection,
  wanted: Wanted,
): Promise<readonly Omit<Annotation, 'folderId'>[]> {
  const rows = await connection.query(SELECT_SERVER, ...wantedOf(wanted));
  return rows.map((row) => ({
    entry: row[0] as string,
    value: Buffer.from(row[1] as string, 'base64'),
  }));
}

function wantedOf({ entries, depth }: Wanted): readonly [string, number] {
  return [textArray(entries), depth === 'infinity' ? 2 : depth];
}
