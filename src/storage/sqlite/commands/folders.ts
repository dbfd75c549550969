import { assert, PosthornError } from '#kernel';
import { DELIMITER, type FolderId, INBOX_ID, type MailboxId, type SpecialUse } from '#model';
import type { CreateFolder, DeleteFolder, RenameFolder, Subscribe } from '../../commands.ts';
import { ALL_UIDS } from '../ranges.ts';
import type { MailboxState, Transaction } from '../transaction.ts';
import { copy } from './copy.ts';
import { removeAllEntries } from './expunge.ts';

/** Folders that one mailbox may have. */
const FOLDERS_MAX = 20_000;

const SELECT_BY_NAME =
  'SELECT folder_id, special_use FROM folder WHERE mailbox_id = ? AND name = ?';
const COUNT_FOLDERS = 'SELECT count(*) FROM folder WHERE mailbox_id = ?';
const SELECT_SPECIAL = 'SELECT 1 FROM folder WHERE mailbox_id = ? AND special_use = ?';
const INSERT_FOLDER = `INSERT INTO folder(mailbox_id, folder_id, name, special_use, uid_validity, uid_next, highest_modseq,
    messages, unseen, deleted, size_bytes, recent_from)
  VALUES (?, ?, ?, ?, ?, 1, ?, 0, 0, 0, 0, 1)`;
const DELETE_FOLDER = 'DELETE FROM folder WHERE mailbox_id = ? AND folder_id = ?';
const INHERIT_RIGHTS = `INSERT INTO acl(mailbox_id, folder_id, grantee_id, negative, rights)
  SELECT a.mailbox_id, n.value, a.grantee_id, a.negative, a.rights
  FROM folder AS f JOIN acl AS a ON a.mailbox_id = f.mailbox_id AND a.folder_id = f.folder_id CROSS JOIN json_each(?) AS n
  WHERE f.mailbox_id = ? AND f.name = ?`;
const DELETE_RIGHTS = 'DELETE FROM acl WHERE mailbox_id = ? AND folder_id = ?';
const DELETE_ANNOTATIONS = 'DELETE FROM annotation WHERE mailbox_id = ? AND folder_id = ?';
const DELETE_CHANGES = 'DELETE FROM change WHERE mailbox_id = ? AND folder_id = ?';
// The subtree below a name: names that begin with it and the delimiter.
const BELOW = "mailbox_id = ? AND name > ? || '/' AND name < ? || '0'";
const SELECT_BELOW = `SELECT name FROM folder WHERE ${BELOW}`;
const RENAME_ONE = 'UPDATE folder SET name = ? WHERE mailbox_id = ? AND folder_id = ?';
const RENAME_BELOW = `UPDATE folder SET name = ? || substr(name, ?) WHERE ${BELOW}`;
const INSERT_SUBSCRIPTION = 'INSERT OR IGNORE INTO subscription(mailbox_id, name) VALUES (?, ?)';
const DELETE_SUBSCRIPTION = 'DELETE FROM subscription WHERE mailbox_id = ? AND name = ?';

/** Creates a folder and what is missing above it (RFC 9051 §6.3.4). */
export function createFolder(
  tx: Transaction,
  command: CreateFolder,
  nowMs: number,
): { folderId: FolderId } {
  const mailbox = tx.mailbox(command.mailboxId);
  const { name, specialUse } = command;
  if (findFolder(tx, mailbox.mailboxId, name) !== undefined)
    throw new PosthornError('folder-exists');
  // RFC 6154 §3: a special use that another folder has is refused.
  if (
    specialUse !== undefined &&
    tx.sql.row(SELECT_SPECIAL, mailbox.mailboxId, specialUse) !== undefined
  )
    throw new PosthornError('special-use', `another folder is ${specialUse} already`);
  const missing = missingParents(tx, mailbox.mailboxId, name);
  checkRoomFor(tx, mailbox.mailboxId, missing.length + 1);
  tx.foldersChanged(mailbox);
  const above = insertParents(tx, mailbox, missing, nowMs);
  const folderId = insertFolder(tx, mailbox, name, specialUse, nowMs);
  inheritRights(tx, mailbox.mailboxId, missing[0] ?? name, [...above, folderId]);
  return { folderId };
}

function insertParents(
  tx: Transaction,
  mailbox: MailboxState,
  missing: readonly string[],
  nowMs: number,
): FolderId[] {
  return missing.map((parent) => insertFolder(tx, mailbox, parent, undefined, nowMs));
}

/** Gives new folders the rights of the folder above the topmost of them (RFC 4314 §4). */
function inheritRights(
  tx: Transaction,
  mailboxId: MailboxId,
  topmost: string,
  folderIds: readonly FolderId[],
): void {
  const end = topmost.lastIndexOf(DELIMITER);
  if (end >= 0)
    tx.sql.run(INHERIT_RIGHTS, JSON.stringify(folderIds), mailboxId, topmost.slice(0, end));
}

/** Writes the row of a new folder. */
export function insertFolder(
  tx: Transaction,
  mailbox: MailboxState,
  name: string,
  specialUse: SpecialUse | undefined,
  nowMs: number,
): FolderId {
  const folderId = mailbox.nextFolderId++ as FolderId;
  // A name used again must get a higher UIDVALIDITY (RFC 9051 §2.3.1.1).
  mailbox.lastUidValidity = Math.max(mailbox.lastUidValidity + 1, Math.floor(nowMs / 1000));
  tx.touchMailbox(mailbox);
  tx.sql.run(
    INSERT_FOLDER,
    mailbox.mailboxId,
    folderId,
    name,
    specialUse ?? null,
    mailbox.lastUidValidity,
    mailbox.modSeq,
  );
  return folderId;
}

/** Renames a folder and the subtree below it (RFC 9051 §6.3.6). */
export function renameFolder(
  tx: Transaction,
  command: RenameFolder,
  nowMs: number,
): { folderId: FolderId } {
  const mailbox = tx.mailbox(command.mailboxId);
  const { mailboxId, folderId } = command;
  const source = tx.folder(command);
  if (findFolder(tx, mailboxId, command.name) !== undefined)
    throw new PosthornError('folder-exists');
  if (folderId === INBOX_ID) return renameInbox(tx, mailbox, command, nowMs);
  if (command.name.startsWith(source.name + DELIMITER))
    throw new PosthornError('folder-name', 'a folder cannot be moved below itself');
  const below = tx.sql.rows(SELECT_BELOW, mailboxId, source.name, source.name);
  for (const [name] of below) {
    const moved = command.name + (name as string).slice(source.name.length);
    if (findFolder(tx, mailboxId, moved) !== undefined)
      throw new PosthornError('folder-exists', `${moved} exists already`);
  }
  const missing = missingParents(tx, mailboxId, command.name);
  checkRoomFor(tx, mailboxId, missing.length);
  tx.foldersChanged(mailbox);
  const { name: oldName } = source;
  tx.forgetFolders(mailboxId);
  const above = insertParents(tx, mailbox, missing, nowMs);
  if (above.length > 0) inheritRights(tx, mailboxId, missing[0]!, above);
  tx.sql.run(RENAME_ONE, command.name, mailboxId, folderId);
  tx.sql.run(RENAME_BELOW, command.name, [...oldName].length + 1, mailboxId, oldName, oldName);
  return { folderId };
}

/** Moves INBOX's messages into a new folder; INBOX stays, empty (RFC 9051 §6.3.6). */
function renameInbox(
  tx: Transaction,
  mailbox: MailboxState,
  command: RenameFolder,
  nowMs: number,
): { folderId: FolderId } {
  const { mailboxId } = mailbox;
  const created = createFolder(
    tx,
    { kind: 'create-folder', mailboxId, name: command.name, specialUse: undefined },
    nowMs,
  );
  const to = { mailboxId, folderId: created.folderId };
  copy(tx, { kind: 'copy', mailboxId, folderId: INBOX_ID, uids: ALL_UIDS, to, move: true }, nowMs);
  return created;
}

/** Removes a folder with its entries (RFC 9051 §6.3.5). */
export function deleteFolder(tx: Transaction, command: DeleteFolder): { name: string } {
  const mailbox = tx.mailbox(command.mailboxId);
  const { mailboxId, folderId } = command;
  const { name } = tx.folder(command);
  if (folderId === INBOX_ID) throw new PosthornError('folder-fixed', 'INBOX cannot be deleted');
  if (tx.sql.row(SELECT_BELOW, mailboxId, name, name) !== undefined)
    throw new PosthornError('folder-has-children');
  removeAllEntries(tx, command);
  tx.foldersChanged(mailbox);
  tx.publish(`${mailboxId}/${folderId}`, {
    kind: 'entries',
    mailboxId,
    folderId,
    modSeq: mailbox.modSeq as never,
  });
  tx.forgetFolders(mailboxId);
  assert(tx.sql.run(DELETE_FOLDER, mailboxId, folderId) === 1, 'the folder was there');
  tx.sql.run(DELETE_CHANGES, mailboxId, folderId);
  tx.sql.run(DELETE_RIGHTS, mailboxId, folderId);
  tx.sql.run(DELETE_ANNOTATIONS, mailboxId, folderId);
  return { name };
}

/** Changes the list of subscribed names. */
export function subscribe(tx: Transaction, command: Subscribe): { changed: boolean } {
  const mailbox = tx.mailbox(command.mailboxId);
  const sql = command.on ? INSERT_SUBSCRIPTION : DELETE_SUBSCRIPTION;
  const changed = tx.sql.run(sql, command.mailboxId, command.name) > 0;
  if (changed) tx.foldersChanged(mailbox);
  return { changed };
}

function findFolder(tx: Transaction, mailboxId: MailboxId, name: string): FolderId | undefined {
  return tx.sql.row(SELECT_BY_NAME, mailboxId, name)?.[0] as FolderId | undefined;
}

function missingParents(tx: Transaction, mailboxId: MailboxId, name: string): string[] {
  const missing: string[] = [];
  for (let at = name.indexOf(DELIMITER); at >= 0; at = name.indexOf(DELIMITER, at + 1)) {
    const parent = name.slice(0, at);
    if (findFolder(tx, mailboxId, parent) === undefined) missing.push(parent);
  }
  return missing;
}

function checkRoomFor(tx: Transaction, mailboxId: MailboxId, more: number): void {
  const count = tx.sql.row(COUNT_FOLDERS, mailboxId)?.[0] as number;
  if (count + more > FOLDERS_MAX)
    throw new PosthornError('too-many', `a mailbox has at most ${FOLDERS_MAX} folders`);
}
