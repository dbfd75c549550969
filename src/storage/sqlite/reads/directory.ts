import type { Login, MailboxId, MailboxInfo } from '#model';
import type { AddressTarget } from '../../reads.ts';
import type { Row, Statements } from '../statements.ts';

const SELECT_ADDRESS = 'SELECT mailbox_id FROM address WHERE address = ?';
const SELECT_DOMAIN = 'SELECT 1 FROM domain WHERE domain = ?';
const MAILBOX = `SELECT r.mailbox_id, r.address, r.created_ms, m.quota_bytes, m.quota_messages, m.used_bytes, m.used_messages,
    (SELECT group_concat(a.address, ' ' ORDER BY a.address) FROM address AS a WHERE a.mailbox_id = r.mailbox_id)
  FROM recipient AS r JOIN mailbox AS m ON m.mailbox_id = r.mailbox_id`;
const SELECT_MAILBOX = `${MAILBOX} WHERE r.mailbox_id = ?`;
const SELECT_MAILBOXES = `${MAILBOX} WHERE r.mailbox_id > ? ORDER BY r.mailbox_id LIMIT +?`;
const SELECT_LOGIN = 'SELECT address, argon2id, scram_sha_256 FROM recipient WHERE mailbox_id = ?';
const SELECT_DOMAINS = `SELECT d.domain, count(a.address) FROM domain AS d LEFT JOIN address AS a ON a.domain = d.domain
  GROUP BY d.domain ORDER BY d.domain`;

export function readAddressTarget(sql: Statements, domain: string, address: string): AddressTarget {
  const mailboxId = sql.row(SELECT_ADDRESS, address)?.[0] as MailboxId | undefined;
  if (mailboxId !== undefined) return { kind: 'mailbox', mailboxId };
  const local = sql.row(SELECT_DOMAIN, domain) !== undefined;
  return { kind: local ? 'unknown-address' : 'unknown-domain' };
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

export function readMailbox(sql: Statements, mailboxId: MailboxId): MailboxInfo | undefined {
  const row = sql.row(SELECT_MAILBOX, mailboxId);
  return row === undefined ? undefined : mailboxOf(row);
}

export function readMailboxes(
  sql: Statements,
  after: MailboxId,
  limit: number,
): readonly MailboxInfo[] {
  return sql.rows(SELECT_MAILBOXES, after, limit).map(mailboxOf);
}

export function readLogin(sql: Statements, mailboxId: MailboxId): Login | undefined {
  const row = sql.row(SELECT_LOGIN, mailboxId);
  if (row === undefined) return undefined;
  const [primaryAddress, argon2id, scramSha256] = row as readonly [string, string | null, string];
  return {
    primaryAddress,
    verifiers: argon2id === null ? undefined : { argon2id, scramSha256 },
  };
}

export function readDomains(sql: Statements): readonly { domain: string; mailboxes: number }[] {
  return sql.rows(SELECT_DOMAINS).map(([domain, mailboxes]) => ({
    domain: domain as string,
    mailboxes: mailboxes as number,
  }));
}
