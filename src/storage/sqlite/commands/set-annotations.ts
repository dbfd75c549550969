import { type FolderId, SERVER_ID } from '#model';
import { type AnnotationCounts, checkAnnotationCounts } from '../../annotation-limits.ts';
import type {
  AnnotationChange,
  FolderRef,
  SetAnnotations,
  SetServerAnnotations,
} from '../../commands.ts';
import type { Row } from '../statements.ts';
import type { Transaction } from '../transaction.ts';
import { directoryChanged } from './directory.ts';

const NAMED = 'entry IN (SELECT value FROM json_each(?))';
const HERE = 'folder_id = ? AND viewer_id = ?';
const COUNT = `WITH own AS MATERIALIZED (
    SELECT octet_length(value) AS size, ${HERE} AS here, ${HERE} AND ${NAMED} AS touched FROM annotation WHERE mailbox_id = ?
  )
  SELECT count(*), coalesce(sum(size), 0), count(*) FILTER (WHERE here), count(*) FILTER (WHERE touched),
    coalesce(sum(size) FILTER (WHERE touched), 0)
  FROM own`;
const DELETE = `DELETE FROM annotation WHERE mailbox_id = ? AND ${HERE} AND ${NAMED}`;
const PAIRS = 'SELECT value ->> 0, value ->> 1 FROM json_each(?)';
const PUT = `INSERT OR REPLACE INTO annotation(mailbox_id, folder_id, viewer_id, entry, value)
  SELECT ?, ?, ?, * FROM (${PAIRS})`;
const COUNT_SERVER = `SELECT 0, 0, count(*), count(*) FILTER (WHERE ${NAMED}), 0 FROM server_annotation`;
const DELETE_SERVER = `DELETE FROM server_annotation WHERE ${NAMED}`;
const PUT_SERVER = `INSERT OR REPLACE INTO server_annotation(entry, value) ${PAIRS}`;

/** In place of a viewer: everybody. */
const EVERYBODY = 0;

/** Where annotations are, and who sees them. */
type Place = FolderRef & { readonly viewerId: number };

/** Annotates a folder, for everybody and for one viewer. */
export function setAnnotations(tx: Transaction, command: SetAnnotations): { changed: boolean } {
  const { mailboxId, folderId, viewerId, shared, own } = command;
  const mailbox = tx.mailbox(mailboxId);
  tx.folder(command);
  const parts = [
    [{ mailboxId, folderId, viewerId: EVERYBODY }, shared],
    [{ mailboxId, folderId, viewerId }, own],
  ] as const;
  for (const [place, changes] of parts) check(tx, place, changes);
  let rows = 0;
  for (const [place, changes] of parts) rows += write(tx, place, changes);
  if (rows > 0) tx.foldersChanged(mailbox);
  return { changed: rows > 0 };
}

/** Annotates the server, for everybody and for one viewer. */
export function setServerAnnotations(
  tx: Transaction,
  { viewerId, shared, own }: SetServerAnnotations,
): { changed: boolean } {
  const place = { mailboxId: viewerId, folderId: SERVER_ID as FolderId, viewerId };
  const mailbox = own.length === 0 ? undefined : tx.mailbox(viewerId);
  check(tx, place, own);
  checkServer(tx, shared);
  const ofServer = writeServer(tx, shared);
  const ofViewer = write(tx, place, own);
  if (ofServer > 0) directoryChanged(tx);
  if (ofViewer > 0 && mailbox !== undefined) tx.foldersChanged(mailbox);
  return { changed: ofServer + ofViewer > 0 };
}

function check(
  tx: Transaction,
  { mailboxId, folderId, viewerId }: Place,
  changes: readonly AnnotationChange[],
): void {
  if (changes.length === 0) return;
  const here = [folderId, viewerId] as const;
  const row = tx.sql.row(COUNT, ...here, ...here, namesOf(changes), mailboxId);
  checkAnnotationCounts(countsOf(row!), changes);
}

function checkServer(tx: Transaction, changes: readonly AnnotationChange[]): void {
  if (changes.length === 0) return;
  const row = tx.sql.row(COUNT_SERVER, namesOf(changes));
  checkAnnotationCounts(countsOf(row!), changes);
}

function countsOf(row: Row): AnnotationCounts {
  const [inMailbox, textInMailbox, inPlace, touched, textTouched] = row as unknown as Counts;
  return { inMailbox, textInMailbox, inPlace, touched, textTouched };
}

type Counts = readonly [number, number, number, number, number];

/** Gives how many rows were written. */
function write(tx: Transaction, place: Place, changes: readonly AnnotationChange[]): number {
  if (changes.length === 0) return 0;
  const { mailboxId, folderId, viewerId } = place;
  const at = [mailboxId, folderId, viewerId] as const;
  const gone = changes.filter(({ value }) => value === undefined);
  return tx.sql.run(DELETE, ...at, namesOf(gone)) + tx.sql.run(PUT, ...at, pairsOf(changes));
}

function writeServer(tx: Transaction, changes: readonly AnnotationChange[]): number {
  if (changes.length === 0) return 0;
  const gone = changes.filter(({ value }) => value === undefined);
  return tx.sql.run(DELETE_SERVER, namesOf(gone)) + tx.sql.run(PUT_SERVER, pairsOf(changes));
}

function kept(changes: readonly AnnotationChange[]): readonly AnnotationChange[] {
  return changes.filter(({ value }) => value !== undefined);
}

function namesOf(changes: readonly AnnotationChange[]): string {
  return JSON.stringify(changes.map(({ entry }) => entry));
}

function pairsOf(changes: readonly AnnotationChange[]): string {
  return JSON.stringify(
    kept(changes).map(({ entry, value }) => [entry, Buffer.from(value!).toString('base64')]),
  );
}
