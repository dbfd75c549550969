import type { Content, FolderId, MailboxId, TrackingEvent, Uid } from '#model';
import type { Statement } from './connection.ts';
import { bytesArray, numberArray, textArray, uidsLiteral, wireBytes } from './literals.ts';

const INSERT_CONTENTS = `INSERT INTO content(mailbox_id, content_id, size_bytes, head_bytes, sent_ms, blob, message_id, subject, envelope,
    body_structure, body_short, structure, preview, hash, head, body)
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
    $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[], $13::text[], $14::bytea[], $15::bytea[], $16::bytea[])`;
const INSERT_REFS = `INSERT INTO content_ref(mailbox_id, content_id, refs)
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])`;
const INSERT_ENTRIES = `INSERT INTO entry(mailbox_id, folder_id, uid, content_id, flags, keywords, modseq, internal_ms, saved_ms, size_bytes)
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::integer[], $6::text[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[])`;
const INSERT_CHANGES = `INSERT INTO change(mailbox_id, modseq, folder_id, kind, uids, tx)
  SELECT c.mailbox_id, c.modseq, c.folder_id, c.kind, c.uids::int8multirange, $6
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[]) AS c(mailbox_id, modseq, folder_id, kind, uids)
  ON CONFLICT(mailbox_id, modseq, folder_id, kind) DO UPDATE SET uids = change.uids + excluded.uids`;
const INSERT_TRACKING = `INSERT INTO tracking(mailbox_id, at_ms, event, source, submission_id, message_id, sender, recipients,
    recipient_status, size_bytes, subject, client_address)
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::bigint[], $11::text[], $12::text[])`;
const INSERT_KEYWORDS = `INSERT INTO keyword(mailbox_id, folded, name)
  SELECT $1::bigint, * FROM unnest($2::text[], $3::text[])`;
// Contents that lose references come as arrays of id and how many; one without a count has one. What nothing shows any more is to be
// cleaned up.
const RELEASE = `WITH held AS (
    SELECT l.id, l.n, c.refs FROM unnest($2::bigint[], $3::bigint[]) AS l(id, n)
    LEFT JOIN content_ref AS c ON c.mailbox_id = $1 AND c.content_id = l.id
  ), gone AS (
    DELETE FROM content_ref AS c USING held WHERE c.mailbox_id = $1 AND c.content_id = held.id AND held.refs <= held.n
  ), lowered AS (
    UPDATE content_ref AS c SET refs = c.refs - held.n FROM held
    WHERE c.mailbox_id = $1 AND c.content_id = held.id AND held.refs > held.n
  ), orphaned AS (
    INSERT INTO orphan(mailbox_id, content_id)
    SELECT $1, id FROM held WHERE coalesce(refs, 1) <= n ON CONFLICT DO NOTHING RETURNING 1
  )
  INSERT INTO chore(mailbox_id) SELECT $1::bigint WHERE EXISTS (SELECT 1 FROM orphaned) ON CONFLICT DO NOTHING`;
const INSERT_PARTS = `INSERT INTO part(mailbox_id, command_id) SELECT * FROM unnest($1::bigint[], $2::text[])`;

/** A content as a mailbox gets it. */
export interface ContentRow {
  readonly mailboxId: MailboxId;
  readonly contentId: number;
  readonly content: Content;
}

export interface EntryRow {
  readonly mailboxId: MailboxId;
  readonly folderId: FolderId;
  readonly uid: Uid;
  readonly contentId: number;
  readonly flags: number;
  readonly keywords: string;
  readonly modSeq: number;
  readonly internalMs: number;
  readonly savedMs: number;
  readonly sizeBytes: number;
}

/** A row of the change log. `m` is a change of the mailbox's list of folders: it has no uids. */
export interface ChangeRow {
  readonly mailboxId: MailboxId;
  readonly modSeq: number;
  readonly folderId: FolderId;
  readonly kind: 'a' | 'f' | 'v' | 'm';
  readonly uids: readonly number[];
}

/** Rows that wait to be written: one statement for each table, however many there are. */
export class NewRows {
  #contents: ContentRow[] = [];
  #refs: { readonly mailboxId: MailboxId; readonly contentId: number; readonly refs: number }[] =
    [];
  #entries: EntryRow[] = [];
  readonly #changes = new Map<string, ChangeRow & { readonly uids: number[] }>();
  #tracking: { readonly mailboxId: number; readonly event: TrackingEvent }[] = [];
  #parts: { readonly mailboxId: MailboxId; readonly commandId: string }[] = [];
  readonly #keywords = new Map<MailboxId, Map<string, string>>();
  readonly #released = new Map<MailboxId, Map<number, number>>();
  #gathered = 0;

  /** Rows gathered since the beginning. */
  get gathered(): number {
    return this.#gathered;
  }

  /** Contents of a mailbox that wait to be written. */
  waiting(mailboxId: MailboxId): readonly ContentRow[] {
    return this.#contents.filter((row) => row.mailboxId === mailboxId);
  }

  addContent(row: ContentRow): void {
    this.#gathered++;
    this.#contents.push(row);
  }

  addRefs(mailboxId: MailboxId, contentId: number, refs: number): void {
    this.#gathered++;
    this.#refs.push({ mailboxId, contentId, refs });
  }

  addEntry(row: EntryRow): void {
    this.#gathered++;
    this.#entries.push(row);
  }

  /** Changes of one kind in one folder under one modseq are one row. */
  addChange(row: ChangeRow): void {
    this.#gathered++;
    const key = `${row.mailboxId}/${row.modSeq}/${row.folderId}/${row.kind}`;
    const known = this.#changes.get(key);
    if (known === undefined) this.#changes.set(key, { ...row, uids: [...row.uids] });
    else known.uids.push(...row.uids);
  }

  /** Tracking of a submission goes with the mailbox that is written first. */
  addTracking(mailboxId: number, event: TrackingEvent): void {
    this.#gathered++;
    this.#tracking.push({ mailboxId, event });
  }

  /** A keyword that is new to the mailbox, with its folded form. */
  addKeyword(mailboxId: MailboxId, folded: string, name: string): void {
    this.#gathered++;
    mapOf(this.#keywords, mailboxId).set(folded, name);
  }

  /** Counts references of contents down, one for each id given; contents without any are noted for the clean-up. */
  release(mailboxId: MailboxId, contentIds: readonly number[]): void {
    this.#gathered++;
    const released = mapOf(this.#released, mailboxId);
    for (const id of contentIds) released.set(id, (released.get(id) ?? 0) + 1);
  }

  addPart(mailboxId: MailboxId, commandId: string): void {
    this.#gathered++;
    this.#parts.push({ mailboxId, commandId });
  }

  /** Gives the statements that write the entries, with their contents, that were gathered since the last time. */
  takeEntries(): Statement[] {
    const statements: Statement[] = [];
    if (this.#contents.length > 0) statements.push(contentsStatement(this.#contents));
    if (this.#refs.length > 0) {
      const refs = this.#refs;
      statements.push([
        INSERT_REFS,
        numberArray(refs.map((row) => row.mailboxId)),
        numberArray(refs.map((row) => row.contentId)),
        numberArray(refs.map((row) => row.refs)),
      ]);
    }
    if (this.#entries.length > 0) statements.push(entriesStatement(this.#entries));
    this.#contents = [];
    this.#refs = [];
    this.#entries = [];
    return statements;
  }

  /** Gives the statements that write all that was gathered since the last time. */
  take(tx: string): Statement[] {
    const statements = this.takeEntries();
    if (this.#changes.size > 0) statements.push(changesStatement([...this.#changes.values()], tx));
    if (this.#tracking.length > 0) statements.push(trackingStatement(this.#tracking));
    if (this.#parts.length > 0)
      statements.push([
        INSERT_PARTS,
        numberArray(this.#parts.map((row) => row.mailboxId)),
        textArray(this.#parts.map((row) => row.commandId)),
      ]);
    for (const [mailboxId, names] of this.#keywords)
      statements.push([
        INSERT_KEYWORDS,
        mailboxId,
        textArray([...names.keys()]),
        textArray([...names.values()]),
      ]);
    for (const [mailboxId, released] of this.#released)
      statements.push([
        RELEASE,
        mailboxId,
        numberArray([...released.keys()]),
        numberArray([...released.values()]),
      ]);
    this.#changes.clear();
    this.#keywords.clear();
    this.#released.clear();
    this.#tracking = [];
    this.#parts = [];
    return statements;
  }
}

function mapOf<Key, Value>(
  maps: Map<MailboxId, Map<Key, Value>>,
  mailboxId: MailboxId,
): Map<Key, Value> {
  const known = maps.get(mailboxId);
  if (known !== undefined) return known;
  const made = new Map<Key, Value>();
  maps.set(mailboxId, made);
  return made;
}

function contentsStatement(rows: readonly ContentRow[]): Statement {
  const contents = rows.map((row) => row.content);
  return [
    INSERT_CONTENTS,
    numberArray(rows.map((row) => row.mailboxId)),
    numberArray(rows.map((row) => row.contentId)),
    numberArray(contents.map((content) => content.sizeBytes)),
    numberArray(contents.map((content) => content.head.length)),
    numberArray(contents.map((content) => content.sentAtMs ?? null)),
    textArray(contents.map(({ body }) => (body.kind === 'blob' ? body.blob : null))),
    textArray(contents.map((content) => content.messageId ?? null)),
    textArray(contents.map((content) => content.subject)),
    bytesArray(contents.map((content) => wireBytes(content.envelope))),
    bytesArray(contents.map((content) => wireBytes(content.bodyStructure))),
    bytesArray(contents.map((content) => wireBytes(content.bodyShort))),
    bytesArray(contents.map((content) => wireBytes(content.structure))),
    textArray(contents.map((content) => content.preview)),
    bytesArray(contents.map((content) => content.hash)),
    bytesArray(contents.map((content) => content.head)),
    bytesArray(contents.map(({ body }) => (body.kind === 'bytes' ? body.bytes : null))),
  ];
}

function entriesStatement(rows: readonly EntryRow[]): Statement {
  return [
    INSERT_ENTRIES,
    numberArray(rows.map((row) => row.mailboxId)),
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

function changesStatement(rows: readonly ChangeRow[], tx: string): Statement {
  return [
    INSERT_CHANGES,
    numberArray(rows.map((row) => row.mailboxId)),
    numberArray(rows.map((row) => row.modSeq)),
    numberArray(rows.map((row) => row.folderId)),
    textArray(rows.map((row) => row.kind)),
    textArray(rows.map((row) => uidsLiteral(row.uids))),
    tx,
  ];
}

function trackingStatement(
  rows: readonly { readonly mailboxId: number; readonly event: TrackingEvent }[],
): Statement {
  const events = rows.map((row) => row.event);
  return [
    INSERT_TRACKING,
    numberArray(rows.map((row) => row.mailboxId)),
    numberArray(events.map((event) => event.atMs)),
    textArray(events.map((event) => event.event)),
    textArray(events.map((event) => event.source)),
    textArray(events.map((event) => event.submissionId)),
    textArray(events.map((event) => event.messageId)),
    textArray(events.map((event) => event.sender)),
    textArray(events.map((event) => event.recipients)),
    textArray(events.map((event) => event.recipientStatus)),
    numberArray(events.map((event) => event.sizeBytes)),
    textArray(events.map((event) => event.subject)),
    textArray(events.map((event) => event.clientAddress)),
  ];
}
