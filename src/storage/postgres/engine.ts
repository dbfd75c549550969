import { type Clock, PosthornError, randomId, waits } from '#kernel';
import type { Change, MailboxId } from '#model';
import type { Blobs } from '../blobs/port.ts';
import type { Command, CommandOf, OutcomeOf } from '../commands.ts';
import type { Engine } from '../engine.ts';
import { PostgresBlobs } from './blobs.ts';
import { cleanUp } from './commands/clean-up.ts';
import { Executor } from './executor.ts';
import { Hints } from './hints.ts';
import { type Job, Lanes, type Outcome } from './lanes.ts';
import { POOL_LIMITS, Pool, type PoolLimits } from './pool.ts';
import { PostgresReads } from './reads.ts';
import { prepareSchema } from './schema.ts';
import { lanesOf } from './scope.ts';
import { runSpreadIngests } from './spread-ingest.ts';
import { parseTarget } from './target.ts';

/** How long a command may wait for its commit before its session gives up on it. */
const EXECUTE_TIMEOUT_MS = 60_000;
/** How long what is under way at the end may take. */
const CLOSE_TIMEOUT_MS = 3000;
/** No ingest is under way for so long. */
const BLOB_GRACE_MS = 3_600_000;

const TAKE_LEASE = `INSERT INTO lease(name, holder, until) VALUES ($1, $2, now() + $3::bigint * interval '1 millisecond')
  ON CONFLICT(name) DO UPDATE SET holder = excluded.holder, until = excluded.until
  WHERE lease.holder = excluded.holder OR lease.until < now() RETURNING 1`;
const KEEP_SETTING = 'INSERT INTO header(key, value) VALUES ($1, $2) ON CONFLICT(key) DO NOTHING';
const SELECT_SETTING = 'SELECT value FROM header WHERE key = $1';

export interface PostgresOptions {
  /** `postgres://…`, see `parseTarget`. */
  readonly url: string;
  /** Where large bodies are; undefined: in the database too. */
  readonly blobs: Blobs | undefined;
  readonly clock: Clock;
  readonly limits?: Partial<PoolLimits>;
  readonly blobGraceMs?: number;
}

type Listener = (changes: readonly Change[]) => void;

/**
 * The engine as one thread has it. There is no writer: every thread of every node changes a mailbox in a transaction that holds the
 * mailbox's lock. What one thread is asked to do goes in the order it was asked, see `Lanes`.
 */
export class PostgresEngine implements Engine {
  readonly name = 'postgres';
  readonly read: PostgresReads;
  readonly blobs: Blobs;
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #executor: Executor;
  readonly #lanes: Lanes;
  readonly #hints: Hints;
  readonly #blobGraceMs: number;
  readonly #listeners = new Map<Listener, (() => Iterable<MailboxId>) | undefined>();
  readonly #id = randomId(16);

  private constructor(options: PostgresOptions) {
    const target = parseTarget(options.url);
    this.#clock = options.clock;
    this.#blobGraceMs = options.blobGraceMs ?? BLOB_GRACE_MS;
    this.#pool = new Pool(target, options.clock, { ...POOL_LIMITS, ...options.limits });
    this.blobs = options.blobs ?? new PostgresBlobs(this.#pool, options.clock);
    this.read = new PostgresReads(this.#pool, this.blobs);
    const publish = (changes: readonly Change[]): void => this.#publish(changes);
    this.#hints = new Hints({
      pool: this.#pool,
      clock: options.clock,
      schema: target.schema,
      sender: this.#id,
      publish,
      watched: () => this.#watched(),
    });
    this.#executor = new Executor(this.#pool, options.clock, (changes) => {
      publish(changes);
      this.#hints.send(changes);
    });
    this.#lanes = new Lanes((group) => this.#run(group));
  }

  /** Opens the engine for a thread; the schema is there already. */
  static connect(options: PostgresOptions): PostgresEngine {
    const engine = new PostgresEngine(options);
    engine.#hints.start();
    return engine;
  }

  /**
   * The same after making the schema when there is none.
   * @throws {unavailable} when PostgreSQL cannot be reached; {format-newer}, {corrupt} as `prepareSchema` does
   */
  static async open(options: PostgresOptions): Promise<PostgresEngine> {
    const { schema } = parseTarget(options.url);
    const engine = new PostgresEngine(options);
    try {
      await engine.#pool.ask('the start', (connection) => prepareSchema(connection, schema));
    } catch (error) {
      await engine.#pool.close();
      throw error;
    }
    engine.#hints.start();
    return engine;
  }

  execute<Kind extends Command['kind']>(
    owner: string,
    command: CommandOf<Kind>,
  ): Promise<OutcomeOf<Kind>> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const wait = waits.enter('the commit of a command', owner, EXECUTE_TIMEOUT_MS, () =>
      reject(new PosthornError('deadline', `${owner}: the commit took too long`)),
    );
    this.#lanes.submit({
      owner,
      command,
      lanes: lanesOf(command),
      done(outcome) {
        wait[Symbol.dispose]();
        resolve(outcome);
      },
      failed(error) {
        wait[Symbol.dispose]();
        reject(error);
      },
    });
    return promise as Promise<OutcomeOf<Kind>>;
  }

  /** Other nodes write, too. */
  commits(): undefined {}

  onChanges(listener: Listener, watched?: () => Iterable<MailboxId>): Disposable {
    const own: Listener = (changes) => listener(changes);
    this.#listeners.set(own, watched);
    return { [Symbol.dispose]: () => this.#listeners.delete(own) };
  }

  async lease(name: string, ttlMs: number): Promise<boolean> {
    const rows = await this.#pool.ask(name, (connection) =>
      connection.query(TAKE_LEASE, name, this.#id, ttlMs),
    );
    return rows.length > 0;
  }

  /** A value that all nodes share: the first one given is kept, and every node gets it. */
  async keptSetting(key: string, value: string): Promise<string> {
    const answers = await this.#pool.ask('the start', (connection) =>
      connection.flight([
        [KEEP_SETTING, key, value],
        [SELECT_SETTING, key],
      ]),
    );
    return answers[1]![0]![0] as string;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#lanes.close();
    const { promise: overdue, resolve } = Promise.withResolvers<void>();
    using _timer = this.#clock.after(CLOSE_TIMEOUT_MS, resolve);
    await Promise.race([closed, overdue]);
    await this.#hints.close();
    await this.#pool.close();
  }

  async #run(group: readonly Job[]): Promise<void> {
    const [{ command, lanes }] = group as readonly [Job];
    if (command.kind === 'clean-up') await this.#cleanUp(group);
    else if (command.kind === 'ingest' && lanes.length > 1)
      await runSpreadIngests(
        { executor: this.#executor, pool: this.#pool, clock: this.#clock },
        group,
      );
    else await this.#executor.run(group);
  }

  async #cleanUp(group: readonly Job[]): Promise<void> {
    const parts = {
      pool: this.#pool,
      executor: this.#executor,
      clock: this.#clock,
      blobGraceMs: this.#blobGraceMs,
    };
    for (const job of group) {
      try {
        job.done(await cleanUp(parts, job.command as CommandOf<'clean-up'>));
      } catch (error) {
        job.failed(error);
      }
    }
  }

  #publish(changes: readonly Change[]): void {
    for (const listener of [...this.#listeners.keys()]) listener(changes);
  }

  *#watched(): Iterable<MailboxId> {
    for (const watched of this.#listeners.values()) if (watched !== undefined) yield* watched();
  }
}
