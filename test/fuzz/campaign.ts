import { keepInput, readCorpus } from './corpus.ts';
import { minimise } from './minimise.ts';
import type { Kept } from './search.ts';
import type { TargetEntry } from './targets.ts';
import type { Broken } from './verdict.ts';
import { Watched } from './watched.ts';

const TRIES_MAX = 3000;
/** Each try may cost the whole patience of its target. */
const MINIMISE_MS = 60_000;

/** An input that broke something, minimised and kept. */
export interface Finding {
  readonly path: string;
  readonly broken: Broken;
}

/** What fuzzing a target came to. */
export interface Campaign {
  readonly executions: number;
  readonly seconds: number;
  readonly kept: readonly Kept[];
  readonly covered: number;
  readonly outcomes: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
}

/** Fuzzes a target for so many seconds; a thread that is ended by an input is followed by another. */
export async function fuzz(target: TargetEntry, seed: string, seconds: number): Promise<Campaign> {
  const found = new Map<string, { input: Buffer; broken: Broken }>();
  const onFinding = (input: Buffer, broken: Broken): void => {
    if (!found.has(broken.signature)) found.set(broken.signature, { input, broken });
  };
  const corpus = readCorpus(target.name).map(({ input }) => input);
  const begun = performance.now();
  let done: Omit<Campaign, 'seconds' | 'findings'> = {
    executions: 0,
    kept: [],
    covered: 0,
    outcomes: new Map(),
  };
  for (let round = 0; ; round++) {
    const left = seconds - (performance.now() - begun) / 1000;
    if (left <= 0) break;
    await using watched = new Watched(target.module, { ...target, onFinding });
    const report = await watched.search(round === 0 ? seed : `${seed}.${round}`, left, corpus);
    const before = done.executions;
    if ('input' in report) {
      onFinding(report.input, report.broken);
      done = { ...done, executions: before + report.executions };
    } else done = { ...report, executions: before + report.executions };
  }
  const took = (performance.now() - begun) / 1000;
  const findings: Finding[] = [];
  for (const { input, broken } of found.values())
    findings.push(await keepSmallest(target, input, broken));
  return { ...done, seconds: took, findings };
}

async function keepSmallest(target: TargetEntry, input: Buffer, broken: Broken): Promise<Finding> {
  await using watched = new Watched(target.module, target);
  const end = performance.now() + MINIMISE_MS;
  const breaks = async (smaller: Buffer): Promise<boolean> => {
    if (performance.now() > end) return false;
    const verdict = await watched.run(smaller);
    return verdict.kind === 'broken' && verdict.signature === broken.signature;
  };
  const smallest = await minimise(input, breaks, TRIES_MAX);
  return { path: keepInput(target.name, 'finding', smallest), broken };
}
