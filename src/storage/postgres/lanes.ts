import { BoundedQueue, PosthornError } from '#kernel';
import type { Command, OutcomeOf } from '../commands.ts';

export type Outcome = OutcomeOf<Command['kind']>;

/** A command that waits for its turn. */
export interface Job {
  readonly owner: string;
  readonly command: Command;
  /** What it works on, ascending: a lane each. */
  readonly lanes: readonly string[];
  done(outcome: Outcome): void;
  failed(error: unknown): void;
}

/** Commands that may wait; beyond, they are refused with `too-busy`. */
const QUEUE_MAX = 20_000;
/** Commands of one transaction: enough to share a flush, few enough to answer soon. */
const GROUP_MAX = 400;
/** New contents of one transaction. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;

/**
 * The order of commands in one thread. Each mailbox is a lane, and so is the directory: commands of one lane are done in the order
 * they were given, those of different lanes side by side. A command that works on several lanes is done when it is the first in
 * all of them; lanes are entered in the order of submission, so no two wait for each other. Commands that queue up behind the
 * same lanes go together in one transaction and share its flush.
 */
export class Lanes {
  readonly #lanes = new Map<string, BoundedQueue<Job>>();
  readonly #heads = new Map<string, Job>();
  readonly #run: (group: readonly Job[]) => Promise<void>;
  readonly #running = new Set<Promise<void>>();
  #waiting = 0;
  #closed = false;

  constructor(run: (group: readonly Job[]) => Promise<void>) {
    this.#run = run;
  }

  submit(job: Job): void {
    if (this.#closed) {
      job.failed(new PosthornError('shutting-down'));
      return;
    }
    if (this.#waiting >= QUEUE_MAX) {
      job.failed(new PosthornError('too-busy'));
      return;
    }
    this.#waiting++;
    for (const name of job.lanes) {
      let lane = this.#lanes.get(name);
      if (lane === undefined) {
        lane = new BoundedQueue(QUEUE_MAX);
        this.#lanes.set(name, lane);
      }
      lane.push(job);
    }
    // Whatever is submitted in this turn of the event loop may go together.
    if (job.lanes.every((name) => !this.#heads.has(name))) setImmediate(() => this.#start(job));
  }

  /** Takes no more; resolves when what was taken has been done. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running.size > 0 || this.#waiting > 0) {
      await Promise.allSettled([...this.#running]);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** Starts a job, and those that can go with it, when it is the first in all its lanes and none of them is busy. */
  #start(job: Job): void {
    if (!this.#isNext(job)) return;
    const group: Job[] = [];
    let bytes = 0;
    for (let next: Job | undefined = job; next !== undefined; next = this.#companion(job)) {
      bytes += bytesOf(next.command);
      if (group.length > 0 && bytes > GROUP_BYTES_MAX) break;
      for (const name of next.lanes) this.#lanes.get(name)!.shift();
      group.push(next);
      if (group.length === GROUP_MAX) break;
    }
    this.#waiting -= group.length;
    for (const name of job.lanes) this.#heads.set(name, job);
    const running = this.#run(group)
      .catch((error: unknown) => {
        // A bug of whoever runs them; those that have their answer already do not mind.
        for (const each of group) each.failed(error);
      })
      .finally(() => {
        this.#running.delete(running);
        this.#ended(job.lanes);
      });
    this.#running.add(running);
  }

  #isNext(job: Job): boolean {
    return job.lanes.every(
      (name) => !this.#heads.has(name) && this.#lanes.get(name)?.first === job,
    );
  }

  /** The job that follows in every lane of `job`, if it has just these lanes. Of those with several, ingests go together. */
  #companion(job: Job): Job | undefined {
    if (job.lanes.length > 1 && job.command.kind !== 'ingest') return undefined;
    const next = this.#lanes.get(job.lanes[0]!)?.first;
    if (next === undefined || next.lanes.length !== job.lanes.length) return undefined;
    const same = job.lanes.every(
      (name, index) => next.lanes[index] === name && this.#lanes.get(name)?.first === next,
    );
    if (!same || (job.lanes.length > 1 && next.command.kind !== 'ingest')) return undefined;
    return next;
  }

  #ended(lanes: readonly string[]): void {
    for (const name of lanes) this.#heads.delete(name);
    const starters = new Set<Job>();
    for (const name of lanes) {
      const first = this.#lanes.get(name)?.first;
      if (first === undefined) this.#lanes.delete(name);
      else starters.add(first);
    }
    for (const job of starters) this.#start(job);
  }
}

function bytesOf(command: Command): number {
  if (command.kind !== 'ingest') return 0;
  let bytes = 0;
  for (const { head, body } of command.contents)
    bytes += head.length + (body.kind === 'bytes' ? body.bytes.length : 0);
  return bytes;
}
