import { connect as connectSocket, type Socket } from 'node:net';
import postgres from 'postgres';
import { PosthornError, waits } from '#kernel';
import { failureOf } from './errors.ts';

/** What goes into a statement. */
export type Value = string | number | boolean | Uint8Array | null;
/** A row in array form. */
export type Row = readonly (string | number | boolean | Buffer | null)[];

/** A statement with what goes into it. */
export type Statement = readonly [sql: string, ...values: readonly Value[]];

const CONNECT_TIMEOUT_MS = 5000;
/** From the first byte until it is known what kind of server this is. */
const GREETING_TIMEOUT_MS = 8000;
/**
 * More than what is sent together: above it the client holds back what follows until it has an answer, which would be a round trip
 * more. It is no buffer that is filled: what is sent together is bounded by `Lanes`.
 */
const SENT_BYTES_MAX = 64 * 1024 * 1024;
/** The server's own bounds, for the case that the client is not there any more to keep its own. */
const SETTINGS = {
  application_name: 'posthorn',
  statement_timeout: 30_000,
  lock_timeout: 5000,
  idle_in_transaction_session_timeout: 10_000,
  // Every hot statement finds its rows by a key, however few they are when the statement is planned.
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  // A walk through a table that has no key for it costs more than anything on paper: the server would compile it, tables of no rows too.
  jit: 'off',
} as const;

const HELLO = "SELECT pg_is_in_recovery(), current_setting('synchronous_commit')";

type Client = postgres.Sql<{ int8: number }>;

/**
 * One connection. Statements that are sent together travel together: the server does one after the other, and the answers come
 * back without a wait in between.
 */
export class Connection {
  readonly #client: Client;
  readonly #socket: { current: Socket | undefined };
  /** Those who wait for an answer. */
  readonly #asking = new Set<(error: Error) => void>();
  #broken = false;

  private constructor(client: Client, socket: { current: Socket | undefined }) {
    this.#client = client;
    this.#socket = socket;
  }

  /**
   * Connects to a server that takes writes. `onNotify` hears what is sent to the channels this connection listens to;
   * `onClose` that it is gone.
   * @throws the client's error when it cannot be reached; {unavailable} when it is a standby
   */
  static async open(
    url: string,
    options: {
      readonly schema: string;
      readonly onClose?: () => void;
      readonly onNotify?: (payload: string) => void;
    },
  ): Promise<Connection> {
    const socket: { current: Socket | undefined } = { current: undefined };
    const client = postgres(url, {
      max: 1,
      idle_timeout: 0,
      max_lifetime: null,
      connect_timeout: CONNECT_TIMEOUT_MS / 1000,
      fetch_types: false,
      backoff: false,
      onnotice: () => {},
      onnotify: (_channel: string, payload: string) => options.onNotify?.(payload),
      connection: { ...SETTINGS, search_path: options.schema },
      types: { int8: { to: 20, from: [20], serialize: String, parse: Number } },
      // A socket of our own, so that a connection that answers no more can be cut off and not only be left. One in a life: the client
      // would connect again by itself, and do what is left of a transaction outside of any.
      socket: async (made: { host: string[]; port: number[]; path: string | false }) => {
        if (socket.current !== undefined || connection.#broken) throw closed();
        socket.current = await connected(made);
        socket.current.once('close', () => connection.#lose());
        if (!connection.#broken) return socket.current;
        socket.current.destroy();
        throw closed();
      },
    } as postgres.Options<Record<string, postgres.PostgresType>>) as unknown as Client;
    const connection: Connection = new Connection(client, socket);
    using _wait = waits.enter('the greeting of PostgreSQL', 'postgres', GREETING_TIMEOUT_MS, () =>
      connection.destroy(),
    );
    try {
      const [hello] = await connection.query(HELLO);
      if (hello?.[0] === true)
        throw new PosthornError('unavailable', 'this PostgreSQL is a standby and takes no writes');
      // What was answered OK is on the disk: nothing less will do. Stricter settings (remote_apply) stay.
      if (hello?.[1] === 'off') await connection.query('SET synchronous_commit = on');
      if (socket.current?.destroyed !== false) throw closed();
      socket.current.once('close', () => {
        connection.#broken = true;
        options.onClose?.();
      });
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** It cannot be used any more. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Sends a statement and gives its rows. */
  async query(sql: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return await this.#answered(() => this.#send([sql, ...values]));
  }

  /**
   * Copies out what a SELECT finds, which names its values itself: the pieces as they came, in the binary format of COPY. That costs
   * the server its planning each time, and saves both sides to spell and read bytes and numbers as text.
   */
  async copy(select: string): Promise<readonly Buffer[]> {
    return await this.#answered(async () => {
      const copying = this.#client.unsafe(`COPY (${select}) TO STDOUT (FORMAT binary)`);
      const stream = await copying.readable();
      const pieces: Buffer[] = [];
      const { promise, resolve, reject } = Promise.withResolvers<readonly Buffer[]>();
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.once('end', () => resolve(pieces)).once('error', reject);
      return await promise;
    });
  }

  /**
   * Sends statements together and gives the rows of each. When one fails, the failure is thrown once all are answered; in a
   * transaction those behind it have done nothing.
   */
  async flight(statements: readonly Statement[]): Promise<readonly (readonly Row[])[]> {
    return await this.#answered(async () => {
      const outcomes = await Promise.allSettled(statements.map((each) => this.#send(each)));
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<readonly Row[]>).value);
    });
  }

  /** Ends it in order. */
  async close(): Promise<void> {
    this.#broken = true;
    await this.#client.end({ timeout: 1 });
    this.#socket.current?.destroy();
  }

  /** Cuts it off at once: whoever waits for an answer hears that it is lost. */
  destroy(): void {
    if (this.#broken && this.#socket.current?.destroyed !== false) return;
    this.#broken = true;
    this.#socket.current?.destroy();
    void this.#client.end({ timeout: 0 }).catch(() => {});
    this.#lose();
  }

  #send([sql, ...values]: Statement): Promise<readonly Row[]> {
    const query = this.#client.unsafe(sql, values as never[], { prepare: values.length > 0 });
    return query.values() as unknown as Promise<readonly Row[]>;
  }

  /** Asks, and waits for the answer or for the news that none will come. */
  async #answered<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#broken) throw closed();
    // The client forgets what it had not sent yet when a connection ends: it would be waited for for ever.
    const { promise: lost, reject } = Promise.withResolvers<never>();
    this.#asking.add(reject);
    try {
      return await Promise.race([ask(), lost]);
    } catch (error) {
      if (failureOf(error) === 'lost') this.destroy();
      throw error;
    } finally {
      this.#asking.delete(reject);
    }
  }

  /** Whoever still waits for an answer hears that none comes. */
  #lose(): void {
    for (const reject of this.#asking) reject(closed());
    this.#asking.clear();
  }
}

function closed(): Error {
  const message = 'the connection to PostgreSQL is closed';
  return Object.assign(new Error(message), { code: 'CONNECTION_CLOSED' });
}

/** Connects a socket within the deadline. */
function connected({
  host,
  port,
  path,
}: {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path: string | false;
}): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const options = { writableHighWaterMark: SENT_BYTES_MAX };
  const socket =
    typeof path === 'string'
      ? connectSocket({ ...options, path })
      : connectSocket({ ...options, host: host[0]!, port: port[0]! });
  socket.setNoDelay(true);
  // The client looks here for the name that the server's certificate must have.
  Object.assign(socket, { host: host[0] });
  const wait = waits.enter('a socket to PostgreSQL', 'postgres', CONNECT_TIMEOUT_MS, () =>
    socket.destroy(Object.assign(new Error('no connection in time'), { code: 'CONNECT_TIMEOUT' })),
  );
  socket.once('close', () => wait[Symbol.dispose]());
  socket.once('error', reject);
  socket.once('connect', () => {
    wait[Symbol.dispose]();
    socket.off('error', reject);
    resolve(socket);
  });
  return promise;
}
