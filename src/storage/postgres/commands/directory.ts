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
import { textArray } from '../literals.ts';
import { freshState } from '../state.ts';
import type { Transaction } from '../transaction.ts';
import { insertFolder } from './folders.ts';

/** Addresses that one mailbox may have (the classic limit of proxies). */
const ADDRESSES_MAX = 200;

const INSERT_DOMAIN = 'INSERT INTO domain(domain) VALUES ($1) ON CONFLICT DO NOTHING RETURNING 1';
const DELETE_DOMAIN = 'DELETE FROM domain WHERE domain = $1 RETURNING 1';
const SELECT_DOMAIN = 'SELECT 1 FROM domain WHERE domain = $1';
const COUNT_IN_DOMAIN = 'SELECT count(*) FROM address WHERE domain = $1';
const SELECT_ADDRESS = 'SELECT mailbox_id FROM address WHERE address = $1';
const INSERT_ADDRESS = 'INSERT INTO address(address, domain, mailbox_id) VALUES ($1, $2, $3)';
const DELETE_ADDRESS = 'DELETE FROM address WHERE address = $1 AND mailbox_id = $2 RETURNING 1';
const COUNT_ADDRESSES = 'SELECT count(*) FROM address WHERE mailbox_id = $1';
// Ids are not used again, and not lost either: no sequence.
const TAKE_MAILBOX_ID = `UPDATE header SET value = (value::bigint + 1)::text WHERE key = 'next_mailbox_id'
  RETURNING value::bigint - 1`;
const INSERT_RECIPIENT = `INSERT INTO recipient(mailbox_id, address, created_ms, argon2id, scram_sha_256)
  VALUES ($1, $2, $3, $4, $5)`;
const SELECT_PRIMARY = 'SELECT address FROM recipient WHERE mailbox_id = $1';
const SET_VERIFIERS =
  'UPDATE recipient SET argon2id = $2, scram_sha_256 = $3 WHERE mailbox_id = $1 RETURNING 1';
const INSERT_MAILBOX = `INSERT INTO mailbox(mailbox_id, modseq, next_folder_id, next_content_id, last_uid_validity, used_bytes,
    used_messages, quota_bytes, log_floor)
  VALUES ($1, 1, 1, 1, 0, 0, 0, $2, 0)`;
const INSERT_SUBSCRIPTIONS = `INSERT INTO subscription(mailbox_id, name) SELECT $1::bigint, * FROM unnest($2::text[])`;
const LOOSEN_BLOBS = `INSERT INTO loose_blob(mailbox_id, blob, since_ms)
  SELECT DISTINCT $1::bigint, blob, $2::bigint FROM content WHERE mailbox_id = $1 AND blob IS NOT NULL
  ON CONFLICT DO NOTHING`;
// Contents of promises that stand here are still owed to other mailboxes: they go when these have them.
const DELETE_CONTENTS = `DELETE FROM content WHERE mailbox_id = $1 AND NOT EXISTS (SELECT 1 FROM promise WHERE mailbox_id = $1)`;
const NOTE_LEFT =
  'INSERT INTO orphan(mailbox_id, content_id) SELECT mailbox_id, content_id FROM content WHERE mailbox_id = $1 RETURNING 1';
const MAILBOX_TABLES = [
  'entry',
  'change',
  'content_ref',
  'orphan',
  'chore',
  'part',
  'folder',
  'subscription',
  'acl',
  'annotation',
  'keyword',
  'address',
  'recipient',
  'mailbox',
];

export async function addDomain(
  tx: Transaction,
  { domain }: AddDomain,
): Promise<{ added: boolean }> {
  const added = (await tx.write(INSERT_DOMAIN, domain)).length > 0;
  if (added) tx.directoryChanged();
  return { added };
}

/** Removes a domain that no address uses. @throws {not-empty} */
export async function removeDomain(
  tx: Transaction,
  { domain }: RemoveDomain,
): Promise<{ removed: boolean }> {
  const [row] = await tx.select(COUNT_IN_DOMAIN, domain);
  const used = row![0] as number;
  if (used > 0)
    throw new PosthornError(
      'not-empty',
      `${used} addresses are in ${domain}: remove their mailboxes first`,
    );
  const removed = (await tx.write(DELETE_DOMAIN, domain)).length > 0;
  if (removed) tx.directoryChanged();
  return { removed };
}

/** Creates a recipient with its mailbox and folders. @throws {exists-already} or {not-found} for the domain */
export async function addMailbox(
  tx: Transaction,
  command: AddMailbox,
): Promise<{ mailboxId: MailboxId }> {
  await checkNewAddress(tx, command.address);
  const [taken] = await tx.write(TAKE_MAILBOX_ID);
  const mailboxId = taken![0] as MailboxId;
  const { address, nowMs, verifiers } = command;
  await tx.write(
    INSERT_RECIPIENT,
    mailboxId,
    address,
    nowMs,
    verifiers?.argon2id ?? null,
    verifiers?.scramSha256 ?? null,
  );
  await tx.write(INSERT_ADDRESS, address, domainOf(address), mailboxId);
  await tx.write(INSERT_MAILBOX, mailboxId, command.quotaBytes ?? null);
  const mailbox = {
    ...freshState(1),
    mailboxId,
    nextFolderId: 1,
    nextContentId: 1,
    lastUidValidity: 0,
    usedBytes: 0,
    usedMessages: 0,
    quotaBytes: command.quotaBytes,
    quotaMessages: undefined,
    dirty: true,
  };
  tx.addMailbox(mailbox);
  await insertFolder(tx, mailbox, 'INBOX', undefined);
  for (const { name, specialUse } of command.folders)
    await insertFolder(tx, mailbox, name, specialUse);
  const names = ['INBOX', ...command.folders.map((folder) => folder.name)];
  await tx.write(INSERT_SUBSCRIPTIONS, mailboxId, textArray(names));
  tx.directoryChanged();
  return { mailboxId };
}

/** Removes a recipient, its mailbox and everything in it. */
export async function removeMailbox(
  tx: Transaction,
  { mailboxId }: RemoveMailbox,
): Promise<{ removed: boolean }> {
  if ((await tx.select(SELECT_PRIMARY, mailboxId)).length === 0) return { removed: false };
  await tx.flushRows();
  tx.removeMailbox(mailboxId);
  await tx.write(LOOSEN_BLOBS, mailboxId, tx.nowMs);
  for (const table of MAILBOX_TABLES)
    await tx.write(`DELETE FROM ${table} WHERE mailbox_id = $1`, mailboxId);
  await tx.write(DELETE_CONTENTS, mailboxId);
  if ((await tx.write(NOTE_LEFT, mailboxId)).length > 0) tx.chore(mailboxId);
  tx.publish(`${mailboxId}`, { kind: 'mailbox-removed', mailboxId });
  tx.directoryChanged();
  return { removed: true };
}

export async function setVerifiers(
  tx: Transaction,
  command: SetVerifiers,
): Promise<{ changed: boolean }> {
  const { argon2id, scramSha256 } = command.verifiers;
  const rows = await tx.write(SET_VERIFIERS, command.mailboxId, argon2id, scramSha256);
  if (rows.length > 0) tx.directoryChanged();
  return { changed: rows.length > 0 };
}

/** Adds or removes a proxy address. @throws {exists-already} naming the holder; {not-empty} for the primary one */
export async function changeAddress(
  tx: Transaction,
  command: ChangeAddress,
): Promise<{ changed: boolean }> {
  const { mailboxId, address } = command;
  const primary = (await tx.select(SELECT_PRIMARY, mailboxId))[0]?.[0];
  if (primary === undefined) throw new PosthornError('no-mailbox');
  if (!command.on) {
    if (primary === address)
      throw new PosthornError(
        'not-empty',
        `${address} is the primary address of its mailbox and stays`,
      );
    const changed = (await tx.write(DELETE_ADDRESS, address, mailboxId)).length > 0;
    if (changed) tx.directoryChanged();
    return { changed };
  }
  const holder = (await tx.select(SELECT_ADDRESS, address))[0]?.[0];
  if (holder === mailboxId) return { changed: false };
  await checkNewAddress(tx, address);
  const [count] = await tx.select(COUNT_ADDRESSES, mailboxId);
  if ((count![0] as number) >= ADDRESSES_MAX)
    throw new PosthornError('too-many', `a mailbox has at most ${ADDRESSES_MAX} addresses`);
  await tx.write(INSERT_ADDRESS, address, domainOf(address), mailboxId);
  tx.directoryChanged();
  return { changed: true };
}

async function checkNewAddress(tx: Transaction, address: string): Promise<void> {
  const domain = domainOf(address);
  if ((await tx.select(SELECT_DOMAIN, domain)).length === 0)
    throw new PosthornError(
      'not-found',
      `${domain} is not a domain of this organization: add it first with "posthorn domain add ${domain}"`,
    );
  const holder = (await tx.select(SELECT_ADDRESS, address))[0]?.[0] as MailboxId | undefined;
  if (holder === undefined) return;
  const primary = (await tx.select(SELECT_PRIMARY, holder))[0]?.[0];
  const text =
    primary === address
      ? `the mailbox ${address} exists already`
      : `${address} is an address of ${primary} already`;
  throw new PosthornError('exists-already', text);
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
