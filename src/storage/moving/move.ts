import { type Clock, PosthornError } from '#kernel';
import { copyDirectory, copyTracking } from './directory.ts';
import { followAll, type Pass } from './follow.ts';
import type { MoveSource, MoveTarget } from './port.ts';
import { Verifier } from './verify.ts';
import { type MoveProgress, Work } from './work.ts';

/** A pass with so few is small: what is left is done while the source stands still. */
const SMALL = { mailboxes: 50, messages: 500 } as const;
/** Passes before the source stands still, if they do not become small and do not stop to become smaller either. */
const PASSES_MAX = 20;

export interface MoveOptions {
  readonly source: MoveSource;
  readonly target: MoveTarget;
  readonly clock: Clock;
  /**
   * Stops all writes to the source, those under way included; disposing lets them go on. A move that fails disposes it; one that succeeds
   * does so after `onMoved`.
   */
  readonly pause: () => Promise<AsyncDisposable>;
  /**
   * The target is whole and the source still stands: from here on the target is to be served. What it rejects with is a failure of the
   * move, though the target has become a store like any other.
   */
  readonly onMoved?: (moved: Moved) => Promise<void>;
  readonly onProgress?: (progress: MoveProgress) => void;
  /** Ends the move at the next batch; another one with the same source and target goes on from there. */
  readonly signal?: AbortSignal;
  /** Rows that travel together at most, 4000 where it is not given. */
  readonly rowsAtOnce?: number;
}

export interface Moved {
  readonly messages: number;
  readonly mailboxes: number;
  /** Ways through all mailboxes, the last one included. */
  readonly passes: number;
  /** How long the source stood still until the target was whole. */
  readonly pausedMs: number;
}

/**
 * Moves a whole store to another engine while it is served: copies it, follows what changes, has the source stand still, follows the rest,
 * and compares both. Ids, uids, modseqs and the change log stay what they are, so no client notices. Interrupted at any point it goes on
 * where it was, as long as the source is the same.
 * @throws {not-empty} when the target is not empty and not the begun copy of this source; {corrupt} when source or target is damaged;
 *   {unavailable} when the source does not stand still; {shutting-down} when the signal ended it
 */
export async function moveStore(options: MoveOptions): Promise<Moved> {
  const { source, target, clock } = options;
  const work = new Work(source, target, options);
  await target.begin(await source.id());
  await work.count();
  work.tell();
  const passes = await copyAndFollow(work);
  const verifier = new Verifier(work);
  await verifier.ahead();
  await target.prepareFinish();
  work.phase = 'switch';
  await using _held = await options.pause();
  const beganMs = clock.elapsed();
  work.tell();
  await source.settle();
  await followAll(work);
  await copyDirectory(work);
  await copyTracking(work);
  const left = await followAll(work);
  if (left.mailboxes > 0)
    throw new PosthornError(
      'unavailable',
      `${source.shown} was written to while it should have stood still`,
    );
  await verifier.whole();
  const counts = await countBoth(work);
  await target.finish(await source.nextMailboxId());
  const moved = { ...counts, passes: passes + 1, pausedMs: clock.elapsed() - beganMs };
  work.tell();
  await options.onMoved?.(moved);
  return moved;
}

/** Passes until one is small, or is not smaller than the one before by far. */
async function copyAndFollow(work: Work): Promise<number> {
  let before: Pass | undefined;
  for (let passes = 1; ; passes++) {
    await copyDirectory(work);
    const pass = await followAll(work);
    const isSmall = pass.mailboxes <= SMALL.mailboxes && pass.messages <= SMALL.messages;
    const shrinks = before === undefined || pass.messages < before.messages / 2;
    if (isSmall || (!shrinks && work.phase === 'follow') || passes === PASSES_MAX) return passes;
    before = pass;
    work.phase = 'follow';
    work.tell();
  }
}

async function countBoth({
  source,
  target,
  rowsAtOnce,
}: Work): Promise<{ readonly messages: number; readonly mailboxes: number }> {
  const messages = await target.messages();
  const expected = await source.messages();
  if (messages !== expected)
    throw new PosthornError(
      'corrupt',
      `${target.shown} has ${messages} messages, and ${source.shown} ${expected}`,
    );
  let mailboxes = 0;
  for (let after = 0; ; ) {
    const page = await target.stamps(after, rowsAtOnce);
    mailboxes += page.length;
    if (page.length < rowsAtOnce) return { messages, mailboxes };
    after = page.at(-1)!.mailboxId;
  }
}
