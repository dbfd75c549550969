import { type Clock, isPosthornError, PosthornError, timeOrderedId } from '#kernel';
import type { Change } from '#model';
import { isDurable } from '../commands.ts';
import { type Applied, ASK_AT_ONCE, apply } from './apply.ts';
import type { Connection } from './connection.ts';
import { failureOf, storageError } from './errors.ts';
import type { Job, Outcome } from './lanes.ts';
import type { Pool } from './pool.ts';
import { scopeOf, union } from './scope.ts';
import { type Mark, type Scope, Transaction } from './transaction.ts';

/** How long a commit whose answer was lost is looked for before its command is given up. */
const DOUBT_PATIENCE_MS = 40_000;

/** What became of one of several commands that share a transaction. */
type Answer = { readonly outcome: Outcome } | { readonly refused: unknown };

type Publish = (changes: readonly Change[]) => void;

/** Does work in a transaction of its own. The answers are told when it is durable, or known to have been all the time. */
export class Executor {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #publish: Publish;

  constructor(pool: Pool, clock: Clock, publish: Publish) {
    this.#pool = pool;
    this.#clock = clock;
    this.#publish = publish;
  }

  /** Does commands in one transaction. When it fails as a whole they are done again one by one, so that each gets its own answer. */
  async run(group: readonly Job[]): Promise<void> {
    const scope = {
      ...union(group.map(({ command }) => scopeOf(command as never))),
      durable: group.some(({ command }) => isDurable(command)),
    };
    let answers: readonly Answer[];
    try {
      answers = await this.transact(group[0]!.owner, scope, (tx) => applyAll(tx, group));
    } catch (error) {
      const { code } = storageError(error);
      if (group.length === 1 || code === 'unavailable' || code === 'deadline') {
        for (const job of group) job.failed(error);
        return;
      }
      for (const job of group) await this.run([job]);
      return;
    }
    group.forEach((job, index) => {
      const answer = answers[index]!;
      if ('outcome' in answer) job.done(answer.outcome);
      else job.failed(answer.refused);
    });
  }

  /**
   * Does work in one transaction and publishes its changes; gives what the work gave. After a lost connection, a deadlock or the like
   * it is done again, unless its effect is there: then only the answer to the commit was lost.
   * @throws {deadline} when nobody can say within the patience whether it happened; {unavailable} when it did not
   */
  async transact<T>(
    owner: string,
    scope: Scope,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    const id = timeOrderedId(this.#clock.now());
    let sent:
      | { readonly mark: Mark; readonly given: T; readonly changes: readonly Change[] }
      | undefined;
    const once = async (
      connection: Connection,
    ): Promise<{ given: T; changes: readonly Change[] }> => {
      const tx = await begin(connection, scope, { id, nowMs: this.#clock.now() });
      try {
        if (sent !== undefined && (await tx.wasDone(sent.mark))) {
          // Not rolled back: what is seen here may not be with the standbys yet, and a commit of a lock waits for all before it.
          await tx.commit();
          return sent;
        }
        sent = undefined;
        const given = await work(tx);
        const { changes, mark } = tx;
        await tx
          .commit(() => {
            sent = mark === undefined ? undefined : { mark, given, changes };
          })
          .catch((error: unknown) => {
            // Answered with a failure, it has not happened; only a commit without an answer may have.
            if (failureOf(error) !== 'lost') sent = undefined;
            throw error;
          });
        return { given, changes };
      } catch (error) {
        await tx.rollback().catch(() => connection.destroy());
        throw error;
      }
    };
    try {
      const { given, changes } = await this.#pool.patiently(
        () => this.#pool.use(owner, once),
        () => (sent === undefined ? this.#pool.limits.patienceMs : DOUBT_PATIENCE_MS),
      );
      if (changes.length > 0) this.#publish(changes);
      return given;
    } catch (error) {
      if (sent === undefined) throw error;
      const { message } = error as Error;
      throw new PosthornError('deadline', `not known whether it was committed: ${message}`);
    }
  }
}

async function begin(
  connection: Connection,
  scope: Scope,
  options: { readonly id: string; readonly nowMs: number },
): Promise<Transaction> {
  try {
    return await Transaction.begin(connection, scope, options);
  } catch (error) {
    if (!connection.broken) await connection.query('ROLLBACK').catch(() => connection.destroy());
    throw error;
  }
}

async function applyAll(tx: Transaction, group: readonly Job[]): Promise<readonly Answer[]> {
  const answers: Promise<Answer>[] = [];
  let isFreeing = false;
  for (const { command } of group) {
    const { kind } = command;
    const atOnce = ASK_AT_ONCE.has(kind);
    // What an expunge makes room for is known with its answer.
    if (!atOnce || (isFreeing && kind === 'ingest')) {
      await Promise.all(answers);
      isFreeing = false;
    }
    answers.push(answerTo(tx, command as never));
    if (!atOnce) await Promise.all(answers);
    isFreeing ||= kind === 'expunge';
  }
  return await Promise.all(answers);
}

async function answerTo(tx: Transaction, command: Applied): Promise<Answer> {
  const { written } = tx;
  const outcome = apply(tx, command);
  const atOnce = tx.written;
  try {
    return { outcome: await outcome };
  } catch (error) {
    // Refused before its first row, as nearly always, the others go on; after it, only a rollback undoes it.
    const now = ASK_AT_ONCE.has(command.kind) ? atOnce : tx.written;
    if (!isPosthornError(error) || now !== written) throw error;
    return { refused: error };
  }
}
