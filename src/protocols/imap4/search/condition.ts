import { type Candidate, Stage, type Verdict } from './candidate.ts';

/** A search key made ready to be asked. */
export interface Condition {
  /** The stages at which it may learn something, ascending. At the last one it gives a verdict for sure. */
  readonly stages: readonly Stage[];
  test(candidate: Candidate): Verdict;
}

export const EVERY: Condition = { stages: [Stage.Place], test: () => true };
export const NONE: Condition = { stages: [Stage.Place], test: () => false };

function lastStage(condition: Condition): Stage {
  return condition.stages.at(-1)!;
}

/** The stages of all, ascending, each once. */
function stagesOf(conditions: readonly Condition[]): readonly Stage[] {
  return [...new Set(conditions.flatMap((condition) => condition.stages))].sort((a, b) => a - b);
}

/** Cheap ones first, so that the dear ones are often not asked. */
function byCost(conditions: readonly Condition[]): readonly Condition[] {
  return conditions.toSorted((a, b) => lastStage(a) - lastStage(b));
}

/** True when all are; false as soon as one is, whatever the unknown ones may turn out to be. */
export function allOf(conditions: readonly Condition[]): Condition {
  const ordered = byCost(conditions);
  return {
    stages: stagesOf(ordered),
    test: (candidate) => {
      let verdict: Verdict = true;
      for (const condition of ordered) {
        const one = condition.test(candidate);
        if (one === false) return false;
        if (one === undefined) verdict = undefined;
      }
      return verdict;
    },
  };
}

/** False when all are; true as soon as one is, whatever the unknown ones may turn out to be. */
export function anyOf(conditions: readonly Condition[]): Condition {
  const ordered = byCost(conditions);
  return {
    stages: stagesOf(ordered),
    test: (candidate) => {
      let verdict: Verdict = false;
      for (const condition of ordered) {
        const one = condition.test(candidate);
        if (one === true) return true;
        if (one === undefined) verdict = undefined;
      }
      return verdict;
    },
  };
}

export function noneOf(condition: Condition): Condition {
  return {
    stages: condition.stages,
    test: (candidate) => {
      const verdict = condition.test(candidate);
      return verdict === undefined ? undefined : !verdict;
    },
  };
}
