import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** A row as node:sqlite gives it in array form. */
export type Row = readonly (number | string | Buffer | null)[];

/**
 * The prepared statements of one connection, each prepared when first used and kept. Where a limit is a bare
 * parameter, SQLite prepares the statement anew for each use, since the plan may depend on it; with `LIMIT +?` it does not.
 */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  #written = 0;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Rows that `run` has written since the beginning. */
  get written(): number {
    return this.#written;
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    const changes = Number(this.#statement(sql).run(...values).changes);
    this.#written += changes;
    return changes;
  }

  row(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as unknown as Row | undefined;
  }

  rows(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#statement(sql).all(...values) as unknown as Row[];
  }

  /** Rows one by one; the statement must not be used again before the loop ends. */
  each(sql: string, ...values: SQLInputValue[]): IterableIterator<Row> {
    return this.#statement(sql).iterate(...values) as unknown as IterableIterator<Row>;
  }

  /** BEGIN, COMMIT or ROLLBACK. */
  control(sql: string): void {
    this.#statement(sql).get();
  }

  /** Statements that are used once. */
  exec(sql: string): void {
    this.#db.exec(sql);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      statement.setReturnArrays(true);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}
