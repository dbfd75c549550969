import { randomBytes } from 'node:crypto';
import postgres from 'postgres';

/** The environment variable in which a run's shared PostgreSQL is handed to the test processes: a URL without schema. */
export const SHARED_VARIABLE = 'POSTHORN_TEST_POSTGRES';
/** Who Posthorn connects as, and to which database: an ordinary user who owns it. */
export const USER = 'posthorn';
export const DATABASE = 'posthorn';
/** Who the tests look in as. */
export const SUPERUSER = 'postgres';
const CONNECT_TIMEOUT_S = 10;
/** Connections of the tests' own that nobody uses are closed, so that a forgotten one holds up no process. */
const IDLE_TIMEOUT_S = 1;
const CONNECTIONS = 4;
const END_TIMEOUT_S = 1;

export type Row = Readonly<Record<string, unknown>>;
/** Asks on one connection. */
export type Ask = <T extends Row>(text: string, parameters?: readonly Value[]) => Promise<T[]>;
export type Value = string | number | boolean | Date | Uint8Array | null;

/** A database on 127.0.0.1 for tests: URLs for Posthorn, and a way to look in beside it as superuser. */
export class TestDatabase implements AsyncDisposable {
  readonly port: number;
  readonly #database: string;
  #client: postgres.Sql | undefined;

  /** @param database the one to look into */
  constructor(port: number, database = DATABASE) {
    this.port = port;
    this.#database = database;
  }

  /** What Posthorn is started with: the database, and in `schema` which of its schemas it uses and makes when missing. */
  url(schema?: string): string {
    const url = new URL(`postgres://${USER}@127.0.0.1:${this.port}/${DATABASE}`);
    if (schema !== undefined) url.searchParams.set('schema', schema);
    return url.href;
  }

  /** `url` with a schema that nobody has used yet. */
  freshSchemaUrl(): string {
    return this.url(`test_${randomBytes(8).toString('hex')}`);
  }

  /** One statement; its rows. @throws what the server answers, or that it cannot be reached */
  async query<T extends Row = Row>(text: string, parameters: readonly Value[] = []): Promise<T[]> {
    return [...(await this.#open().unsafe<T[]>(text, [...parameters]))];
  }

  /** A script of statements without parameters, as one transaction unless it says otherwise. */
  async execute(script: string): Promise<void> {
    await this.#open().unsafe(script).simple();
  }

  /**
   * Does something on one connection from beginning to end. It is one of its own: `reserve` of the client waits for ever when
   * it has to connect first and does not fetch types.
   */
  async session<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    const client = this.#connect(1);
    try {
      return await work(async <R extends Row>(text: string, parameters: readonly Value[] = []) => [
        ...(await client.unsafe<R[]>(text, [...parameters])),
      ]);
    } finally {
      await client.end({ timeout: END_TIMEOUT_S });
    }
  }

  /** Drops the schema that a URL of `freshSchemaUrl` names. */
  async dropSchema(url: string): Promise<void> {
    const schema = new URL(url).searchParams.get('schema')!;
    await this.query(`drop schema if exists "${schema.replaceAll('"', '""')}" cascade`);
  }

  /** Ends the connections to look in by; the next question opens them again. */
  async disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end({ timeout: END_TIMEOUT_S });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }

  #open(): postgres.Sql {
    this.#client ??= this.#connect(CONNECTIONS);
    return this.#client;
  }

  #connect(connections: number): postgres.Sql {
    return postgres({
      host: '127.0.0.1',
      port: this.port,
      user: SUPERUSER,
      database: this.#database,
      max: connections,
      connect_timeout: CONNECT_TIMEOUT_S,
      // A transaction of a session is not to be ended by a pause.
      idle_timeout: connections === 1 ? 0 : IDLE_TIMEOUT_S,
      fetch_types: false,
      onnotice: () => {},
    });
  }
}

/** The PostgreSQL of this test run (see global-setup.ts); undefined when the run has none. */
export function sharedDatabase(): TestDatabase | undefined {
  const url = process.env[SHARED_VARIABLE];
  return url === undefined || url === '' ? undefined : new TestDatabase(Number(new URL(url).port));
}
