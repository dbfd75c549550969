import { PosthornError } from '#kernel';
import type { MailboxId, ModSeq } from '#model';
import type { Blobs } from '../../blobs/port.ts';
import type { FolderRef } from '../../commands.ts';
import type {
  CopyState,
  DirectoryPages,
  DirectoryTable,
  MailboxParts,
  MailboxStamp,
  MovedChange,
  MovedContent,
  MovedEntry,
  MovedTracking,
  MoveTarget,
  Position,
} from '../../moving/port.ts';
import { PostgresBlobs } from '../blobs.ts';
import type { Row, Value } from '../connection.ts';
import { numberArray } from '../literals.ts';
import type { Pool } from '../pool.ts';
import { SPREAD } from '../schema.ts';
import { parseTarget } from '../target.ts';
import { directoryStatements } from './put-directory.ts';
import { partsStatements } from './put-parts.ts';
import {
  changesStatement,
  contentsStatement,
  entriesStatement,
  trackingStatement,
} from './put-rows.ts';
import {
  atLength,
  countMessages,
  readParts,
  readStamps,
  readSums,
  readUids,
  transact,
} from './side.ts';
import { openPool, type PostgresMoveOptions } from './source.ts';

const CREATE_STATE = `CREATE TABLE IF NOT EXISTS move_mailbox(
    mailbox_id bigint PRIMARY KEY, from_modseq bigint NOT NULL, folder_id bigint NOT NULL, uid bigint NOT NULL
  )`;
const INSERT_SOURCE = "INSERT INTO header(key, value) VALUES ('moving', $1) ON CONFLICT DO NOTHING";
const SELECT_SOURCE = "SELECT value FROM header WHERE key = 'moving'";
const COUNT_ALL = `SELECT (SELECT count(*) FROM recipient), (SELECT count(*) FROM domain), (SELECT count(*) FROM tracking),
  (SELECT count(*) FROM content)`;
const SELECT_COPIED =
  'SELECT mailbox_id FROM move_mailbox WHERE mailbox_id > $1 ORDER BY mailbox_id LIMIT $2';
const SELECT_STATE = 'SELECT from_modseq, folder_id, uid FROM move_mailbox WHERE mailbox_id = $1';
const BEGIN_COPY = `INSERT INTO move_mailbox(mailbox_id, from_modseq, folder_id, uid) VALUES ($1, $2, 0, 0)
  ON CONFLICT DO NOTHING`;
const NOTE_POSITION = 'UPDATE move_mailbox SET folder_id = $2, uid = $3 WHERE mailbox_id = $1';
const SELECT_CONTENTS =
  'SELECT content_id FROM content WHERE mailbox_id = $1 AND content_id = ANY($2::bigint[])';
const SELECT_DAMAGED = `SELECT content_id FROM content WHERE mailbox_id = $1 AND content_id = ANY($2::bigint[])
  AND blob IS NULL AND sha256(head || body) <> hash`;
const DELETE_ENTRIES =
  'DELETE FROM entry WHERE mailbox_id = $1 AND folder_id = $2 AND uid = ANY($3::bigint[])';
const COUNT_BROKEN = `SELECT count(*) FROM entry AS e
  WHERE NOT EXISTS (SELECT 1 FROM content AS c WHERE c.mailbox_id = e.mailbox_id AND c.content_id = e.content_id)`;
const COUNT_REFS = `INSERT INTO content_ref(mailbox_id, content_id, refs)
  SELECT mailbox_id, content_id, count(*) FROM entry GROUP BY mailbox_id, content_id HAVING count(*) > 1`;
const NOTE_ORPHANS = `INSERT INTO orphan(mailbox_id, content_id) SELECT c.mailbox_id, c.content_id FROM content AS c
  WHERE NOT EXISTS (SELECT 1 FROM entry AS e WHERE e.mailbox_id = c.mailbox_id AND e.content_id = c.content_id)`;
const NOTE_CHORES = `INSERT INTO chore(mailbox_id) SELECT DISTINCT o.mailbox_id FROM orphan AS o
  JOIN mailbox AS m ON m.mailbox_id = o.mailbox_id ON CONFLICT DO NOTHING`;
const RAISE_NEXT_ID = `UPDATE header SET value = greatest(value::bigint, $1::bigint)::text WHERE key = 'next_mailbox_id'`;
const FORGET_SOURCE = "DELETE FROM header WHERE key = 'moving'";
const TABLES = [
  'entry',
  'change',
  'content',
  'folder',
  'subscription',
  'keyword',
  'acl',
  'annotation',
  'mailbox',
];

/** A schema of PostgreSQL as the target of a move; no node serves it. */
class PostgresTarget implements MoveTarget {
  readonly shown: string;
  readonly blobs: Blobs;
  readonly #pool: Pool;

  constructor(options: PostgresMoveOptions, pool: Pool) {
    this.shown = parseTarget(options.url).shown;
    this.blobs = options.blobs ?? new PostgresBlobs(pool, options.clock);
    this.#pool = pool;
  }

  async begin(sourceId: string): Promise<void> {
    const [begun] = await this.#ask(SELECT_SOURCE);
    if (begun !== undefined && begun[0] !== sourceId)
      throw new PosthornError(
        'not-empty',
        `${this.shown} holds the begun copy of another store: remove it, or name another schema`,
      );
    if (begun === undefined) {
      const [counts] = await this.#ask(COUNT_ALL);
      const [mailboxes, domains] = counts as readonly number[];
      if (counts!.some((count) => (count as number) > 0))
        throw new PosthornError(
          'not-empty',
          `${this.shown} holds ${mailboxes} mailboxes and ${domains} domains and is not the begun copy of this store: name an empty schema`,
        );
    }
    await transact(this.#pool, [[CREATE_STATE], [INSERT_SOURCE, sourceId]]);
  }

  async stamps(after: number, limit: number): Promise<readonly MailboxStamp[]> {
    const copied = (await this.#ask(SELECT_COPIED, after, limit)).map(([mailboxId]) => ({
      mailboxId: mailboxId as MailboxId,
      modSeq: 0 as ModSeq,
      logFloor: 0,
      recents: 0,
      keywords: 0,
    }));
    return [...(await readStamps(this.#pool, after, limit)), ...copied]
      .sort((a, b) => a.mailboxId - b.mailboxId)
      .slice(0, limit);
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

  async copyState(mailboxId: MailboxId): Promise<CopyState | undefined> {
    const [row] = await this.#ask(SELECT_STATE, mailboxId);
    if (row === undefined) return undefined;
    const [fromModSeq, folderId, uid] = row as unknown as readonly [ModSeq, number, number];
    return { fromModSeq, folderId, uid };
  }

  async beginCopy(mailboxId: MailboxId, fromModSeq: ModSeq): Promise<void> {
    await this.#ask(BEGIN_COPY, mailboxId, fromModSeq);
  }

  async putDirectory<Table extends DirectoryTable>(
    table: Table,
    page: DirectoryPages[Table],
  ): Promise<void> {
    await transact(this.#pool, directoryStatements(table, page));
  }

  async missingContents(
    mailboxId: MailboxId,
    contentIds: readonly number[],
  ): Promise<ReadonlySet<number>> {
    const missing = new Set(contentIds);
    for (const [id] of await this.#ask(SELECT_CONTENTS, mailboxId, numberArray(contentIds)))
      missing.delete(id as number);
    return missing;
  }

  async putContents(mailboxId: MailboxId, contents: readonly MovedContent[]): Promise<void> {
    const ids = numberArray(contents.map(({ contentId }) => contentId));
    const [, damaged] = await transact(this.#pool, [
      contentsStatement(mailboxId, contents),
      [SELECT_DAMAGED, mailboxId, ids],
    ]);
    if (damaged!.length > 0)
      throw new PosthornError(
        'corrupt',
        `mailbox ${mailboxId} content ${damaged![0]![0]} was not written as it was read`,
      );
  }

  async putEntries(
    mailboxId: MailboxId,
    entries: readonly MovedEntry[],
    reached: Position | undefined,
  ): Promise<void> {
    const statements = entries.length === 0 ? [] : [entriesStatement(mailboxId, entries)];
    if (reached !== undefined)
      statements.push([NOTE_POSITION, mailboxId, reached.folderId, reached.uid]);
    await transact(this.#pool, statements);
  }

  async removeEntries({ mailboxId, folderId }: FolderRef, uids: readonly number[]): Promise<void> {
    await this.#ask(DELETE_ENTRIES, mailboxId, folderId, numberArray(uids));
  }

  async putChanges(mailboxId: MailboxId, rows: readonly MovedChange[]): Promise<void> {
    await transact(this.#pool, [changesStatement(mailboxId, rows)]);
  }

  async putParts(parts: MailboxParts): Promise<void> {
    const isCopied = (await this.copyState(parts.mailbox.mailboxId)) !== undefined;
    await atLength(this.#pool, partsStatements(parts, isCopied));
  }

  async removeMailbox(mailboxId: MailboxId): Promise<void> {
    await atLength(
      this.#pool,
      [...TABLES, 'move_mailbox'].map((table) => [
        `DELETE FROM ${table} WHERE mailbox_id = $1`,
        mailboxId,
      ]),
    );
  }

  async clearTracking(): Promise<void> {
    await atLength(this.#pool, [['DELETE FROM tracking']]);
  }

  async addTracking(events: readonly MovedTracking[]): Promise<void> {
    await transact(this.#pool, [trackingStatement(events)]);
  }

  async prepareFinish(): Promise<void> {
    await atLength(
      this.#pool,
      SPREAD.map((table) => [`ANALYZE ${table}`]),
    );
  }

  async finish(nextMailboxId: number): Promise<void> {
    const [broken] = await atLength(this.#pool, [[COUNT_BROKEN]]);
    if ((broken![0]![0] as number) > 0)
      throw new PosthornError(
        'corrupt',
        `${broken![0]![0]} messages of ${this.shown} have no content`,
      );
    await atLength(this.#pool, [
      ['DELETE FROM content_ref'],
      [COUNT_REFS],
      ['DELETE FROM orphan'],
      [NOTE_ORPHANS],
      [NOTE_CHORES],
      [RAISE_NEXT_ID, nextMailboxId],
      [FORGET_SOURCE],
      ['DROP TABLE IF EXISTS move_mailbox'],
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.close();
  }

  #ask(sql: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return this.#pool.ask('a move', (connection) => connection.query(sql, ...values));
  }
}

/** Opens a schema as the target of a move, making it when there is none. @throws {unavailable}, {format-newer}, {corrupt} */
export async function openPostgresTarget(options: PostgresMoveOptions): Promise<MoveTarget> {
  const pool = await openPool(options, 'move in');
  return new PostgresTarget(options, pool);
}
