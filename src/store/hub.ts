import type { Change, MailboxId } from '#model';
import type { Engine } from '#storage';

export type ChangeListener = (change: Change) => void;

/**
 * The one place that publishes. Engines tell it of each commit; it calls the listeners of the mailboxes concerned. A listener
 * must not wait: it notes that there is something to look at. One that throws is dropped and harms nobody else.
 */
export class Hub implements Disposable {
  readonly #listeners = new Map<MailboxId, Set<ChangeListener>>();
  readonly #ofDirectory = new Set<ChangeListener>();
  readonly #source: Disposable;
  readonly #onFault: (error: unknown) => void;

  constructor(engine: Engine, onFault: (error: unknown) => void) {
    this.#onFault = onFault;
    this.#source = engine.onChanges(
      (changes) => {
        for (const change of changes) this.#publish(change);
      },
      () => this.#listeners.keys(),
    );
  }

  /** Calls back for every change of a mailbox until disposed. */
  watch(mailboxId: MailboxId, listener: ChangeListener): Disposable {
    let set = this.#listeners.get(mailboxId);
    if (set === undefined) {
      set = new Set();
      this.#listeners.set(mailboxId, set);
    }
    const listeners = set;
    // Wrapped, so that the same function watching twice is two watches with two ends.
    const own: ChangeListener = (change) => listener(change);
    listeners.add(own);
    return {
      [Symbol.dispose]: () => {
        listeners.delete(own);
        if (listeners.size === 0 && this.#listeners.get(mailboxId) === listeners)
          this.#listeners.delete(mailboxId);
      },
    };
  }

  /** Calls back for every change of the directory, which has no mailbox, until disposed. */
  watchDirectory(listener: () => void): Disposable {
    const own: ChangeListener = () => listener();
    this.#ofDirectory.add(own);
    return { [Symbol.dispose]: () => this.#ofDirectory.delete(own) };
  }

  /** How many watch a mailbox. */
  watchersOf(mailboxId: MailboxId): number {
    return this.#listeners.get(mailboxId)?.size ?? 0;
  }

  /** How many watches there are. */
  get watches(): number {
    let count = this.#ofDirectory.size;
    for (const set of this.#listeners.values()) count += set.size;
    return count;
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
    this.#listeners.clear();
    this.#ofDirectory.clear();
  }

  #publish(change: Change): void {
    const set =
      change.kind === 'directory' ? this.#ofDirectory : this.#listeners.get(change.mailboxId);
    if (set === undefined) return;
    for (const listener of [...set]) {
      if (!set.has(listener)) continue;
      try {
        listener(change);
      } catch (error) {
        set.delete(listener);
        this.#onFault(error);
      }
    }
  }
}
