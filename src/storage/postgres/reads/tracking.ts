import type { SubmissionId, TrackingEvent } from '#model';
import type { Counts } from '../../reads.ts';
import type { Connection } from '../connection.ts';

// Events are numbered in the order in which they were written; on a cluster, within one server.
const SELECT_TRACKING = `SELECT at_ms, event, source, submission_id, message_id, sender, recipients, recipient_status,
    size_bytes, subject, client_address
  FROM tracking ORDER BY at_ms DESC, tracking_id DESC LIMIT $1`;
// Contents: each message has one, less what is shared, and those that nothing shows any more. No scan of the contents.
const SELECT_COUNTS = `SELECT (SELECT count(*) FROM mailbox), (SELECT count(*) FROM folder),
  (SELECT coalesce(sum(messages), 0) FROM folder)::bigint,
  ((SELECT coalesce(sum(messages), 0) FROM folder) - (SELECT coalesce(sum(refs - 1), 0) FROM content_ref) +
    (SELECT count(*) FROM orphan))::bigint`;

/** The newest tracking events, newest first. */
export async function readTracking(
  connection: Connection,
  limit: number,
): Promise<readonly TrackingEvent[]> {
  return (await connection.query(SELECT_TRACKING, limit)).map((row) => ({
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

export async function readCounts(connection: Connection): Promise<Counts> {
  const [row] = await connection.query(SELECT_COUNTS);
  const [mailboxes, folders, messages, contents] = row as readonly number[];
  return { mailboxes: mailboxes!, folders: folders!, messages: messages!, contents: contents! };
}
