import type { Login, MailboxId, MailboxInfo } from '#model';
import type { AddressTarget } from '../../reads.ts';
import type { Connection, Row } from '../connection.ts';

const SELECT_TARGET = `SELECT (SELECT mailbox_id FROM address WHERE address = $2), (SELECT 1 FROM domain WHERE domain = $1)`;
const MAILBOX = `SELECT r.mailbox_id, r.address, r.created_ms, m.quota_bytes, m.quota_messages, m.used_bytes, m.used_messages,
    (SELECT string_agg(a.address, ' ' ORDER BY a.address) FROM address AS a WHERE a.mailbox_id = r.mailbox_id)
  FROM recipient AS r JOIN mailbox AS m ON m.mailbox_id = r.mailbox_id`;
const SELECT_MAILBOX = `${MAILBOX} WHERE r.mailbox_id = $1`;
const SELECT_MAILBOXES = `${MAILBOX} WHERE r.mailbox_id > $1 ORDER BY r.mailbox_id LIMIT $2`;
const SELECT_LOGIN = 'SELECT address, argon2id, scram_sha_256 FROM recipient WHERE mailbox_id = $1';
const SELECT_DOMAINS = `SELECT d.domain, count(a.address) FROM domain AS d LEFT JOIN address AS a ON a.domain = d.domain
  GROUP BY d.domain ORDER BY d.domain`;

export async function readAddressTarget(
  connection: Connection,
  domain: string,
  address: string,
): Promise<AddressTarget> {
  const [row] = await connection.query(SELECT_TARGET, domain, address);
  const [mailboxId, local] = row as readonly [MailboxId | null, number | null];
  if (mailboxId !== null) return { kind: 'mailbox', mailboxId };
  return { kind: local === null ? 'unknown-domain' : 'unknown-address' };
}

function mailboxOf(row: Row): MailboxInfo {
  return {
    mailboxId: row[0] as MailboxId,
    primaryAddress: row[1] as string,
    createdAtMs: row[2] as number,
    quotaBytes: (row[3] as number | null) ?? undefined,
    quotaMessages: (row[4] as number | null) ?? undefined,
    usedBytes: row[5] as number,
    usedMessages: row[6] as number,
    addresses: ((row[7] as string | null) ?? '').split(' ').filter((address) => address !== ''),
  };
}

export async function readMailbox(
  connection: Connection,
  mailboxId: MailboxId,
): Promise<MailboxInfo | undefined> {
  const [row] = await connection.query(SELECT_MAILBOX, mailboxId);
  return row === undefined ? undefined : mailboxOf(row);
}

export async function readMailboxes(
  connection: Connection,
  after: MailboxId,
  limit: number,
): Promise<readonly MailboxInfo[]> {
  return (await connection.query(SELECT_MAILBOXES, after, limit)).map(mailboxOf);
}

export async function readLogin(
  connection: Connection,
  mailboxId: MailboxId,
): Promise<Login | undefined> {
  const [row] = await connection.query(SELECT_LOGIN, mailboxId);
  if (row === undefined) return undefined;
  const [primaryAddress, argon2id, scramSha256] = row as readonly [string, string | null, string];
  return {
    primaryAddress,
    verifiers: argon2id === null ? undefined : { argon2id, scramSha256 },
  };
}

export async function readDomains(
  connection: Connection,
): Promise<readonly { readonly domain: string; readonly mailboxes: number }[]> {
  return (await connection.query(SELECT_DOMAINS)).map(([domain, mailboxes]) => ({
    domain: domain as string,
    mailboxes: mailboxes as number,
  }));
}
