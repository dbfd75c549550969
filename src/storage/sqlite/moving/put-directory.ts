import type { SQLInputValue } from 'node:sqlite';
import type { DirectoryPages, DirectoryTable } from '../../moving/port.ts';
import type { Statements } from '../statements.ts';

/** How a table of the directory is written: what goes from a page's part of it, and the rows of the page, as arrays in JSON. */
const TABLES: {
  readonly [Table in DirectoryTable]: {
    readonly table: string;
    readonly key: string;
    readonly columns: readonly string[];
    readonly values: (row: DirectoryPages[Table]['rows'][number]) => readonly SQLInputValue[];
  };
} = {
  domains: { table: 'domain', key: 'domain', columns: ['domain'], values: (domain) => [domain] },
  recipients: {
    table: 'recipient',
    key: 'mailbox_id',
    columns: ['mailbox_id', 'address', 'created_ms', 'argon2id', 'scram_sha_256'],
    values: (row) => [row.mailboxId, row.address, row.createdAtMs, row.argon2id, row.scramSha256],
  },
  addresses: {
    table: 'address',
    key: 'address',
    columns: ['address', 'domain', 'mailbox_id'],
    values: (row) => [row.address, row.domain, row.mailboxId],
  },
  serverAnnotations: {
    table: 'server_annotation',
    key: 'entry',
    columns: ['entry', 'value'],
    values: ({ entry, value }) => [entry, value],
  },
};

/** Makes a part of a table what the page says, within the open transaction. */
export function putDirectory<Table extends DirectoryTable>(
  sql: Statements,
  name: Table,
  { after, through, rows }: DirectoryPages[Table],
): void {
  const { table, key, columns, values } = TABLES[name];
  const written = (rows as readonly DirectoryPages[Table]['rows'][number][]).map((row) =>
    values(row as never),
  );
  if (through === undefined) sql.run(`DELETE FROM ${table} WHERE ${key} > ?`, after);
  else sql.run(`DELETE FROM ${table} WHERE ${key} > ? AND ${key} <= ?`, after, through);
  const columnsOf = columns.map((_, index) => `value ->> ${index}`);
  sql.run(
    `INSERT INTO ${table}(${columns.join(', ')}) SELECT ${columnsOf.join(', ')} FROM json_each(?)`,
    JSON.stringify(written),
  );
}
