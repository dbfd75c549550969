import { assert, PosthornError } from '#kernel';
import { DELIMITER, type FolderId, INBOX_ID, type MailboxId, type SpecialUse } from '#model';
import type { CreateFolder, DeleteFolder, RenameFolder, Subscribe } from '../../commands.ts';
import type { Value } from '../connection.ts';
import { ALL_UIDS, numberArray, textArray } from '../literals.ts';
import type { MailboxState } from '../state.ts';
import type { Transaction } from '../transaction.ts';
import { copy } from './copy.ts';
import { removeAllEntries } from './expunge.ts';

/** Folders that one mailbox may have. */
const FOLDERS_MAX = 20_000;

const SELECT_NAMES = 'SELECT name FROM folder WHERE mailbox_id = $1 AND name = ANY($2::text[])';
const COUNT_FOLDERS = 'SELECT count(*) FROM folder WHERE mailbox_id = $1';
const SELECT_SPECIAL = 'SELECT 1 FROM folder WHERE mailbox_id = $1 AND special_use = $2';
const INSERT_FOLDER = `INSERT INTO folder(mailbox_id, folder_id, name, special_use, uid_validity, uid_next, highest_modseq,
    messages, unseen, deleted, size_bytes, recent_from)
  VALUES ($1, $2, $3, $4, $5, 1, $6, 0, 0, 0, 0, 1)`;
const DELETE_FOLDER = 'DELETE FROM folder WHERE mailbox_id = $1 AND folder_id = $2 RETURNING 1';
const INHERIT_RIGHTS = `INSERT INTO acl(mailbox_id, folder_id, grantee_id, negative, rights)
  SELECT a.mailbox_id, n.id, a.grantee_id, a.negative, a.rights
  FROM folder AS f JOIN acl AS a ON a.mailbox_id = f.mailbox_id AND a.folder_id = f.folder_id
    CROSS JOIN unnest($3::bigint[]) AS n(id)
  WHERE f.mailbox_id = $1 AND f.name = $2`;
const DELETE_RIGHTS = 'DELETE FROM acl WHERE mailbox_id = $1 AND folder_id = $2';
const DELETE_ANNOTATIONS = 'DELETE FROM annotation WHERE mailbox_id = $1 AND folder_id = $2';
const DELETE_CHANGES = 'DELETE FROM change WHERE mailbox_id = $1 AND folder_id = $2';
// The subtree below a name: names that begin with it and the delimiter.
const BELOW = `mailbox_id = $1 AND name > $2::text || '/' AND name < $2::text || '0'`;
const SELECT_BELOW = `SELECT name FROM folder WHERE ${BELOW}`;
const RENAME_ONE = 'UPDATE folder SET name = $3 WHERE mailbox_id = $1 AND folder_id = $2';
const RENAME_BELOW = `UPDATE folder SET name = $3::text || substr(name, length($2::text) + 1) WHERE ${BELOW}`;
const INSERT_SUBSCRIPTION =
  'INSERT INTO subscription(mailbox_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1';
const DELETE_SUBSCRIPTION =
  'DELETE FROM subscription WHERE mailbox_id = $1 AND name = $2 RETURNING 1';

/** Creates a folder and what is missing above it (RFC 9051 §6.3.4). */
export async function createFolder(
  tx: Transaction,
  command: CreateFolder,
): Promise<{ folderId: FolderId }> {
  const mailbox = tx.mailbox(command.mailboxId);
  const { name, specialUse } = command;
  const known = await existing(tx, mailbox.mailboxId, [name, ...parentsOf(name)]);
  if (known.has(name)) throw new PosthornError('folder-exists');
  // RFC 6154 §3: a special use that another folder has is refused.
  if (
    specialUse !== undefined &&
    (await tx.select(SELECT_SPECIAL, mailbox.mailboxId, specialUse)).length > 0
  )
    throw new PosthornError('special-use', `another folder is ${specialUse} already`);
  const missing = parentsOf(name).filter((parent) => !known.has(parent));
  await checkRoomFor(tx, mailbox.mailboxId, missing.length + 1);
  tx.foldersChanged(mailbox);
  const above = await insertParents(tx, mailbox, missing);
  const folderId = await insertFolder(tx, mailbox, name, specialUse);
  await inheritRights(tx, mailbox.mailboxId, missing[0] ?? name, [...above, folderId]);
  return { folderId };
}

async function insertParents(
  tx: Transaction,
  mailbox: MailboxState,
  missing: readonly string[],
): Promise<FolderId[]> {
  const folderIds: FolderId[] = [];
  for (const parent of missing) folderIds.push(await insertFolder(tx, mailbox, parent, undefined));
  return folderIds;
}

/** Gives new folders the rights of the folder above the topmost of them (RFC 4314 §4). */
async function inheritRights(
  tx: Transaction,
  mailboxId: MailboxId,
  topmost: string,
  folderIds: readonly FolderId[],
): Promise<void> {
  const end = topmost.lastIndexOf(DELIMITER);
  if (end >= 0)
    await tx.write(INHERIT_RIGHTS, mailboxId, topmost.slice(0, end), numberArray(folderIds));
}

/** Writes the row of a new folder. */
export async function insertFolder(
  tx: Transaction,
  mailbox: MailboxState,
  name: string,
  specialUse: SpecialUse | undefined,
): Promise<FolderId> {
  const { mailboxId } = mailbox;
  const folderId = mailbox.nextFolderId++ as FolderId;
  // A name used again must get a higher UIDVALIDITY (RFC 9051 §2.3.1.1).
  const uidValidity = Math.max(mailbox.lastUidValidity + 1, Math.floor(tx.nowMs / 1000));
  mailbox.lastUidValidity = uidValidity;
  mailbox.dirty = true;
  const values: readonly Value[] = [
    mailboxId,
    folderId,
    name,
    specialUse ?? null,
    uidValidity,
    mailbox.modSeq,
  ];
  await tx.write(INSERT_FOLDER, ...values);
  tx.addFolder({
    mailboxId,
    folderId,
    name,
    specialUse,
    uidValidity,
    uidNext: 1,
    highestModSeq: mailbox.modSeq,
    messages: 0,
    unseen: 0,
    deleted: 0,
    sizeBytes: 0,
    recentFrom: 1,
    dirty: false,
  });
  return folderId;
}

/** Renames a folder and the subtree below it (RFC 9051 §6.3.6). */
export async function renameFolder(
  tx: Transaction,
  command: RenameFolder,
): Promise<{ folderId: FolderId }> {
  const mailbox = tx.mailbox(command.mailboxId);
  const { mailboxId, folderId, name } = command;
  const source = tx.folder(command);
  const oldName = source.name;
  if (folderId === INBOX_ID) return await renameInbox(tx, mailbox, command);
  const known = await existing(tx, mailboxId, [name, ...parentsOf(name)]);
  if (known.has(name)) throw new PosthornError('folder-exists');
  if (name.startsWith(oldName + DELIMITER))
    throw new PosthornError('folder-name', 'a folder cannot be moved below itself');
  const below = await tx.select(SELECT_BELOW, mailboxId, oldName);
  const moved = below.map((row) => name + (row[0] as string).slice(oldName.length));
  const [taken] = await existing(tx, mailboxId, moved);
  if (taken !== undefined) throw new PosthornError('folder-exists', `${taken} exists already`);
  const missing = parentsOf(name).filter((parent) => !known.has(parent));
  await checkRoomFor(tx, mailboxId, missing.length);
  tx.foldersChanged(mailbox);
  const above = await insertParents(tx, mailbox, missing);
  if (above.length > 0) await inheritRights(tx, mailboxId, missing[0]!, above);
  await tx.write(RENAME_ONE, mailboxId, folderId, name);
  await tx.write(RENAME_BELOW, mailboxId, oldName, name);
  tx.renameFolders(mailboxId, (old) =>
    old === oldName || old.startsWith(oldName + DELIMITER) ? name + old.slice(oldName.length) : old,
  );
  return { folderId };
}

/** Moves INBOX's messages into a new folder; INBOX stays, empty (RFC 9051 §6.3.6). */
async function renameInbox(
  tx: Transaction,
  mailbox: MailboxState,
  command: RenameFolder,
): Promise<{ folderId: FolderId }> {
  const { mailboxId } = mailbox;
  const created = await createFolder(tx, {
    kind: 'create-folder',
    mailboxId,
    name: command.name,
    specialUse: undefined,
  });
  const to = { mailboxId, folderId: created.folderId };
  await copy(tx, { kind: 'copy', mailboxId, folderId: INBOX_ID, uids: ALL_UIDS, to, move: true });
  return created;
}

/** Removes a folder with its entries (RFC 9051 §6.3.5). */
export async function deleteFolder(
  tx: Transaction,
  command: DeleteFolder,
): Promise<{ name: string }> {
  const mailbox = tx.mailbox(command.mailboxId);
  const { mailboxId, folderId } = command;
  const { name } = tx.folder(command);
  if (folderId === INBOX_ID) throw new PosthornError('folder-fixed', 'INBOX cannot be deleted');
  if ((await tx.select(SELECT_BELOW, mailboxId, name)).length > 0)
    throw new PosthornError('folder-has-children');
  await removeAllEntries(tx, command);
  tx.foldersChanged(mailbox);
  tx.publish(`${mailboxId}/${folderId}`, {
    kind: 'entries',
    mailboxId,
    folderId,
    modSeq: mailbox.modSeq as never,
  });
  await tx.flushRows();
  const gone = await tx.write(DELETE_FOLDER, mailboxId, folderId);
  assert(gone.length === 1, 'the folder was there');
  await tx.write(DELETE_CHANGES, mailboxId, folderId);
  await tx.write(DELETE_RIGHTS, mailboxId, folderId);
  await tx.write(DELETE_ANNOTATIONS, mailboxId, folderId);
  tx.removeFolder(command);
  return { name };
}

/** Changes the list of subscribed names. */
export async function subscribe(
  tx: Transaction,
  command: Subscribe,
): Promise<{ changed: boolean }> {
  const mailbox = tx.mailbox(command.mailboxId);
  const sql = command.on ? INSERT_SUBSCRIPTION : DELETE_SUBSCRIPTION;
  const changed = (await tx.write(sql, command.mailboxId, command.name)).length > 0;
  if (changed) tx.foldersChanged(mailbox);
  return { changed };
}

/** Those of the names that are folders. */
async function existing(
  tx: Transaction,
  mailboxId: MailboxId,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const rows = await tx.select(SELECT_NAMES, mailboxId, textArray(names));
  return new Set(rows.map((row) => row[0] as string));
}

/** The names above a name, from the root down. */
function parentsOf(name: string): readonly string[] {
  const parents: string[] = [];
  for (let at = name.indexOf(DELIMITER); at >= 0; at = name.indexOf(DELIMITER, at + 1))
    parents.push(name.slice(0, at));
  return parents;
}

async function checkRoomFor(tx: Transaction, mailboxId: MailboxId, more: number): Promise<void> {
  const [row] = await tx.select(COUNT_FOLDERS, mailboxId);
  if ((row![0] as number) + more > FOLDERS_MAX)
    throw new PosthornError('too-many', `a mailbox has at most ${FOLDERS_MAX} folders`);
}
