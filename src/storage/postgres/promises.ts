import type { Content, MailboxId } from '#model';
import type { Ingest, IngestedEntry, IngestTarget } from '../commands.ts';
import { ingestPart } from './commands/ingest.ts';
import { fitKeywords } from './commands/keywords.ts';
import type { Connection, Row } from './connection.ts';
import { numberArray, textArray } from './literals.ts';
import type { Pool } from './pool.ts';
import type { Transaction } from './transaction.ts';

/** What is owed to a mailbox. */
export interface Part {
  readonly commandId: string;
  readonly ingest: Pick<Ingest, 'contents' | 'targets'>;
}

/** A promise as it was found. */
export interface Promised extends Part {
  readonly mailboxId: MailboxId;
  readonly others: readonly MailboxId[];
}

const INSERT_PROMISE =
  'INSERT INTO promise(mailbox_id, command_id, made_ms, parts) VALUES ($1, $2, $3, $4)';
const DELETE_PROMISES =
  'DELETE FROM promise WHERE mailbox_id = $1 AND command_id = ANY($2::text[])';
const DELETE_PARTS = 'DELETE FROM part WHERE mailbox_id = $1 AND command_id = ANY($2::text[])';
const SELECT_PART = 'SELECT 1 FROM part WHERE mailbox_id = $1 AND command_id = $2';
const SELECT_PROMISE = 'SELECT 1 FROM promise WHERE mailbox_id = $1 AND command_id = $2';
const NOTE_ORPHANS = `INSERT INTO orphan(mailbox_id, content_id) SELECT $1::bigint, * FROM unnest($2::bigint[])
  ON CONFLICT DO NOTHING`;
const SELECT_PROMISES =
  'SELECT mailbox_id, command_id, parts FROM promise WHERE made_ms < $1 ORDER BY made_ms LIMIT $2';
const SELECT_CONTENTS = `SELECT content_id, size_bytes, head_bytes, sent_ms, blob, message_id, subject, envelope, body_structure, body_short,
    structure, preview, hash, head, body
  FROM content WHERE mailbox_id = $1 AND content_id = ANY($2::bigint[])`;

interface Written {
  /** Ids of the contents in the mailbox that holds the promise. */
  readonly contentIds: readonly number[];
  readonly targets: readonly IngestTarget[];
}

/**
 * Writes the promise of the parts for the other mailboxes beside the part of the first. Their contents are kept in the first
 * mailbox: the clean-up leaves a mailbox with promises alone.
 */
export async function writePromise(
  tx: Transaction,
  mailboxId: MailboxId,
  commandId: string,
  { contents, targets }: Pick<Ingest, 'contents' | 'targets'>,
): Promise<void> {
  const mailbox = tx.mailbox(mailboxId);
  const known = new Map<Content, number>();
  for (const { content, contentId } of tx.rows.waiting(mailboxId)) known.set(content, contentId);
  const contentIds: number[] = [];
  const extra: number[] = [];
  for (const content of contents) {
    let contentId = known.get(content);
    if (contentId === undefined) {
      // Nobody shows it here: it goes with the clean-up that follows the promise.
      contentId = mailbox.nextContentId++;
      tx.rows.addContent({ mailboxId, contentId, content });
      extra.push(contentId);
    }
    contentIds.push(contentId);
  }
  if (extra.length > 0) {
    await tx.write(NOTE_ORPHANS, mailboxId, numberArray(extra));
    tx.chore(mailboxId);
  }
  const owed = targets.filter((target) => target.mailboxId !== mailboxId);
  const parts: Written = { contentIds, targets: owed };
  await tx.write(
    INSERT_PROMISE,
    mailboxId,
    commandId,
    tx.nowMs,
    Buffer.from(JSON.stringify(parts)),
  );
}

/**
 * Does a part and marks it as done; when somebody did it already, nothing: then its mark is there, or the promise that stands in the
 * mailbox `first` is gone, which goes before the mark. They are asked for in this order. What was promised is not refused any more: a
 * quota was looked at before, a mailbox that knows too many keywords learns no more, and a mailbox or folder that is gone takes its
 * part with it.
 */
export async function keepPart(
  tx: Transaction,
  mailboxId: MailboxId,
  { commandId, ingest }: Part,
  first: MailboxId,
): Promise<readonly IngestedEntry[]> {
  const [mark, promise] = await tx.selectAll([
    [SELECT_PART, mailboxId, commandId],
    [SELECT_PROMISE, first, commandId],
  ]);
  if (mark!.length > 0 || promise!.length === 0) return [];
  const targets: IngestTarget[] = [];
  for (const target of ingest.targets)
    if (target.mailboxId === mailboxId && tx.has(target))
      targets.push({ ...target, keywords: fitKeywords(tx, mailboxId, target.keywords) });
  if (targets.length === 0) return [];
  tx.rows.addPart(mailboxId, commandId);
  return ingestPart(tx, mailboxId, { contents: ingest.contents, targets });
}

/** Removes promises that are kept, then the marks of their parts: never the other way round. */
export async function forgetPromises(
  pool: Pool,
  first: MailboxId,
  others: readonly MailboxId[],
  kept: readonly Pick<Part, 'commandId'>[],
): Promise<void> {
  const ids = textArray(kept.map((part) => part.commandId));
  await pool.ask('kept promises', (connection) => connection.query(DELETE_PROMISES, first, ids));
  await pool.ask('kept promises', (connection) =>
    connection.flight(others.map((mailboxId) => [DELETE_PARTS, mailboxId, ids] as const)),
  );
}

/** Promises from before a time that nobody has kept: the node that made them is gone, or could not keep them. */
export async function findPromises(
  connection: Connection,
  madeBeforeMs: number,
  limit: number,
): Promise<readonly Promised[]> {
  const found: Promised[] = [];
  for (const [mailboxId, commandId, bytes] of await connection.query(
    SELECT_PROMISES,
    madeBeforeMs,
    limit,
  )) {
    const { contentIds, targets } = JSON.parse((bytes as Buffer).toString()) as Written;
    const rows = await connection.query(
      SELECT_CONTENTS,
      mailboxId as number,
      numberArray(contentIds),
    );
    const byId = new Map(rows.map((row) => [row[0] as number, contentOf(row)]));
    found.push({
      mailboxId: mailboxId as MailboxId,
      commandId: commandId as string,
      others: [...new Set(targets.map((target) => target.mailboxId))],
      ingest: { contents: contentIds.map((id) => byId.get(id)!), targets },
    });
  }
  return found;
}

/** A content as it came in, from its row. */
function contentOf(row: Row): Content {
  const wire = (index: number): string => (row[index] as Buffer).toString('latin1');
  const sizeBytes = row[1] as number;
  const blob = row[4] as string | null;
  return {
    head: row[13] as Buffer,
    body:
      blob === null
        ? { kind: 'bytes', bytes: (row[14] as Buffer | null) ?? Buffer.alloc(0) }
        : { kind: 'blob', blob, sizeBytes: sizeBytes - (row[2] as number) },
    hash: row[12] as Buffer,
    sizeBytes,
    sentAtMs: (row[3] as number | null) ?? undefined,
    messageId: (row[5] as string | null) ?? undefined,
    subject: row[6] as string,
    envelope: wire(7),
    bodyStructure: wire(8),
    bodyShort: wire(9),
    structure: wire(10),
    preview: row[11] as string,
  };
}
