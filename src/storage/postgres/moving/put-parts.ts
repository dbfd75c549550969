import type { MailboxParts } from '../../moving/port.ts';
import type { Statement } from '../connection.ts';
import { numberArray, textArray } from '../literals.ts';

// Folders that were there the last time; of a copy under way, whatever was copied.
const KNOWN =
  'SELECT folder_id FROM folder WHERE mailbox_id = $1 AND folder_id <> ALL($2::bigint[])';
const deleteGone = (table: string, folders: string): string =>
  `DELETE FROM ${table} WHERE mailbox_id = $1 AND ${folders}`;
const GONE_SINCE = `folder_id IN (${KNOWN})`;
const GONE_AT_ALL = 'folder_id <> ALL($2::bigint[])';
const PRUNE_LOG = 'DELETE FROM change WHERE mailbox_id = $1 AND modseq <= $2';
// New contents are numbered above those that came along.
const INSERT_MAILBOX = `INSERT INTO mailbox(mailbox_id, modseq, next_folder_id, next_content_id, last_uid_validity, used_bytes, used_messages,
    quota_bytes, quota_messages, log_floor)
  SELECT $1::bigint, $2::bigint, $3::bigint, 1 + coalesce((SELECT max(content_id) FROM content WHERE mailbox_id = $1), 0), $4::bigint,
    $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::bigint
  ON CONFLICT(mailbox_id) DO UPDATE SET modseq = excluded.modseq, next_folder_id = excluded.next_folder_id,
    next_content_id = excluded.next_content_id, last_uid_validity = excluded.last_uid_validity, used_bytes = excluded.used_bytes,
    used_messages = excluded.used_messages, quota_bytes = excluded.quota_bytes,
    quota_messages = excluded.quota_messages, log_floor = excluded.log_floor`;
const INSERT_FOLDERS = `INSERT INTO folder(mailbox_id, folder_id, name, special_use, uid_validity, uid_next, highest_modseq, messages, unseen,
    deleted, size_bytes, recent_from)
  SELECT $1::bigint, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])`;
const INSERT_SUBSCRIPTIONS =
  'INSERT INTO subscription(mailbox_id, name) SELECT $1::bigint, * FROM unnest($2::text[])';
const INSERT_KEYWORDS =
  'INSERT INTO keyword(mailbox_id, folded, name) SELECT $1::bigint, * FROM unnest($2::text[], $3::text[])';
const INSERT_RIGHTS = `INSERT INTO acl(mailbox_id, folder_id, grantee_id, negative, rights)
  SELECT $1::bigint, * FROM unnest($2::bigint[], $3::bigint[], $4::integer[], $5::text[])`;
const INSERT_ANNOTATIONS = `INSERT INTO annotation(mailbox_id, folder_id, viewer_id, entry, value)
  SELECT $1::bigint, * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[])`;

/** The statements that make all of a mailbox but messages and change log what the source has. */
export function partsStatements(
  { mailbox, folders, subscriptions, keywords, rights, annotations }: MailboxParts,
  isCopied: boolean,
): readonly Statement[] {
  const { mailboxId } = mailbox;
  const kept = numberArray(folders.map(({ folderId }) => folderId));
  const gone = isCopied ? GONE_AT_ALL : GONE_SINCE;
  const cleared = ['folder', 'subscription', 'keyword', 'acl', 'annotation', 'move_mailbox'];
  return [
    [deleteGone('entry', gone), mailboxId, kept],
    [deleteGone('change', gone), mailboxId, kept],
    ...cleared.map((table) => [`DELETE FROM ${table} WHERE mailbox_id = $1`, mailboxId] as const),
    [
      INSERT_MAILBOX,
      mailboxId,
      mailbox.modSeq,
      mailbox.nextFolderId,
      mailbox.lastUidValidity,
      mailbox.usedBytes,
      mailbox.usedMessages,
      mailbox.quotaBytes ?? null,
      mailbox.quotaMessages ?? null,
      mailbox.logFloor,
    ],
    [
      INSERT_FOLDERS,
      mailboxId,
      kept,
      textArray(folders.map(({ name }) => name)),
      textArray(folders.map(({ specialUse }) => specialUse ?? null)),
      numberArray(folders.map(({ uidValidity }) => uidValidity)),
      numberArray(folders.map(({ uidNext }) => uidNext)),
      numberArray(folders.map(({ highestModSeq }) => highestModSeq)),
      numberArray(folders.map(({ messages }) => messages)),
      numberArray(folders.map(({ unseen }) => unseen)),
      numberArray(folders.map(({ deleted }) => deleted)),
      numberArray(folders.map(({ sizeBytes }) => sizeBytes)),
      numberArray(folders.map(({ recentFrom }) => recentFrom)),
    ],
    [INSERT_SUBSCRIPTIONS, mailboxId, textArray(subscriptions)],
    [
      INSERT_KEYWORDS,
      mailboxId,
      textArray(keywords.map(({ folded }) => folded)),
      textArray(keywords.map(({ name }) => name)),
    ],
    [
      INSERT_RIGHTS,
      mailboxId,
      numberArray(rights.map(({ folderId }) => folderId)),
      numberArray(rights.map(({ granteeId }) => granteeId)),
      numberArray(rights.map(({ negative }) => negative)),
      textArray(rights.map(({ rights: letters }) => letters)),
    ],
    [
      INSERT_ANNOTATIONS,
      mailboxId,
      numberArray(annotations.map(({ folderId }) => folderId)),
      numberArray(annotations.map(({ viewerId }) => viewerId)),
      textArray(annotations.map(({ entry }) => entry)),
      textArray(annotations.map(({ value }) => value)),
    ],
    [PRUNE_LOG, mailboxId, mailbox.logFloor],
  ];
}
