import type { MailboxId } from '#model';

/** Counters; mailboxes whose numbers differ by a multiple of it share one. */
const COUNTERS = 4096;

/**
 * Counts commits by mailbox in memory that all threads of the process see. The writer counts before a commit can be seen and once more
 * when it is done, before it answers: whoever finds a count as it was knows, without asking the database, that nothing has happened in
 * the mailbox that anybody was told of; and where it is even, nothing that anybody has read.
 */
export class CommitCounts {
  /** What another thread needs to see the same counts. */
  readonly memory: SharedArrayBuffer;
  readonly #counts: Int32Array;

  constructor(memory = new SharedArrayBuffer(COUNTERS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#counts = new Int32Array(memory);
  }

  /** The count of a mailbox: odd while a commit is on its way, which may be seen already or not yet. Another one may be another mailbox's commit. */
  of(mailboxId: MailboxId): number {
    return Atomics.load(this.#counts, mailboxId % COUNTERS);
  }

  /** A commit that changes something of some mailboxes begins; it ends by the call of what is returned, whether it was made or not. */
  begin(mailboxIds: Iterable<MailboxId>): () => void {
    const counters = new Set<number>();
    for (const mailboxId of mailboxIds) counters.add(mailboxId % COUNTERS);
    for (const counter of counters) Atomics.add(this.#counts, counter, 1);
    return () => {
      for (const counter of counters) Atomics.add(this.#counts, counter, 1);
    };
  }
}
