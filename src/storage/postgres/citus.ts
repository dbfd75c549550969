import { HEADER, REPLICATED, SCHEMA, SPREAD, SPREAD_BY_BLOB } from './schema.ts';

/**
 * The statements that spread a schema over a Citus cluster, to be run once on its coordinator before the first start: the tables, small
 * ones on every server, all others by mailbox and side by side, so that what one mailbox needs stands on one server.
 */
export function citusStatements(schema: string): readonly string[] {
  const [first, ...others] = SPREAD;
  return [
    'CREATE EXTENSION IF NOT EXISTS citus',
    ...schemaStatements(schema),
    ...REPLICATED.map((table) => `SELECT create_reference_table('${table}')`),
    `SELECT create_distributed_table('${first}', 'mailbox_id')`,
    ...others.map(
      (table) =>
        `SELECT create_distributed_table('${table}', 'mailbox_id', colocate_with => '${first}')`,
    ),
    ...SPREAD_BY_BLOB.map((table) => `SELECT create_distributed_table('${table}', 'blob')`),
  ];
}

/** The statements that make a schema. */
export function schemaStatements(schema: string): readonly string[] {
  return [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `SET search_path = ${schema}`,
    ...SCHEMA,
    HEADER,
  ];
}
