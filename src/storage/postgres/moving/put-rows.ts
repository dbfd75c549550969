import type { MailboxId } from '#model';
import type { MovedChange, MovedContent, MovedEntry, MovedTracking } from '../../moving/port.ts';
import type { Statement } from '../connection.ts';
import { bytesArray, numberArray, textArray, wireBytes } from '../literals.ts';

const INSERT_CONTENTS = `INSERT INTO content(mailbox_id, content_id, size_bytes, head_bytes, sent_ms, blob, message_id, subject, envelope,
    body_structure, body_short, structure, preview, hash, head, body)
  SELECT $1::bigint, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
    $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[], $13::text[], $14::bytea[], $15::bytea[], $16::bytea[])
  ON CONFLICT DO NOTHING`;
const INSERT_ENTRIES = `INSERT INTO entry(mailbox_id, folder_id, uid, content_id, flags, keywords, modseq, internal_ms, saved_ms, size_bytes)
  SELECT $1::bigint, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::integer[], $6::text[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[])
  ON CONFLICT(mailbox_id, folder_id, uid) DO UPDATE SET content_id = excluded.content_id, flags = excluded.flags,
    keywords = excluded.keywords, modseq = excluded.modseq, internal_ms = excluded.internal_ms, saved_ms = excluded.saved_ms,
    size_bytes = excluded.size_bytes`;
const INSERT_CHANGES = `INSERT INTO change(mailbox_id, modseq, folder_id, kind, uids, tx)
  SELECT $1::bigint, c.modseq, c.folder_id, c.kind, c.uids::int8multirange, 'moved'
  FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[]) AS c(modseq, folder_id, kind, uids)
  ON CONFLICT(mailbox_id, modseq, folder_id, kind) DO UPDATE SET uids = excluded.uids`;
// Whose mailbox it went with is not known in every store: it stands with those that have none.
const INSERT_TRACKING = `INSERT INTO tracking(mailbox_id, at_ms, event, source, submission_id, message_id, sender, recipients,
    recipient_status, size_bytes, subject, client_address)
  SELECT 0, t.at_ms, t.event, t.source, t.submission_id, t.message_id, t.sender, t.recipients, t.recipient_status, t.size_bytes, t.subject,
    t.client_address
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
    $10::text[], $11::text[]) WITH ORDINALITY
    AS t(at_ms, event, source, submission_id, message_id, sender, recipients, recipient_status, size_bytes, subject, client_address, nth)
  ORDER BY t.nth`;
/** Which values of an event are numbers: its time and its size. */
const NUMBERS = [0, 8];
const TRACKING_COLUMNS = 11;

/** Each makes one statement of many rows. */
export function contentsStatement(mailboxId: MailboxId, rows: readonly MovedContent[]): Statement {
  return [
    INSERT_CONTENTS,
    mailboxId,
    numberArray(rows.map((row) => row.contentId)),
    numberArray(rows.map((row) => row.sizeBytes)),
    numberArray(rows.map((row) => row.headBytes)),
    numberArray(rows.map((row) => row.sentAtMs)),
    textArray(rows.map((row) => row.blob)),
    textArray(rows.map((row) => row.messageId)),
    textArray(rows.map((row) => row.subject)),
    bytesArray(rows.map((row) => wireBytes(row.envelope))),
    bytesArray(rows.map((row) => wireBytes(row.bodyStructure))),
    bytesArray(rows.map((row) => wireBytes(row.bodyShort))),
    bytesArray(rows.map((row) => wireBytes(row.structure))),
    textArray(rows.map((row) => row.preview)),
    bytesArray(rows.map((row) => row.hash)),
    bytesArray(rows.map((row) => row.head)),
    bytesArray(rows.map((row) => row.body)),
  ];
}

export function entriesStatement(mailboxId: MailboxId, rows: readonly MovedEntry[]): Statement {
  return [
    INSERT_ENTRIES,
    mailboxId,
    numberArray(rows.map((row) => row.folderId)),
    numberArray(rows.map((row) => row.uid)),
    numberArray(rows.map((row) => row.contentId)),
    numberArray(rows.map((row) => row.flags)),
    textArray(rows.map((row) => row.keywords)),
    numberArray(rows.map((row) => row.modSeq)),
    numberArray(rows.map((row) => row.internalMs)),
    numberArray(rows.map((row) => row.savedMs)),
    numberArray(rows.map((row) => row.sizeBytes)),
  ];
}

export function changesStatement(mailboxId: MailboxId, rows: readonly MovedChange[]): Statement {
  return [
    INSERT_CHANGES,
    mailboxId,
    numberArray(rows.map((row) => row.modSeq)),
    numberArray(rows.map((row) => row.folderId)),
    textArray(rows.map((row) => row.kind)),
    textArray(rows.map((row) => multirange(row.uids))),
  ];
}

export function trackingStatement(events: readonly MovedTracking[]): Statement {
  const columns = Array.from({ length: TRACKING_COLUMNS }, (_, index) =>
    NUMBERS.includes(index)
      ? numberArray(events.map((event) => event[index] as number))
      : textArray(events.map((event) => event[index] as string)),
  );
  return [INSERT_TRACKING, ...columns];
}

/** `1:3,7` as an int8multirange. */
function multirange(uids: string): string {
  const ranges = uids.split(',').map((range) => {
    const [first, last = first] = range.split(':');
    return `[${first},${last}]`;
  });
  return `{${uids === '' ? '' : ranges.join(',')}}`;
}
