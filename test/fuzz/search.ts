import { Coverage } from './coverage.ts';
import { mutate, splice } from './mutate.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';
import { type Broken, brokenBy } from './verdict.ts';
import type { Window } from './window.ts';

/** An input that led where none had been before. */
export interface Kept {
  readonly input: Buffer;
  /** Characters of the source that it was the first to run. */
  readonly gain: number;
}

export interface SearchOptions {
  readonly seed: string;
  /** When it ends; without one of them the other alone says. */
  readonly seconds?: number;
  readonly executionsMax?: number;
  readonly corpus: readonly Buffer[];
  readonly window: Window;
  readonly onFinding: (input: Buffer, broken: Broken) => void;
}

/** What a search did. */
export interface SearchReport {
  readonly executions: number;
  readonly kept: readonly Kept[];
  readonly covered: number;
  /** How many inputs ended in each class of outcome. */
  readonly outcomes: ReadonlyMap<string, number>;
}

const BATCH_MAX = 512;
/** Of a target that keeps something open, whose runs take long. */
const SLOW_BATCH_MAX = 16;
const OUTCOMES_MAX = 500;
/** Longer inputs are not kept for the class of their outcome alone. */
const FIRST_BYTES_MAX = 500;

/**
 * Makes inputs and runs them until the time is over. Inputs that run code which none ran before are kept and varied. Coverage is
 * looked at for a batch at once; only where it grew are the inputs of the batch run again, one by one.
 */
export class Search {
  readonly #target: Target;
  readonly #options: SearchOptions;
  readonly #random: Random;
  readonly #coverage = new Coverage();
  readonly #kept: Kept[] = [];
  readonly #outcomes = new Map<string, number>();
  readonly #signatures = new Set<string>();
  #executions = 0;

  constructor(target: Target, options: SearchOptions) {
    this.#target = target;
    this.#options = options;
    this.#random = new Random(`${target.name} ${options.seed}`);
  }

  async run(): Promise<SearchReport> {
    const { seconds = Number.POSITIVE_INFINITY, executionsMax = Number.POSITIVE_INFINITY } =
      this.#options;
    const end = performance.now() + seconds * 1000;
    const isOver = (): boolean => this.#executions >= executionsMax || performance.now() >= end;
    const given = [...this.#target.seeds.map((seed) => Buffer.from(seed)), ...this.#options.corpus];
    for (const input of given) await this.#try([input]);
    // What could not be run is kept nevertheless: it may be the neighbour of something.
    if (this.#kept.length === 0) this.#kept.push(...given.map((input) => ({ input, gain: 0 })));
    const batchMax = this.#target.close === undefined ? BATCH_MAX : SLOW_BATCH_MAX;
    for (let size = Math.min(16, batchMax); !isOver(); ) {
      const batch = Array.from({ length: size }, () => this.#make());
      const grew = await this.#try(batch);
      size = grew ? Math.max(1, size >> 1) : Math.min(batchMax, size * 2);
    }
    return {
      executions: this.#executions,
      kept: this.#kept,
      covered: this.#coverage.covered,
      outcomes: this.#outcomes,
    };
  }

  #make(): Buffer {
    const random = this.#random;
    const fresh = (): Buffer => this.#target.generate(random);
    const old = (): Buffer => (this.#kept.length === 0 ? fresh() : this.#choose());
    switch (random.below(10)) {
      case 0:
      case 1:
        return this.#fitting(fresh());
      case 2:
      case 3:
        return mutate(this.#fitting(fresh()), random, this.#target);
      case 4:
        return this.#fitting(splice(old(), random.oneIn(2) ? fresh() : old(), random));
      default:
        return mutate(old(), random, this.#target);
    }
  }

  /** One of those that are kept; the later ones, which were harder to find, more often. */
  #choose(): Buffer {
    const count = this.#kept.length;
    const from = this.#random.oneIn(2) ? Math.floor((count * 2) / 3) : 0;
    return this.#kept[this.#random.between(from, count - 1)]!.input;
  }

  #fitting(input: Buffer): Buffer {
    return input.subarray(0, this.#target.bytesMax);
  }

  /** Runs inputs and keeps those that lead somewhere new. @returns whether one did */
  async #try(batch: readonly Buffer[]): Promise<boolean> {
    const firsts: Buffer[] = [];
    for (const input of batch) if (await this.#execute(input)) firsts.push(input);
    const gain = batch.length === 1 ? this.#coverage.gain() : this.#coverage.gainOfBatch();
    if (batch.length > 1 && gain > 0) {
      for (const input of batch) await this.#replay(input);
      this.#coverage.settle();
    } else if (gain > 0) this.#kept.push({ input: batch[0]!, gain });
    else
      for (const input of firsts)
        if (input.length <= FIRST_BYTES_MAX) this.#kept.push({ input, gain: 0 });
    return gain > 0;
  }

  async #replay(input: Buffer): Promise<void> {
    await this.#execute(input);
    const gain = this.#coverage.gain();
    if (gain > 0) this.#kept.push({ input, gain });
  }

  /** Runs one input. @returns whether its class of outcome is new */
  async #execute(input: Buffer): Promise<boolean> {
    this.#options.window.show(input);
    this.#executions++;
    let outcome: string;
    try {
      // A promise for each input would cost more than most inputs.
      const running = this.#target.run(input);
      outcome = typeof running === 'string' ? running : await running;
    } catch (error) {
      const broken = brokenBy(error);
      outcome = 'broken';
      if (!this.#signatures.has(broken.signature)) {
        this.#signatures.add(broken.signature);
        this.#options.onFinding(Buffer.from(input), broken);
      }
    }
    const times = this.#outcomes.get(outcome) ?? 0;
    if (times === 0 && this.#outcomes.size >= OUTCOMES_MAX) return false;
    this.#outcomes.set(outcome, times + 1);
    return times === 0;
  }
}
