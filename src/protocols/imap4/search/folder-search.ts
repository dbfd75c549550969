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

/** Which of the matching messages are wanted: all, or only the first, the last, or these two. */
export type SearchGoal = 'all' | 'first' | 'last' | 'ends';

export interface Found {
  /** Sequence numbers, ascending. */
  readonly seqs: readonly SeqNum[];
  /** The highest mod-sequence among them; undefined unless the plan reports it and there are any. */
  readonly modSeq: ModSeq | undefined;
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
  const first = await new Run(plan, scope, 'first').go(plan.bounds);
  const [lowest] = first.seqs;
  if (lowest === undefined) return first;
  const above = { first: (lowest + 1) as SeqNum, last: scope.uids.length as SeqNum };
  const rest = intersectRanges(plan.bounds, above.first > above.last ? [] : [above]);
  const last = await new Run(plan, scope, 'last').go(rest);
  return {
    seqs: [...first.seqs, ...last.seqs],
    modSeq:
      first.modSeq === undefined ? undefined : (Math.max(first.modSeq, last.modSeq ?? 0) as ModSeq),
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
  readonly #goal: 'all' | 'first' | 'last';
  readonly #slices: Slices;
  /** All matches; only the best one when not all are wanted. */
  readonly #found: Match[] = [];
  #settled = 0;
  #all = 0;

  constructor(plan: Plan, scope: SearchScope, goal: 'all' | 'first' | 'last') {
    this.#plan = plan;
    this.#scope = scope;
    this.#goal = goal;
    this.#slices = new Slices(() => {
      scope.progress?.(this.#settled, this.#all);
      scope.checkPeer();
    });
  }

  async go(bounds: Ranges<SeqNum>): Promise<Found> {
    const { uids } = this.#scope;
    this.#all = countOf(bounds);
    for (const seqs of batchesOf(bounds, GROUP_MAX[Stage.Place], this.#goal === 'last')) {
      const undecided: Candidate[] = [];
      for (const seq of seqs) {
        const uid = uids[seq - 1]!;
        if (this.#scope.isGone(uid)) continue;
        const candidate = new Candidate(seq, uid);
        if (this.#isUndecided(candidate)) undecided.push(candidate);
      }
      await this.#slices.spend(seqs.length * ROW_COST_BYTES[Stage.Place]);
      await this.#pass(undecided, 0);
      if (this.#goal !== 'all' && this.#found.length > 0) break;
    }
    return this.#result();
  }

  /** Whether it would still matter that a message matches: not when a better one is found already. */
  #matters({ seq }: Candidate): boolean {
    const best = this.#found[0]?.seq;
    if (best === undefined || this.#goal === 'all') return true;
    return this.#goal === 'first' ? seq < best : seq > best;
  }

  /** Takes candidates through the stages of the plan from `level` on. */
  async #pass(candidates: readonly Candidate[], level: number): Promise<void> {
    if (candidates.length === 0) return;
    const stage = this.#plan.stages[level];
    assert(stage !== undefined, 'the last stage settles every condition');
    const groups = groupsOf(candidates, stage);
    if (this.#goal === 'last') groups.reverse();
    for (const group of groups) {
      const open = group.filter((candidate) => this.#matters(candidate));
      if (open.length === 0) return;
      const undecided = await this.#read(open, stage);
      await this.#slices.spend(open.length * ROW_COST_BYTES[stage]);
      await this.#pass(undecided, level + 1);
    }
  }

  /** Reads a group's columns of a stage; gives those that are still undecided. Who is not there any more drops out. */
  async #read(group: readonly Candidate[], stage: Stage): Promise<readonly Candidate[]> {
    const { mailbox, folderId } = this.#scope;
    const undecided: Candidate[] = [];
    for (let next = 0; next < group.length; ) {
      const entries = await mailbox.entries({
        folderId,
        uids: uidRangesOf(group, next),
        columns: this.#columnsOf(stage),
        changedSince: this.#plan.changedSince,
        limit: group.length,
      });
      for (const entry of entries) {
        while (next < group.length && group[next]!.uid < entry.uid) next++;
        const candidate = group[next];
        if (candidate?.uid !== entry.uid) continue;
        candidate.learn(entry, stage);
        if (stage === Stage.Body && !(await this.#scan(candidate, entry))) continue;
        if (this.#isUndecided(candidate)) undecided.push(candidate);
      }
      if (entries.length < group.length) break;
      const last = entries.at(-1)!.uid;
      while (next < group.length && group[next]!.uid <= last) next++;
    }
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
    if (this.#goal === 'all') this.#found.push(match);
    else if (this.#matters(candidate)) this.#found[0] = match;
    return false;
  }

  #result(): Found {
    const found = this.#found.sort((a, b) => a.seq - b.seq);
    const highest = found.reduce((max, { modSeq }) => Math.max(max, modSeq), 0);
    const reports = this.#plan.reportsModSeq && found.length > 0;
    return {
      seqs: found.map(({ seq }) => seq),
      modSeq: reports ? (highest as ModSeq) : undefined,
    };
  }
}
