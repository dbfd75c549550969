import type { MailboxId } from '#model';

/** Counters; mailboxes whose numbers differ by a multiple of it share one. */
const COUNTERS = 4096;

/**
 * Counts commits by mailbox in memory that all threads of the process see: the writer before it answers, so that whoever finds a count
 * as it was knows, without asking the database, that nothing has happened in the mailbox that anybody was told of.
 */
export class CommitCounts {
  /** What another thread needs to see the same counts. */
  readonly memory: SharedArrayBuffer;
  readonly #counts: Int32Array;

  constructor(memory = new SharedArrayBuffer(COUNTERS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#counts = new Int32Array(memory);
  }

  /** The count of a mailbox. Another one may be somebody else's commit. */
  of(mailboxId: MailboxId): number {
    return Atomics.load(this.#counts, mailboxId % COUNTERS);
  }

  /** A commit changed something of a mailbox. */
  add(mailboxId: MailboxId): void {
    Atomics.add(this.#counts, mailboxId % COUNTERS, 1);
  }
}
