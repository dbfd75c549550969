import { PosthornError } from '#kernel';
import type { MailboxId } from '#model';
import type {
  AddDomain,
  AddMailbox,
  ChangeAddress,
  RemoveDomain,
  RemoveMailbox,
  SetVerifiers,
} from '../../commands.ts';
import type { Transaction } from '../transaction.ts';
import { insertFolder } from './folders.ts';

/** Addresses that one mailbox may have (the classic limit of proxies). */
const ADDRESSES_MAX = 200;

const INSERT_DOMAIN = 'INSERT OR IGNORE INTO domain(domain) VALUES (?)';
const DELETE_DOMAIN = 'DELETE FROM domain WHERE domain = ?';
const SELECT_DOMAIN = 'SELECT 1 FROM domain WHERE domain = ?';
const COUNT_IN_DOMAIN = 'SELECT count(*) FROM address WHERE domain = ?';
const SELECT_ADDRESS = 'SELECT mailbox_id FROM address WHERE address = ?';
const INSERT_ADDRESS = 'INSERT INTO address(address, domain, mailbox_id) VALUES (?, ?, ?)';
const DELETE_ADDRESS = 'DELETE FROM address WHERE address = ? AND mailbox_id = ?';
const COUNT_ADDRESSES = 'SELECT count(*) FROM address WHERE mailbox_id = ?';
const INSERT_RECIPIENT = `INSERT INTO recipient(address, created_ms, argon2id, scram_sha_256) VALUES (?, ?, ?, ?)
  RETURNING mailbox_id`;
const SELECT_PRIMARY = 'SELECT address FROM recipient WHERE mailbox_id = ?';
const SET_VERIFIERS = 'UPDATE recipient SET argon2id = ?, scram_sha_256 = ? WHERE mailbox_id = ?';
const INSERT_MAILBOX = `INSERT INTO mailbox(mailbox_id, modseq, next_folder_id, last_uid_validity, used_bytes, used_messages, quota_bytes, log_floor)
  VALUES (?, 1, 1, 0, 0, 0, ?, 0)`;
const NOTE_ORPHANS = `INSERT OR IGNORE INTO orphan(content_id)
  SELECT e.content_id FROM entry AS e LEFT JOIN content_ref AS c ON c.content_id = e.content_id
  WHERE e.mailbox_id = ? GROUP BY e.content_id HAVING coalesce(max(c.refs), 1) <= count(*)`;
const LOWER_REFS = `UPDATE content_ref SET refs = refs - l.n
  FROM (SELECT content_id AS id, count(*) AS n FROM entry WHERE mailbox_id = ? GROUP BY content_id) AS l
  WHERE content_ref.content_id = l.id`;
const DELETE_DEAD_REFS = `DELETE FROM content_ref WHERE refs <= 0
  AND content_id IN (SELECT content_id FROM entry WHERE mailbox_id = ?)`;
const MAILBOX_TABLES = [
  'entry',
  'change',
  'folder',
  'subscription',
  'keyword',
  'acl',
  'annotation',
  'address',
  'recipient',
  'mailbox',
];

export function addDomain(tx: Transaction, { domain }: AddDomain): { added: boolean } {
  const added = tx.sql.run(INSERT_DOMAIN, domain) > 0;
  if (added) directoryChanged(tx);
  return { added };
}

/** Removes a domain that no address uses. @throws {not-empty} */
export function removeDomain(tx: Transaction, { domain }: RemoveDomain): { removed: boolean } {
  const used = tx.sql.row(COUNT_IN_DOMAIN, domain)?.[0] as number;
  if (used > 0)
    throw new PosthornError(
      'not-empty',
      `${used} addresses are in ${domain}: remove their mailboxes first`,
    );
  const removed = tx.sql.run(DELETE_DOMAIN, domain) > 0;
  if (removed) directoryChanged(tx);
  return { removed };
}

/** Creates a recipient with its mailbox and folders. @throws {exists-already} or {not-found} for the domain */
export function addMailbox(tx: Transaction, command: AddMailbox): { mailboxId: MailboxId } {
  checkNewAddress(tx, command.address);
  const mailboxId = tx.sql.row(
    INSERT_RECIPIENT,
    command.address,
    command.nowMs,
    command.verifiers?.argon2id ?? null,
    command.verifiers?.scramSha256 ?? null,
  )?.[0] as MailboxId;
  tx.sql.run(INSERT_ADDRESS, command.address, domainOf(command.address), mailboxId);
  tx.sql.run(INSERT_MAILBOX, mailboxId, command.quotaBytes ?? null);
  const mailbox = tx.mailbox(mailboxId);
  insertFolder(tx, mailbox, 'INBOX', undefined, command.nowMs);
  for (const { name, specialUse } of command.folders)
    insertFolder(tx, mailbox, name, specialUse, command.nowMs);
  for (const name of ['INBOX', ...command.folders.map((folder) => folder.name)])
    tx.sql.run('INSERT INTO subscription(mailbox_id, name) VALUES (?, ?)', mailboxId, name);
  directoryChanged(tx);
  return { mailboxId };
}

/** Removes a recipient, its mailbox and everything in it. */
export function removeMailbox(tx: Transaction, { mailboxId }: RemoveMailbox): { removed: boolean } {
  if (tx.sql.row(SELECT_PRIMARY, mailboxId) === undefined) return { removed: false };
  tx.forgetMailbox(mailboxId);
  tx.sql.run(NOTE_ORPHANS, mailboxId);
  tx.sql.run(LOWER_REFS, mailboxId);
  tx.sql.run(DELETE_DEAD_REFS, mailboxId);
  for (const table of MAILBOX_TABLES)
    tx.sql.run(`DELETE FROM ${table} WHERE mailbox_id = ?`, mailboxId);
  tx.publish(`${mailboxId}`, { kind: 'mailbox-removed', mailboxId });
  directoryChanged(tx);
  return { removed: true };
}

export function setVerifiers(tx: Transaction, command: SetVerifiers): { changed: boolean } {
  const { argon2id, scramSha256 } = command.verifiers;
  const changed = tx.sql.run(SET_VERIFIERS, argon2id, scramSha256, command.mailboxId) > 0;
  if (changed) directoryChanged(tx);
  return { changed };
}

/** Adds or removes a proxy address. @throws {exists-already} naming the holder; {not-empty} for the primary one */
export function changeAddress(tx: Transaction, command: ChangeAddress): { changed: boolean } {
  const { mailboxId, address } = command;
  const primary = tx.sql.row(SELECT_PRIMARY, mailboxId)?.[0];
  if (primary === undefined) throw new PosthornError('no-mailbox');
  if (!command.on) {
    if (primary === address)
      throw new PosthornError(
        'not-empty',
        `${address} is the primary address of its mailbox and stays`,
      );
    const changed = tx.sql.run(DELETE_ADDRESS, address, mailboxId) > 0;
    if (changed) directoryChanged(tx);
    return { changed };
  }
  const holder = tx.sql.row(SELECT_ADDRESS, address)?.[0];
  if (holder === mailboxId) return { changed: false };
  checkNewAddress(tx, address);
  if ((tx.sql.row(COUNT_ADDRESSES, mailboxId)?.[0] as number) >= ADDRESSES_MAX)
    throw new PosthornError('too-many', `a mailbox has at most ${ADDRESSES_MAX} addresses`);
  tx.sql.run(INSERT_ADDRESS, address, domainOf(address), mailboxId);
  directoryChanged(tx);
  return { changed: true };
}

function checkNewAddress(tx: Transaction, address: string): void {
  const domain = domainOf(address);
  if (tx.sql.row(SELECT_DOMAIN, domain) === undefined)
    throw new PosthornError(
      'not-found',
      `${domain} is not a domain of this organization: add it first with "posthorn domain add ${domain}"`,
    );
  const holder = tx.sql.row(SELECT_ADDRESS, address)?.[0] as MailboxId | undefined;
  if (holder === undefined) return;
  const primary = tx.sql.row(SELECT_PRIMARY, holder)?.[0];
  const text =
    primary === address
      ? `the mailbox ${address} exists already`
      : `${address} is an address of ${primary} already`;
  throw new PosthornError('exists-already', text);
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** Publishes that the directory changed. */
export function directoryChanged(tx: Transaction): void {
  tx.publish('directory', { kind: 'directory' });
}
