import { createHash } from 'node:crypto';
import { PosthornError } from '#kernel';
import type { MailboxId } from '#model';
import type { MovedContent } from '../../moving/port.ts';
import type { Statements } from '../statements.ts';

/** Where the contents of the source's mailboxes are in this store. */
export const MAP_TABLE = `CREATE TABLE move_content(
    mailbox_id INTEGER NOT NULL, source_id INTEGER NOT NULL, content_id INTEGER NOT NULL, PRIMARY KEY(mailbox_id, source_id)
  ) STRICT, WITHOUT ROWID;`;

const SELECT_KNOWN =
  'SELECT source_id FROM move_content WHERE mailbox_id = ? AND source_id IN (SELECT value FROM json_each(?))';
const SELECT_LAST = 'SELECT max(content_id) FROM content';
const SELECT_SAME =
  'SELECT hash = ? AND size_bytes = ? AND blob IS ? FROM content WHERE content_id = ?';
const INSERT_CONTENT = `INSERT INTO content(content_id, size_bytes, head_bytes, sent_ms, blob, message_id, subject, envelope, body_structure,
    body_short, structure, preview, hash, head, body)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_PLACE =
  'INSERT OR IGNORE INTO move_content(mailbox_id, source_id, content_id) VALUES (?, ?, ?)';
const SELECT_BYTES = 'SELECT hash, head, body FROM content WHERE content_id = ?';

/**
 * Contents of a move into this store, where one content serves all mailboxes. Each keeps the source's number where it can. Where the
 * source numbers them by mailbox, the number may be taken: by the same content, which is shared then, or by another, and then it gets
 * a new one.
 */
export class ContentPlaces {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  missing(mailboxId: MailboxId, contentIds: readonly number[]): ReadonlySet<number> {
    const missing = new Set(contentIds);
    for (const [id] of this.#sql.rows(SELECT_KNOWN, mailboxId, JSON.stringify(contentIds)))
      missing.delete(id as number);
    return missing;
  }

  /** Writes contents within the open transaction and reads them again. @throws {corrupt} */
  put(mailboxId: MailboxId, contents: readonly MovedContent[]): void {
    let last = (this.#sql.row(SELECT_LAST)?.[0] as number | null) ?? 0;
    for (const content of contents) {
      const { contentId, hash, sizeBytes, blob } = content;
      const taken = this.#sql.row(SELECT_SAME, hash, sizeBytes, blob, contentId)?.[0];
      const place = taken === undefined || taken === 1 ? contentId : last + 1;
      if (taken !== 1) this.#insert(place, content);
      last = Math.max(last, place);
      this.#sql.run(INSERT_PLACE, mailboxId, contentId, place);
    }
  }

  #insert(place: number, content: MovedContent): void {
    this.#sql.run(
      INSERT_CONTENT,
      place,
      content.sizeBytes,
      content.headBytes,
      content.sentAtMs,
      content.blob,
      content.messageId,
      content.subject,
      content.envelope,
      content.bodyStructure,
      content.bodyShort,
      content.structure,
      content.preview,
      content.hash,
      content.head,
      content.body,
    );
    if (content.body === null) return;
    const row = this.#sql.row(SELECT_BYTES, place) as unknown as readonly Buffer[];
    const [hash, head, body] = row as readonly [Buffer, Buffer, Buffer];
    if (!createHash('sha256').update(head).update(body).digest().equals(hash))
      throw new PosthornError('corrupt', `content ${place} was not written as it was read`);
  }
}
