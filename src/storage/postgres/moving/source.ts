import { type Clock, PosthornError, randomId } from '#kernel';
import type { MailboxId, ModSeq } from '#model';
import type { Blobs } from '../../blobs/port.ts';
import type { FolderRef, UidRanges } from '../../commands.ts';
import type {
  DirectoryPages,
  DirectoryTable,
  EntryNews,
  MailboxParts,
  MailboxStamp,
  MovedChange,
  MovedContent,
  MovedEntry,
  MovedTracking,
  MoveSource,
  Position,
} from '../../moving/port.ts';
import { PostgresBlobs } from '../blobs.ts';
import { keepPromises } from '../commands/clean-up.ts';
import { IN_RANGES } from '../commands/store-flags.ts';
import type { Row, Value } from '../connection.ts';
import { Executor } from '../executor.ts';
import { numberArray, rangesLiteral } from '../literals.ts';
import { POOL_LIMITS, Pool } from '../pool.ts';
import { readChanges } from '../reads/changes.ts';
import { type Purpose, prepareSchema } from '../schema.ts';
import { parseTarget } from '../target.ts';
import { countMessages, readParts, readStamps, readSums, readUids } from './side.ts';

const ENTRY = `e.folder_id, e.uid, e.content_id, e.flags, e.keywords, e.modseq, e.internal_ms, e.saved_ms, e.size_bytes`;
const SELECT_AFTER = `SELECT ${ENTRY} FROM entry AS e WHERE e.mailbox_id = $1 AND (e.folder_id, e.uid) > ($2::bigint, $3::bigint)
  ORDER BY e.folder_id, e.uid LIMIT $4`;
const SELECT_NAMED = `SELECT ${ENTRY} FROM entry AS e WHERE ${IN_RANGES} ORDER BY e.uid`;
const SELECT_CONTENTS = `SELECT content_id, size_bytes, head_bytes, sent_ms, blob, message_id, subject, envelope, body_structure, body_short,
    structure, preview, hash, head, body
  FROM content WHERE mailbox_id = $1 AND content_id = ANY($2::bigint[])`;
const SELECT_LOG = `SELECT modseq, folder_id, kind, uids::text FROM change
  WHERE mailbox_id = $1 AND (modseq, folder_id, kind) > ($2::bigint, $3::bigint, $4::text) AND kind <> 'm'
  ORDER BY modseq, folder_id, kind LIMIT $5`;
const SELECT_NEXT_ID = "SELECT value::bigint FROM header WHERE key = 'next_mailbox_id'";
const KEEP_ID =
  "INSERT INTO header(key, value) VALUES ('store_id', $1) ON CONFLICT(key) DO NOTHING";
const SELECT_ID = "SELECT value FROM header WHERE key = 'store_id'";
const COUNT_PROMISES = 'SELECT count(*) FROM promise';
// Of the same millisecond, in the order in which they were written.
const SELECT_OLDEST =
  'SELECT at_ms, tracking_id FROM tracking ORDER BY at_ms DESC, tracking_id DESC LIMIT 1 OFFSET $1';
const SELECT_TRACKING = `SELECT tracking_id, at_ms, event, source, submission_id, message_id, sender, recipients, recipient_status,
    size_bytes, subject, client_address
  FROM tracking WHERE (at_ms, tracking_id) > ($1::bigint, $2::bigint) ORDER BY at_ms, tracking_id LIMIT $3`;

/** How long the source may take to do what it owes. */
const SETTLE_MS = 30_000;
const SETTLE_LOOK_MS = 200;

/** A table of the directory: its rows, of which the first column is the key, and what is made of one. */
const DIRECTORY: {
  readonly [Table in DirectoryTable]: {
    readonly sql: string;
    readonly read: (row: Row) => DirectoryPages[Table]['rows'][number];
  };
} = {
  domains: {
    sql: 'SELECT domain FROM domain WHERE domain > $1 ORDER BY domain LIMIT $2',
    read: (row) => row[0] as string,
  },
  recipients: {
    sql: `SELECT mailbox_id, address, created_ms, argon2id, scram_sha_256 FROM recipient
      WHERE mailbox_id > $1 ORDER BY mailbox_id LIMIT $2`,
    read: (row) => ({
      mailboxId: row[0] as MailboxId,
      address: row[1] as string,
      createdAtMs: row[2] as number,
      argon2id: row[3] as string | null,
      scramSha256: row[4] as string | null,
    }),
  },
  addresses: {
    sql: 'SELECT address, domain, mailbox_id FROM address WHERE address > $1 ORDER BY address LIMIT $2',
    read: (row) => ({
      address: row[0] as string,
      domain: row[1] as string,
      mailboxId: row[2] as MailboxId,
    }),
  },
  serverAnnotations: {
    sql: 'SELECT entry, value FROM server_annotation WHERE entry > $1 ORDER BY entry LIMIT $2',
    read: (row) => ({ entry: row[0] as string, value: row[1] as string }),
  },
};

export interface PostgresMoveOptions {
  /** `postgres://…`, see `parseTarget`. */
  readonly url: string;
  /** Where its large bodies are; undefined: in the database too. */
  readonly blobs: Blobs | undefined;
  readonly clock: Clock;
}

/** A schema of PostgreSQL as the source of a move; nodes may be serving it. */
class PostgresSource implements MoveSource {
  readonly shown: string;
  readonly blobs: Blobs;
  readonly #pool: Pool;
  readonly #clock: Clock;

  constructor(options: PostgresMoveOptions, pool: Pool) {
    this.shown = parseTarget(options.url).shown;
    this.blobs = options.blobs ?? new PostgresBlobs(pool, options.clock);
    this.#clock = options.clock;
    this.#pool = pool;
  }

  /** By a name that it keeps among its own. */
  async id(): Promise<string> {
    const answers = await this.#pool.ask('a move', (connection) =>
      connection.flight([[KEEP_ID, randomId(26)], [SELECT_ID]]),
    );
    return `postgres:${answers[1]![0]![0]}`;
  }

  /** Parts of ingests that are owed to mailboxes exist as promises alone: they are delivered. */
  async settle(): Promise<void> {
    const untilMs = this.#clock.elapsed() + SETTLE_MS;
    const executor = new Executor(this.#pool, this.#clock, () => {});
    const parts = { pool: this.#pool, executor, clock: this.#clock };
    for (;;) {
      await keepPromises(parts);
      const [row] = await this.#ask(COUNT_PROMISES);
      if (row![0] === 0) return;
      if (this.#clock.elapsed() >= untilMs)
        throw new PosthornError(
          'unavailable',
          `${row![0]} deliveries are still owed to mailboxes of ${this.shown}, and their servers cannot be reached`,
        );
      await this.#clock.sleep(SETTLE_LOOK_MS);
    }
  }

  stamps(after: number, limit: number): Promise<readonly MailboxStamp[]> {
    return readStamps(this.#pool, after, limit);
  }

  mailboxParts(mailboxId: MailboxId): Promise<MailboxParts | undefined> {
    return readParts(this.#pool, mailboxId);
  }

  uids(ref: FolderRef): Promise<Uint32Array> {
    return readUids(this.#pool, ref);
  }

  sums(mailboxId: MailboxId): Promise<readonly string[]> {
    return readSums(this.#pool, mailboxId);
  }

  messages(): Promise<number> {
    return countMessages(this.#pool);
  }

  async directory<Table extends DirectoryTable>(
    table: Table,
    after: DirectoryPages[Table]['after'],
    limit: number,
  ): Promise<DirectoryPages[Table]> {
    const { sql, read } = DIRECTORY[table];
    const rows = await this.#ask(sql, after, limit);
    const through = rows.length < limit ? undefined : rows.at(-1)![0];
    return { after, through, rows: rows.map(read) } as unknown as DirectoryPages[Table];
  }

  async nextMailboxId(): Promise<number> {
    const [row] = await this.#ask(SELECT_NEXT_ID);
    return row![0] as number;
  }

  async entriesAfter(
    mailboxId: MailboxId,
    { folderId, uid }: Position,
    limit: number,
  ): Promise<readonly MovedEntry[]> {
    return (await this.#ask(SELECT_AFTER, mailboxId, folderId, uid, limit)).map(entryOf);
  }

  async entries(ref: FolderRef, uids: UidRanges): Promise<readonly MovedEntry[]> {
    const { mailboxId, folderId } = ref;
    return (await this.#ask(SELECT_NAMED, mailboxId, folderId, rangesLiteral(uids))).map(entryOf);
  }

  async contents(
    mailboxId: MailboxId,
    contentIds: readonly number[],
  ): Promise<readonly MovedContent[]> {
    return (await this.#ask(SELECT_CONTENTS, mailboxId, numberArray(contentIds))).map(contentOf);
  }

  async news(ref: FolderRef, since: ModSeq): Promise<EntryNews | undefined> {
    const changes = await this.#pool.ask('a move', (connection) =>
      readChanges(connection, ref, since),
    );
    if (changes === undefined) return undefined;
    return { touched: changes.entries.map(({ uid }) => uid), vanished: changes.vanished };
  }

  async changeLog(
    mailboxId: MailboxId,
    { modSeq, folderId, kind }: Pick<MovedChange, 'modSeq' | 'folderId' | 'kind'>,
    limit: number,
  ): Promise<readonly MovedChange[]> {
    const rows = await this.#ask(SELECT_LOG, mailboxId, modSeq, folderId, kind, limit);
    return rows.map((row) => ({
      modSeq: row[0] as ModSeq,
      folderId: row[1] as number,
      kind: row[2] as string,
      uids: uidsText(row[3] as string),
    }));
  }

  async *tracking(newest: number, batch: number): AsyncIterable<readonly MovedTracking[]> {
    const [oldest] = await this.#ask(SELECT_OLDEST, newest);
    let after = (oldest ?? [Number.MIN_SAFE_INTEGER, 0]) as readonly [number, number];
    for (;;) {
      const rows = await this.#ask(SELECT_TRACKING, ...after, batch);
      if (rows.length === 0) return;
      yield rows.map((row) => row.slice(1) as MovedTracking);
      const [id, atMs] = rows.at(-1) as unknown as readonly [number, number];
      after = [atMs, id];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close();
  }

  #ask(sql: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return this.#pool.ask('a move', (connection) => connection.query(sql, ...values));
  }
}

/** Opens a schema as the source of a move. @throws {unavailable}, {format-newer}, {corrupt} */
export async function openPostgresSource(options: PostgresMoveOptions): Promise<MoveSource> {
  const pool = await openPool(options, 'move out');
  return new PostgresSource(options, pool);
}

/** Connects, and makes the schema when there is none. */
export async function openPool(
  { url, clock }: Pick<PostgresMoveOptions, 'url' | 'clock'>,
  purpose: Purpose,
): Promise<Pool> {
  const target = parseTarget(url);
  const pool = new Pool(target, clock, POOL_LIMITS);
  try {
    await pool.ask('a move', (connection) => prepareSchema(connection, target.schema, purpose));
    return pool;
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** A multirange `{[1,4),[7,8)}` as `1:3,7`. */
function uidsText(multirange: string): string {
  const ranges: string[] = [];
  for (const [, from, to] of multirange.matchAll(/\[(\d+),(\d+)\)/g)) {
    const last = Number(to) - 1;
    ranges.push(Number(from) === last ? `${last}` : `${from}:${last}`);
  }
  return ranges.join(',');
}

function entryOf(row: Row): MovedEntry {
  return {
    folderId: row[0] as number,
    uid: row[1] as number,
    contentId: row[2] as number,
    flags: row[3] as number,
    keywords: row[4] as string,
    modSeq: row[5] as ModSeq,
    internalMs: row[6] as number,
    savedMs: row[7] as number,
    sizeBytes: row[8] as number,
  };
}

function contentOf(row: Row): MovedContent {
  const wire = (index: number): string => (row[index] as Buffer).toString('latin1');
  return {
    contentId: row[0] as number,
    sizeBytes: row[1] as number,
    headBytes: row[2] as number,
    sentAtMs: row[3] as number | null,
    blob: row[4] as string | null,
    messageId: row[5] as string | null,
    subject: row[6] as string,
    envelope: wire(7),
    bodyStructure: wire(8),
    bodyShort: wire(9),
    structure: wire(10),
    preview: row[11] as string,
    hash: row[12] as Buffer,
    head: row[13] as Buffer,
    body: row[14] as Buffer | null,
  };
}
