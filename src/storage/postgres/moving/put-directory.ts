import type { DirectoryPages, DirectoryTable } from '../../moving/port.ts';
import type { Statement, Value } from '../connection.ts';
import { numberArray, textArray } from '../literals.ts';

/** How a table of the directory is written: what goes from a page's part of it, and the rows of the page as an array for each column. */
const TABLES: {
  readonly [Table in DirectoryTable]: {
    readonly table: string;
    readonly key: string;
    readonly columns: readonly string[];
    readonly types: readonly string[];
    readonly values: (rows: DirectoryPages[Table]['rows']) => readonly Value[];
  };
} = {
  domains: {
    table: 'domain',
    key: 'domain',
    columns: ['domain'],
    types: ['text'],
    values: (domains) => [textArray(domains)],
  },
  recipients: {
    table: 'recipient',
    key: 'mailbox_id',
    columns: ['mailbox_id', 'address', 'created_ms', 'argon2id', 'scram_sha_256'],
    types: ['bigint', 'text', 'bigint', 'text', 'text'],
    values: (rows) => [
      numberArray(rows.map((row) => row.mailboxId)),
      textArray(rows.map((row) => row.address)),
      numberArray(rows.map((row) => row.createdAtMs)),
      textArray(rows.map((row) => row.argon2id)),
      textArray(rows.map((row) => row.scramSha256)),
    ],
  },
  addresses: {
    table: 'address',
    key: 'address',
    columns: ['address', 'domain', 'mailbox_id'],
    types: ['text', 'text', 'bigint'],
    values: (rows) => [
      textArray(rows.map((row) => row.address)),
      textArray(rows.map((row) => row.domain)),
      numberArray(rows.map((row) => row.mailboxId)),
    ],
  },
  serverAnnotations: {
    table: 'server_annotation',
    key: 'entry',
    columns: ['entry', 'value'],
    types: ['text', 'text'],
    values: (rows) => [
      textArray(rows.map((row) => row.entry)),
      textArray(rows.map((row) => row.value)),
    ],
  },
};

/** The statements that make a part of a table what the page says. */
export function directoryStatements<Table extends DirectoryTable>(
  name: Table,
  { after, through, rows }: DirectoryPages[Table],
): readonly Statement[] {
  const { table, key, columns, types, values } = TABLES[name];
  const clear: Statement =
    through === undefined
      ? [`DELETE FROM ${table} WHERE ${key} > $1`, after]
      : [`DELETE FROM ${table} WHERE ${key} > $1 AND ${key} <= $2`, after, through];
  const arrays = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
  const insert = `INSERT INTO ${table}(${columns.join(', ')}) SELECT * FROM unnest(${arrays})`;
  return [clear, [insert, ...values(rows as never)]];
}
