import type { Change, MailboxId } from '#model';
import type { Blobs } from './blobs/port.ts';
import type { Command, CommandOf, OutcomeOf } from './commands.ts';
import type { Reads } from './reads.ts';

/** Durable state as one thread sees it. */
export interface Engine extends AsyncDisposable {
  readonly name: string;
  readonly read: Reads;
  readonly blobs: Blobs;
  /**
   * Does a command; resolves when its effect is durable. `owner` names who waits. A rejected command had no effect,
   * unless the code is `deadline` or `shutting-down`: then it may have had its effect or not.
   */
  execute<Kind extends Command['kind']>(
    owner: string,
    command: CommandOf<Kind>,
  ): Promise<OutcomeOf<Kind>>;
  /**
   * A number that grows with each commit that concerns a mailbox, and may without: by one before anybody can have read of the commit, and by
   * one more before anybody hears of it. So it is odd while a commit is on its way, of which nobody has been told. Undefined where
   * only the storage itself can tell.
   */
  commits(mailboxId: MailboxId): number | undefined;
  /**
   * Calls back with the changes of each commit, in commit order. Of the mailboxes that `watched` names at the time, whatever
   * other nodes change is told too, within seconds even when a hint is lost.
   */
  onChanges(
    listener: (changes: readonly Change[]) => void,
    watched?: () => Iterable<MailboxId>,
  ): Disposable;
  /**
   * Asks for a piece of scheduled work: true means that it is this node's until `ttlMs` from now, and no other's. A node that is gone
   * loses it with the time.
   */
  lease(name: string, ttlMs: number): Promise<boolean>;
}
