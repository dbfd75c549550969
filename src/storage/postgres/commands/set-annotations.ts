import { type FolderId, SERVER_ID } from '#model';
import { type AnnotationCounts, checkAnnotationCounts } from '../../annotation-limits.ts';
import type {
  AnnotationChange,
  FolderRef,
  SetAnnotations,
  SetServerAnnotations,
} from '../../commands.ts';
import type { Row, Value } from '../connection.ts';
import { textArray } from '../literals.ts';
import type { Transaction } from '../transaction.ts';

const HERE = 'folder_id = $2 AND viewer_id = $3';
const NAMED = 'entry = ANY($4::text[])';
const COUNT = `SELECT count(*), coalesce(sum(octet_length(value)), 0), count(*) FILTER (WHERE ${HERE}),
    count(*) FILTER (WHERE ${HERE} AND ${NAMED}), coalesce(sum(octet_length(value)) FILTER (WHERE ${HERE} AND ${NAMED}), 0)
  FROM annotation WHERE mailbox_id = $1`;
const DELETE = `DELETE FROM annotation WHERE mailbox_id = $1 AND ${HERE} AND ${NAMED} RETURNING 1`;
const PUT = `INSERT INTO annotation(mailbox_id, folder_id, viewer_id, entry, value)
  SELECT $1::bigint, $2::bigint, $3::bigint, * FROM unnest($4::text[], $5::text[])
  ON CONFLICT(mailbox_id, folder_id, viewer_id, entry) DO UPDATE SET value = excluded.value RETURNING 1`;
const COUNT_SERVER = `SELECT 0, 0, count(*), count(*) FILTER (WHERE entry = ANY($1::text[])), 0 FROM server_annotation`;
const DELETE_SERVER = 'DELETE FROM server_annotation WHERE entry = ANY($1::text[]) RETURNING 1';
const PUT_SERVER = `INSERT INTO server_annotation(entry, value) SELECT * FROM unnest($1::text[], $2::text[])
  ON CONFLICT(entry) DO UPDATE SET value = excluded.value RETURNING 1`;

/** In place of a viewer: everybody. */
const EVERYBODY = 0;

/** Where annotations are, and who sees them. */
type Place = FolderRef & { readonly viewerId: number };

/** Annotates a folder, for everybody and for one viewer. */
export async function setAnnotations(
  tx: Transaction,
  command: SetAnnotations,
): Promise<{ changed: boolean }> {
  const { mailboxId, folderId, viewerId, shared, own } = command;
  const mailbox = tx.mailbox(mailboxId);
  tx.folder(command);
  const parts = [
    [{ mailboxId, folderId, viewerId: EVERYBODY }, shared],
    [{ mailboxId, folderId, viewerId }, own],
  ] as const;
  for (const [place, changes] of parts) await check(tx, place, changes);
  let rows = 0;
  for (const [place, changes] of parts) rows += await write(tx, place, changes);
  if (rows > 0) tx.foldersChanged(mailbox);
  return { changed: rows > 0 };
}

/** Annotates the server, for everybody and for one viewer. */
export async function setServerAnnotations(
  tx: Transaction,
  { viewerId, shared, own }: SetServerAnnotations,
): Promise<{ changed: boolean }> {
  const place = { mailboxId: viewerId, folderId: SERVER_ID as FolderId, viewerId };
  const mailbox = own.length === 0 ? undefined : tx.mailbox(viewerId);
  await check(tx, place, own);
  await checkServer(tx, shared);
  const ofServer = await writeServer(tx, shared);
  const ofViewer = await write(tx, place, own);
  if (ofServer > 0) tx.directoryChanged();
  if (ofViewer > 0 && mailbox !== undefined) tx.foldersChanged(mailbox);
  return { changed: ofServer + ofViewer > 0 };
}

async function check(
  tx: Transaction,
  { mailboxId, folderId, viewerId }: Place,
  changes: readonly AnnotationChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const [row] = await tx.select(COUNT, mailboxId, folderId, viewerId, namesOf(changes));
  checkAnnotationCounts(countsOf(row!), changes);
}

async function checkServer(tx: Transaction, changes: readonly AnnotationChange[]): Promise<void> {
  if (changes.length === 0) return;
  const [row] = await tx.select(COUNT_SERVER, namesOf(changes));
  checkAnnotationCounts(countsOf(row!), changes);
}

function countsOf(row: Row): AnnotationCounts {
  const [inMailbox, textInMailbox, inPlace, touched, textTouched] = row as unknown as Counts;
  return { inMailbox, textInMailbox, inPlace, touched, textTouched };
}

type Counts = readonly [number, number, number, number, number];

/** Gives how many rows were written. */
async function write(
  tx: Transaction,
  { mailboxId, folderId, viewerId }: Place,
  changes: readonly AnnotationChange[],
): Promise<number> {
  return await writeBoth(tx, changes, [DELETE, PUT], [mailboxId, folderId, viewerId]);
}

async function writeServer(tx: Transaction, changes: readonly AnnotationChange[]): Promise<number> {
  return await writeBoth(tx, changes, [DELETE_SERVER, PUT_SERVER], []);
}

/** Deletes what goes and puts what stays, where there is any of it. */
async function writeBoth(
  tx: Transaction,
  changes: readonly AnnotationChange[],
  [deletion, put]: readonly [string, string],
  at: readonly Value[],
): Promise<number> {
  const gone = changes.filter(({ value }) => value === undefined);
  const staying = kept(changes);
  let rows = 0;
  if (gone.length > 0) rows += (await tx.write(deletion, ...at, namesOf(gone))).length;
  if (staying.length > 0) {
    const values = textArray(staying.map(({ value }) => Buffer.from(value!).toString('base64')));
    rows += (await tx.write(put, ...at, namesOf(staying), values)).length;
  }
  return rows;
}

function kept(changes: readonly AnnotationChange[]): readonly AnnotationChange[] {
  return changes.filter(({ value }) => value !== undefined);
}

function namesOf(changes: readonly AnnotationChange[]): string {
  return textArray(changes.map(({ entry }) => entry));
}
