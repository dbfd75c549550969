import { isDeepStrictEqual } from 'node:util';
import { PosthornError } from '#kernel';
import type { MailboxId } from '#model';
import { keyOf } from './follow.ts';
import type { Work } from './work.ts';

/** Compares mailboxes on both sides, and knows which need no second look. */
export class Verifier {
  readonly #work: Work;
  /** Stamps of mailboxes as they were found equal. */
  readonly #equal = new Map<MailboxId, string>();

  constructor(work: Work) {
    this.#work = work;
  }

  /** While the source is written to: what differs is looked at again later. */
  async ahead(): Promise<void> {
    for await (const { mailboxId, key } of this.#open())
      if ((await this.#difference(mailboxId)) === undefined) this.#equal.set(mailboxId, key);
  }

  /** When it stands still. @throws {corrupt} naming the mailbox that differs and in what */
  async whole(): Promise<void> {
    for await (const { mailboxId } of this.#open()) {
      const difference = await this.#difference(mailboxId);
      if (difference !== undefined)
        throw new PosthornError(
          'corrupt',
          `mailbox ${mailboxId} is not the same in ${this.#work.target.shown}: ${difference}`,
        );
    }
  }

  async *#open(): AsyncIterable<{ readonly mailboxId: MailboxId; readonly key: string }> {
    const { source, rowsAtOnce } = this.#work;
    for (let after = 0; ; ) {
      const page = await source.stamps(after, rowsAtOnce);
      for (const stamp of page) {
        this.#work.checkpoint();
        const key = keyOf(stamp);
        if (this.#equal.get(stamp.mailboxId) !== key) yield { mailboxId: stamp.mailboxId, key };
      }
      if (page.length < rowsAtOnce) return;
      after = page.at(-1)!.mailboxId;
    }
  }

  /** In what a mailbox differs; undefined when it does not. */
  async #difference(mailboxId: MailboxId): Promise<string | undefined> {
    const { source, target } = this.#work;
    const [here, there] = [
      await source.mailboxParts(mailboxId),
      await target.mailboxParts(mailboxId),
    ];
    if (!isDeepStrictEqual(here, there))
      return 'its counters, folders, subscriptions, keywords, rights or annotations';
    const sums = new Set(await source.sums(mailboxId));
    const found = await target.sums(mailboxId);
    if (found.length !== sums.size || found.some((line) => !sums.has(line)))
      return 'the checksums of its messages or of its change log';
    return undefined;
  }
}
