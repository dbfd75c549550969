import { decodeStructure } from '#content';
import { assert } from '#kernel';
import type { ModSeq, SeqNum } from '#model';
import type { Entry, EntryColumns } from '#store';
import { countOf, type Ranges } from '#wire';
import { Candidate, Stage, type Verdict } from './candidate.ts';
import type { Plan } from './compile.ts';
import { batchesOf, GROUP_MAX, groupsOf, uidRangesOf } from './grouping.ts';
import { intersectRanges, type SearchScope } from './scope.ts';
import { Slices } from './slices.ts';
import { type ByteSource, scanText } from './text-scan.ts';

/** Which of the matching messages are wanted: all, so many of the first or of the last, or the first and the last. */
export type SearchGoal = 'all' | 'ends' | { readonly first: number } | { readonly last: number };

export interface Found {
  /** Sequence numbers, ascending. */
  readonly seqs: readonly SeqNum[];
  /** Of each its mod-sequence; undefined unless the plan reports them. */
  readonly modSeqs: readonly ModSeq[] | undefined;
  /** Some that still have a number are gone, so that nobody can say whether they would have matched. */
  readonly passedOver: boolean;
}

const COLUMNS: Readonly<Record<Stage, EntryColumns>> = {
  [Stage.Place]: {},
  [Stage.State]: {},
  [Stage.Index]: { content: true, subject: true },
  [Stage.Head]: { head: true },
  [Stage.Body]: { structure: true, body: true },
};
/** What reading a row costs, in bytes of text gone through: measure of a slice. */
const ROW_COST_BYTES: Readonly<Record<Stage, number>> = {
  [Stage.Place]: 4,
  [Stage.State]: 128,
  [Stage.Index]: 512,
  [Stage.Head]: 1024,
  [Stage.Body]: 1024,
};

/**
 * Runs a plan over a folder. Candidates go through the stages in groups: for all of a group the cheap columns are
 * read, those that are still undecided go on to the next stage, in smaller groups. So memory is bounded by one group
 * of each stage, and content is read only of messages whose verdict depends on it. Messages that vanish meanwhile
 * are not found. Between slices the peer is looked after (see SearchScope).
 */
export async function runSearch(
  plan: Plan,
  scope: SearchScope,
  goal: SearchGoal = 'all',
): Promise<Found> {
  if (goal !== 'ends') return await new Run(plan, scope, goal).go(plan.bounds);
  const first = await new Run(plan, scope, { first: 1 }).go(plan.bounds);
  const [lowest] = first.seqs;
  if (lowest === undefined) return first;
  const above = { first: (lowest + 1) as SeqNum, last: scope.uids.length as SeqNum };
  const rest = intersectRanges(plan.bounds, above.first > above.last ? [] : [above]);
  const last = await new Run(plan, scope, { last: 1 }).go(rest);
  return {
    seqs: [...first.seqs, ...last.seqs],
    modSeqs: first.modSeqs === undefined ? undefined : [...first.modSeqs, ...last.modSeqs!],
    passedOver: first.passedOver || last.passedOver,
  };
}

interface Match {
  readonly seq: SeqNum;
  readonly modSeq: number;
}

/** One way through a folder: upwards, or downwards when the last match is wanted. */
class Run {
  readonly #plan: Plan;
  readonly #scope: SearchScope;
  readonly #limit: number;
  readonly #descending: boolean;
  readonly #slices: Slices;
  /** The matches, when not all are wanted the best ones, best first. */
  readonly #found: Match[] = [];
  #passedOver = false;
  #settled = 0;
  #all = 0;

  constructor(plan: Plan, scope: SearchScope, goal: Exclude<SearchGoal, 'ends'>) {
    this.#plan = plan;
    this.#scope = scope;
    this.#descending = goal !== 'all' && 'last' in goal;
    if (goal === 'all') this.#limit = Number.POSITIVE_INFINITY;
    else this.#limit = 'last' in goal ? goal.last : goal.first;
    this.#slices = new Slices(() => {
      scope.progress?.(this.#settled, this.#all);
      scope.checkPeer();
    });
  }

  async go(bounds: Ranges<SeqNum>): Promise<Found> {
    const { uids } = this.#scope;
    this.#all = countOf(bounds);
    for (const seqs of batchesOf(bounds, GROUP_MAX[Stage.Place], this.#descending)) {
      const undecided: Candidate[] = [];
      for (const seq of seqs) {
        const uid = uids[seq - 1]!;
        if (this.#scope.isGone(uid)) {
          this.#passedOver = true;
          continue;
        }
        const candidate = new Candidate(seq, uid);
        if (this.#isUndecided(candidate)) undecided.push(candidate);
      }
      await this.#slices.spend(seqs.length * ROW_COST_BYTES[Stage.Place]);
      await this.#pass(undecided, 0);
      if (this.#found.length >= this.#limit) break;
    }
    return this.#result();
  }

  /** Whether it would still matter that a message matches: not when enough better ones are found already. */
  #matters({ seq }: Candidate): boolean {
    return this.#found.length < this.#limit || this.#isBetter(seq, this.#found.at(-1)!.seq);
  }

  #isBetter(a: SeqNum, b: SeqNum): boolean {
    return this.#descending ? a > b : a < b;
  }

  #note(match: Match): void {
    if (this.#limit === Number.POSITIVE_INFINITY) {
      this.#found.push(match);
      return;
    }
    let at = this.#found.length;
    while (at > 0 && this.#isBetter(match.seq, this.#found[at - 1]!.seq)) at--;
    this.#found.splice(at, 0, match);
    if (this.#found.length > this.#limit) this.#found.pop();
  }

  /** Takes candidates through the stages of the plan from `level` on. */
  async #pass(candidates: readonly Candidate[], level: number): Promise<void> {
    if (candidates.length === 0) return;
    const stage = this.#plan.stages[level];
    assert(stage !== undefined, 'the last stage settles every condition');
    const groups = groupsOf(candidates, stage);
    if (this.#descending) groups.reverse();
    for (const group of groups) {
      const open = group.filter((candidate) => this.#matters(candidate));
      if (open.length === 0) return;
      const undecided = await this.#read(open, stage);
      await this.#slices.spend(open.length * ROW_COST_BYTES[stage]);
      await this.#pass(undecided, level + 1);
    }
  }

  /**
   * Reads a group's columns of a stage; gives those that are still undecided. Who is not there any more drops out, and who the
   * plan says cannot match.
   */
  async #read(group: readonly Candidate[], stage: Stage): Promise<readonly Candidate[]> {
    const { mailbox, folderId } = this.#scope;
    const undecided: Candidate[] = [];
    let there = 0;
    for (let next = 0; next < group.length; ) {
      const entries = await mailbox.entries({
        folderId,
        uids: uidRangesOf(group, next),
        columns: this.#columnsOf(stage),
        changedSince: this.#plan.changedSince,
        within: stage === Stage.State ? this.#plan.within : undefined,
        limit: group.length,
      });
      for (const entry of entries) {
        while (next < group.length && group[next]!.uid < entry.uid) next++;
        const candidate = group[next];
        if (candidate?.uid !== entry.uid) continue;
        there++;
        candidate.learn(entry, stage);
        if (stage === Stage.Body && !(await this.#scan(candidate, entry))) continue;
        if (this.#isUndecided(candidate)) undecided.push(candidate);
      }
      if (entries.length < group.length) break;
      const last = entries.at(-1)!.uid;
      while (next < group.length && group[next]!.uid <= last) next++;
    }
    this.#settled += group.length - there;
    // What cannot match is not read, though it is there.
    const isFiltered =
      this.#plan.changedSince > 0 || (stage === Stage.State && this.#plan.within !== undefined);
    if (there < group.length && !isFiltered) this.#passedOver = true;
    return undecided;
  }

  #columnsOf(stage: Stage): EntryColumns {
    const hash = stage === Stage.Index && this.#plan.readsHash;
    return hash ? { ...COLUMNS[stage], hash } : COLUMNS[stage];
  }

  /** Goes through the text of a message. @returns false when it vanished meanwhile */
  async #scan(candidate: Candidate, entry: Entry): Promise<boolean> {
    const { condition, needles } = this.#plan;
    const there = await scanText(candidate, {
      structure: decodeStructure(entry.structure ?? ''),
      source: this.#sourceOf(entry),
      needles,
      slices: this.#slices,
      settled: () => condition.test(candidate) !== undefined,
    });
    candidate.textIsSeen();
    return there;
  }

  #sourceOf({ body, headBytes, contentId }: Entry): ByteSource {
    if (body !== undefined)
      return (start, end) => body.subarray(start - headBytes, end - headBytes);
    return (start, end) => this.#scope.mailbox.contentBytes(contentId, start, end);
  }

  /** Notes a match; whether the verdict is still open. */
  #isUndecided(candidate: Candidate): boolean {
    const { condition, reportsModSeq } = this.#plan;
    const verdict: Verdict = condition.test(candidate);
    if (verdict === false) this.#settled++;
    if (verdict === false) return false;
    if (verdict === undefined || (reportsModSeq && candidate.entry === undefined)) return true;
    this.#settled++;
    const match: Match = { seq: candidate.seq, modSeq: candidate.entry?.modSeq ?? 0 };
    if (this.#matters(candidate)) this.#note(match);
    return false;
  }

  #result(): Found {
    const found = this.#found;
    // Mostly they were found in order.
    if (found.some(({ seq }, index) => index > 0 && seq < found[index - 1]!.seq))
      found.sort((a, b) => a.seq - b.seq);
    return {
      seqs: found.map(({ seq }) => seq),
      modSeqs: this.#plan.reportsModSeq ? found.map(({ modSeq }) => modSeq as ModSeq) : undefined,
      passedOver: this.#passedOver,
    };
  }
}
