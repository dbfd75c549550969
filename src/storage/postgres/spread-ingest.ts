import { type Clock, isPosthornError, PosthornError, timeOrderedId } from '#kernel';
import type { MailboxId } from '#model';
import type { Ingest, IngestedEntry } from '../commands.ts';
import { assertWhole, checkPart, ingestPart } from './commands/ingest.ts';
import type { Executor } from './executor.ts';
import type { Job } from './lanes.ts';
import type { Pool } from './pool.ts';
import { forgetPromises, keepPart, type Part, writePromise } from './promises.ts';
import { scopeOf } from './scope.ts';
import type { Scope, Transaction } from './transaction.ts';

type Entries = readonly IngestedEntry[];
/** The entries of each command in one mailbox; undefined where the command was refused. */
type PartAnswer = Entries | { readonly refused: unknown };

/**
 * Ingests that go to the same several mailboxes. Each mailbox may stand on a server of its own, so each gets its part in a
 * transaction of its own. The first one writes a promise of the others beside its part: from then on the message is accepted,
 * and whoever finds the promise keeps it. Each part is marked, so that it is done once, whoever does it.
 */
export async function runSpreadIngests(
  parts: { readonly executor: Executor; readonly pool: Pool; readonly clock: Clock },
  group: readonly Job[],
): Promise<void> {
  const { executor, clock } = parts;
  const ingests = group.map((job) => job.command as Ingest);
  const ids = group.map(() => timeOrderedId(clock.now()));
  const [first, ...others] = [...scopeOf(ingests[0]!).mailboxIds].sort((a, b) => a - b);
  let answers: readonly PartAnswer[];
  try {
    answers = await executor.transact(
      group[0]!.owner,
      scopeOfFirst(ingests, first!, others),
      (tx) => firstParts(tx, ingests, ids, [first!, ...others]),
    );
  } catch (error) {
    if (
      group.length > 1 &&
      !isPosthornError(error, 'unavailable') &&
      !isPosthornError(error, 'deadline')
    )
      for (const job of group) await runSpreadIngests(parts, [job]);
    else for (const job of group) job.failed(error);
    return;
  }
  const accepted = group.filter((_job, index) => !isRefusal(answers[index]!));
  const owed: Part[] = [];
  answers.forEach((answer, index) => {
    if (!isRefusal(answer)) owed.push({ commandId: ids[index]!, ingest: ingests[index]! });
  });
  const rest = await Promise.all(
    others.map((mailboxId) =>
      keepParts(executor, { mailboxId, owed, first: first! }, group[0]!.owner),
    ),
  );
  if (rest.every((kept) => kept !== undefined) && owed.length > 0)
    // Not waited for: what stays is found to have been kept.
    void forgetPromises(parts.pool, first!, others, owed).catch(() => {});
  let nth = 0;
  group.forEach((job, index) => {
    const answer = answers[index]!;
    if (isRefusal(answer)) {
      job.failed(answer.refused);
      return;
    }
    const at = accepted.indexOf(job, nth++);
    const byMailbox = new Map([[first!, [...answer]]]);
    others.forEach((mailboxId, other) => {
      byMailbox.set(mailboxId, [...(rest[other]?.[at] ?? [])]);
    });
    const entries = ingests[index]!.targets.map((target) =>
      byMailbox.get(target.mailboxId)!.shift(),
    );
    job.done({ entries });
  });
}

function isRefusal(answer: PartAnswer): answer is { readonly refused: unknown } {
  return 'refused' in answer;
}

function scopeOfFirst(
  ingests: readonly Ingest[],
  first: MailboxId,
  others: readonly MailboxId[],
): Scope {
  const folders = ingests.flatMap((ingest) => ingest.targets);
  return { directory: false, mailboxIds: [first], folders, keywords: folders, peeked: others };
}

/** Refuses what any of the mailboxes would refuse; else does the first part and promises the others. */
async function firstParts(
  tx: Transaction,
  ingests: readonly Ingest[],
  ids: readonly string[],
  mailboxIds: readonly MailboxId[],
): Promise<readonly PartAnswer[]> {
  const answers: PartAnswer[] = [];
  for (const [index, ingest] of ingests.entries()) {
    const { written } = tx;
    try {
      assertWhole(ingest);
      for (const mailboxId of mailboxIds) checkPart(tx, mailboxId, ingest);
      const [first] = mailboxIds;
      const entries = ingestPart(tx, first!, ingest);
      for (const event of ingest.tracking) tx.rows.addTracking(first!, event);
      await writePromise(tx, first!, ids[index]!, ingest);
      answers.push(entries);
    } catch (error) {
      if (!isPosthornError(error) || tx.written !== written) throw error;
      answers.push({ refused: error });
    }
  }
  return answers;
}

/** Does the parts that one mailbox is owed; undefined when it cannot be done now: the promise stands. */
async function keepParts(
  executor: Executor,
  debt: {
    readonly mailboxId: MailboxId;
    readonly owed: readonly Part[];
    readonly first: MailboxId;
  },
  owner: string,
): Promise<readonly Entries[] | undefined> {
  const { mailboxId, owed, first } = debt;
  if (owed.length === 0) return [];
  const folders = owed.flatMap(({ ingest }) => ingest.targets);
  const scope: Scope = { directory: false, mailboxIds: [mailboxId], folders, keywords: folders };
  try {
    return await executor.transact(owner, scope, async (tx) => {
      const entries: Entries[] = [];
      for (const part of owed) entries.push(await keepPart(tx, mailboxId, part, first));
      return entries;
    });
  } catch (error) {
    if (error instanceof PosthornError) return undefined;
    throw error;
  }
}
