import { PosthornError } from '#kernel';
import type { MoveSource, MoveTarget } from './port.ts';

/** How far a move has come. */
export interface MoveProgress {
  /** `copy` each mailbox as a whole, `follow` what changed meanwhile, `switch` while the source stands still. */
  readonly phase: 'copy' | 'follow' | 'switch';
  /** Messages that are in the target. */
  readonly copied: number;
  readonly total: number;
}

const ROWS_AT_ONCE = 4000;

/** What all parts of a move work with. */
export class Work {
  readonly source: MoveSource;
  readonly target: MoveTarget;
  phase: MoveProgress['phase'] = 'copy';
  /** Messages, rows of the change log or mailboxes of one batch at most. */
  readonly rowsAtOnce: number;
  readonly #signal: AbortSignal | undefined;
  readonly #tell: ((progress: MoveProgress) => void) | undefined;
  #copied = 0;
  #total = 0;

  constructor(
    source: MoveSource,
    target: MoveTarget,
    options: {
      readonly signal?: AbortSignal | undefined;
      readonly onProgress?: ((progress: MoveProgress) => void) | undefined;
      readonly rowsAtOnce?: number | undefined;
    },
  ) {
    this.source = source;
    this.target = target;
    this.rowsAtOnce = options.rowsAtOnce ?? ROWS_AT_ONCE;
    this.#signal = options.signal;
    this.#tell = options.onProgress;
  }

  /** How many messages there are, and how many of them an interrupted move has copied already. */
  async count(): Promise<void> {
    this.#copied = await this.target.messages();
    this.#total = await this.source.messages();
  }

  /** Notes messages that were added to the target. */
  added(messages: number): void {
    this.#copied += messages;
    this.tell();
  }

  tell(): void {
    const total = Math.max(this.#total, this.#copied);
    this.#tell?.({ phase: this.phase, copied: this.#copied, total });
  }

  /** Between any two batches. @throws {shutting-down} when the move is to end here */
  checkpoint(): void {
    if (this.#signal?.aborted)
      throw new PosthornError(
        'shutting-down',
        'the move was interrupted: the same command goes on where it was',
      );
  }
}
