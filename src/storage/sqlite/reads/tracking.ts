import type { SubmissionId, TrackingEvent } from '#model';
import type { Counts } from '../../reads.ts';
import type { Statements } from '../statements.ts';

const SELECT_TRACKING = `SELECT at_ms, event, source, submission_id, message_id, sender, recipients, recipient_status,
    size_bytes, subject, client_address
  FROM tracking ORDER BY tracking_id DESC LIMIT +?`;
// Contents: each message has one, less what is shared, and those that nothing shows any more. No scan of the contents.
const SELECT_COUNTS = `SELECT (SELECT count(*) FROM mailbox), (SELECT count(*) FROM folder),
  (SELECT coalesce(sum(messages), 0) FROM folder),
  (SELECT coalesce(sum(messages), 0) FROM folder) - (SELECT coalesce(sum(refs - 1), 0) FROM content_ref) +
    (SELECT count(*) FROM orphan)`;

/** The newest tracking events, newest first. */
export function readTracking(sql: Statements, limit: number): readonly TrackingEvent[] {
  return sql.rows(SELECT_TRACKING, limit).map((row) => ({
    atMs: row[0] as number,
    event: row[1] as TrackingEvent['event'],
    source: row[2] as TrackingEvent['source'],
    submissionId: row[3] as SubmissionId,
    messageId: row[4] as string,
    sender: row[5] as string,
    recipients: row[6] as string,
    recipientStatus: row[7] as string,
    sizeBytes: row[8] as number,
    subject: row[9] as string,
    clientAddress: row[10] as string,
  }));
}

export function readCounts(sql: Statements): Counts {
  const [mailboxes, folders, messages, contents] = sql.row(SELECT_COUNTS) as number[];
  return { mailboxes: mailboxes!, folders: folders!, messages: messages!, contents: contents! };
}
