import type { FolderRef } from '../../commands.ts';
import type { Statements } from '../statements.ts';

/** Rows read at once: of more, what is made of them costs more than the reading. */
const PAGE = 4096;

const SELECT_ENDS = `SELECT
  (SELECT uid FROM entry WHERE mailbox_id = ?1 AND folder_id = ?2 ORDER BY uid LIMIT 1),
  (SELECT uid FROM entry WHERE mailbox_id = ?1 AND folder_id = ?2 ORDER BY uid DESC LIMIT 1)`;
const COUNT = `SELECT count(*) FROM entry WHERE mailbox_id = ? AND folder_id = ? AND uid BETWEEN ? AND ?`;
const SELECT_PAGE = `SELECT uid FROM entry WHERE mailbox_id = ? AND folder_id = ? AND uid BETWEEN ? AND ?
  ORDER BY uid LIMIT ${PAGE}`;

/**
 * All uids of a folder that holds so many messages, ascending. Where as many messages are in a range as it has uids, which
 * they are is known without a look at them: so a large folder opens as fast as a small one, until many were removed in many places.
 */
export function readUids(sql: Statements, ref: FolderRef, messages: number): Uint32Array {
  const uids = new Uint32Array(messages);
  const [first, last] = sql.row(SELECT_ENDS, ref.mailboxId, ref.folderId) as [
    number | null,
    number | null,
  ];
  if (first !== null && last !== null) new UidReader(sql, ref, uids).read(first, last, 0, messages);
  return uids;
}

class UidReader {
  readonly #sql: Statements;
  readonly #ref: FolderRef;
  readonly #uids: Uint32Array;

  constructor(sql: Statements, ref: FolderRef, uids: Uint32Array) {
    this.#sql = sql;
    this.#ref = ref;
    this.#uids = uids;
  }

  /** Reads the uids of a range that holds `count` of them into the places from `at` on. */
  read(first: number, last: number, at: number, count: number): void {
    if (count === 0) return;
    const missing = last - first + 1 - count;
    if (missing === 0) {
      for (let index = 0; index < count; index++) this.#uids[at + index] = first + index;
    } else if (missing < 0 || missing * PAGE > count) this.#readRows(first, last, at);
    else {
      // Fewer gaps than pages: some half or quarter of it has none.
      const middle = Math.floor((first + last) / 2);
      const { mailboxId, folderId } = this.#ref;
      const [left] = this.#sql.row(COUNT, mailboxId, folderId, first, middle) as [number];
      this.read(first, middle, at, left);
      this.read(middle + 1, last, at + left, count - left);
    }
  }

  #readRows(first: number, last: number, at: number): void {
    const { mailboxId, folderId } = this.#ref;
    let to = at;
    for (let from = first; from <= last; ) {
      const rows = this.#sql.rows(SELECT_PAGE, mailboxId, folderId, from, last);
      for (const row of rows) this.#uids[to++] = row[0] as number;
      if (rows.length < PAGE) break;
      from = this.#uids[to - 1]! + 1;
    }
  }
}
