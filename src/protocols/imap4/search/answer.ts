import type { ModSeq, SeqNum } from '#model';
import type { SearchKey, SearchReturns, SortCriterion } from '#wire';
import { bad, type Completion, ok } from '../completion.ts';
import { passedOverCode } from '../gone.ts';
import { newestNumbers, tellLimit } from '../message-limit.ts';
import type { Session } from '../session.ts';
import { type Sorted, sortFound } from '../sort/sort-found.ts';
import { compileSearch } from './compile.ts';
import { type Found, runSearch } from './folder-search.ts';
import { encodeFound, goalOf, savedRanges } from './result.ts';
import type { SearchScope } from './scope.ts';
import { scopeOf } from './session-scope.ts';
import { joinInSlices, Slices } from './slices.ts';

/** A search of the selected folder. */
export interface FolderQuery {
  readonly command: 'SEARCH' | 'SORT';
  readonly uid: boolean;
  readonly key: SearchKey;
  readonly returns: SearchReturns;
  /** The order of the results; without, that of the mailbox. */
  readonly criteria?: readonly SortCriterion[];
}

/** Messages in the order that was asked for. */
interface Ordered {
  readonly seqs: readonly SeqNum[];
  readonly modSeqs: readonly ModSeq[] | undefined;
  readonly passedOver: boolean;
  /** What they were sorted by. */
  readonly sorted?: Sorted;
}

/**
 * Does SEARCH and SORT in the selected folder and writes the untagged answer.
 *
 * @throws {connection-closed}, {shutting-down} when nobody waits for the result any more
 */
export async function answerSearch(session: Session, query: FolderQuery): Promise<Completion> {
  const { command, uid, key, returns } = query;
  const { returnOptions: options } = returns;
  const follows = options?.has('UPDATE') === true;
  // RFC 5267 §4.3: BAD when the tag is in use.
  if (follows && session.contexts.has(session.tag)) return bad('That tag is in use for updates');
  const scope = scopeOf(session);
  const compiled = compileSearch(key, scope);
  const { bounds, lowest } = newestNumbers(compiled.bounds, session.server.limits.messageLimit);
  const plan = { ...compiled, bounds };
  if (plan.reportsModSeq) session.enableCondstore();
  const saves = options?.has('SAVE') === true;
  let ordered: Ordered;
  try {
    const found = await runSearch(plan, scope, query.criteria ? 'all' : goalOf(returns));
    ordered = await inOrder(scope, found, query);
  } catch (error) {
    // RFC 9051 §6.4.4.1: a search with SAVE that fails leaves "$" empty.
    if (saves) session.savedResult = [];
    throw error;
  }
  const uids = uid || saves || follows ? ordered.seqs.map((seq) => scope.uids[seq - 1]!) : [];
  if (saves) session.savedResult = savedRanges(returns, uids);
  const { tag, rev2 } = session;
  const results = { numbers: uid ? uids : ordered.seqs, modSeqs: ordered.modSeqs };
  const pieces = encodeFound({ command, correlator: { tag }, uid, returns, rev2 }, results);
  session.write(await joinInSlices(pieces, new Slices(scope.checkPeer)));
  if (follows) {
    const { criteria } = query;
    const { sorted } = ordered;
    session.contexts.open(
      session,
      {
        tag,
        uid,
        key,
        uids,
        namesMailbox: false,
        items: returns.updateItems,
        ...(criteria && sorted ? { sorted: { criteria, ...sorted } } : {}),
      },
      scope,
    );
  }
  const code = passedOverCode(session, ordered.passedOver);
  const completion = ok(`${uid ? 'UID ' : ''}${command} completed`, code);
  return tellLimit(session, completion, lowest && scope.uids[lowest - 1]);
}

async function inOrder(
  scope: SearchScope,
  found: Found,
  { criteria, returns }: FolderQuery,
): Promise<Ordered> {
  if (criteria === undefined || !needsOrder(returns)) return found;
  const sorted = await sortFound(scope, found.seqs, criteria);
  const { order } = sorted;
  const pick = <T>(list: readonly T[]): readonly T[] => {
    const picked = new Array<T>(order.length);
    for (let index = 0; index < order.length; index++) picked[index] = list[order[index]!]!;
    return picked;
  };
  return {
    seqs: pick(found.seqs),
    modSeqs: found.modSeqs === undefined ? undefined : pick(found.modSeqs),
    passedOver: found.passedOver,
    sorted,
  };
}

/** Whether the order of the results shows in the answer: not when they are only counted. */
function needsOrder({ returnOptions: options }: SearchReturns): boolean {
  if (options === undefined || !options.has('COUNT')) return true;
  return ['MIN', 'MAX', 'ALL', 'PARTIAL', 'UPDATE'].some((option) => options.has(option as 'MIN'));
}
