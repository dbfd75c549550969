import type { FolderId } from '#model';
import type { Annotation, AnnotationQuery } from '../../reads.ts';
import type { Statements } from '../statements.ts';

// Depth: 0 for the entry alone, 1 for a level below it, 2 for all levels. `0` follows the delimiter.
const WANTED = `EXISTS (SELECT 1 FROM json_each(?) AS w, (SELECT ? AS levels) AS d
  WHERE a.entry = w.value OR (d.levels > 0 AND a.entry > w.value || '/' AND a.entry < w.value || '0'
    AND (d.levels > 1 OR instr(substr(a.entry, length(w.value) + 2), '/') = 0)))`;
const COLUMNS = 'SELECT a.folder_id, a.entry, a.value FROM annotation AS a';
const ORDER = 'ORDER BY a.folder_id, a.entry';
const SELECT_ONE = `${COLUMNS} WHERE a.mailbox_id = ? AND a.folder_id = ? AND a.viewer_id IN (0, ?) AND ${WANTED} ${ORDER}`;
const SELECT_ALL = `${COLUMNS} WHERE a.mailbox_id = ? AND a.folder_id > 0 AND a.viewer_id IN (0, ?) AND ${WANTED} ${ORDER}`;
const SELECT_SERVER = `SELECT a.entry, a.value FROM server_annotation AS a WHERE ${WANTED} ORDER BY a.entry`;

type Wanted = Pick<AnnotationQuery, 'entries' | 'depth'>;

export function readAnnotations(
  sql: Statements,
  { mailboxId, folderId, viewerId, ...wanted }: AnnotationQuery,
): readonly Annotation[] {
  const which = wantedOf(wanted);
  const rows =
    folderId === undefined
      ? sql.rows(SELECT_ALL, mailboxId, viewerId, ...which)
      : sql.rows(SELECT_ONE, mailboxId, folderId, viewerId, ...which);
  return rows.map((row) => ({
    folderId: row[0] as FolderId,
    entry: row[1] as string,
    value: Buffer.from(row[2] as string, 'base64'),
  }));
}

export function readServerAnnotations(
  sql: Statements,
  wanted: Wanted,
): readonly Omit<Annotation, 'folderId'>[] {
  return sql.rows(SELECT_SERVER, ...wantedOf(wanted)).map((row) => ({
    entry: row[0] as string,
    value: Buffer.from(row[1] as string, 'base64'),
  }));
}

function wantedOf({ entries, depth }: Wanted): readonly [string, number] {
  return [JSON.stringify(entries), depth === 'infinity' ? 2 : depth];
}
