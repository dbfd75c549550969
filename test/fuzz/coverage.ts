import { type Profiler, Session } from 'node:inspector';

/** A character of a source file. */
interface Place {
  readonly seen: Uint8Array;
  readonly at: number;
}

/** How often a run passed each block, by V8's precise coverage of this thread: it counts the same on every machine. */
export class Coverage {
  readonly #session = new Session();
  /** Of each source file which of its characters have been run. */
  readonly #seen = new Map<string, Uint8Array>();
  #covered = 0;
  /** What the last batch ran first. */
  #pending: Place[] = [];

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.#take();
  }

  /** Characters of the source that have been run. */
  get covered(): number {
    return this.#covered;
  }

  /** How many characters of the source ran for the first time since the last call. */
  gain(): number {
    let fresh = 0;
    for (const script of this.#take()) fresh += this.#merge(script);
    this.#covered += fresh;
    return fresh;
  }

  /**
   * The same for a batch, of which each input is then run again with `gain` after it, to see which of them it was. Call `settle`
   * then: what runs only sometimes, and did not again, must not be seen as new for ever.
   */
  gainOfBatch(): number {
    this.#pending = [];
    let fresh = 0;
    for (const script of this.#take()) fresh += this.#merge(script, this.#pending);
    for (const { seen, at } of this.#pending) seen[at] = 0;
    return fresh;
  }

  /** Takes all that the batch ran for seen. */
  settle(): void {
    for (const { seen, at } of this.#pending) {
      if (seen[at] === 0) this.#covered++;
      seen[at] = 1;
    }
    this.#pending = [];
  }

  /** How many blocks have run since the last call, repetitions counted. */
  steps(): number {
    let steps = 0;
    for (const { functions } of this.#take())
      for (const { ranges } of functions) for (const { count } of ranges) steps += count;
    return steps;
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let scripts: readonly Profiler.ScriptCoverage[] = [];
    // The inspector of one's own thread answers at once.
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) throw error;
      scripts = taken.result.filter(({ url }) => url.includes('/src/'));
    });
    return scripts;
  }

  /** @returns how many characters had not been run before */
  #merge({ url, functions }: Profiler.ScriptCoverage, pending?: Place[]): number {
    let end = 0;
    for (const { ranges } of functions) end = Math.max(end, ranges[0]!.endOffset);
    // Ranges come from the outside inwards: what is not covered is painted over what is around it.
    const now = new Uint8Array(end);
    for (const { ranges } of functions)
      for (const { startOffset, endOffset, count } of ranges)
        now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    const seen = this.#seenOf(url, end);
    let fresh = 0;
    for (let at = 0; at < end; at++) {
      if (now[at] === 0 || seen[at] === 1) continue;
      fresh++;
      seen[at] = 1;
      pending?.push({ seen, at });
    }
    return fresh;
  }

  #seenOf(url: string, length: number): Uint8Array {
    const seen = this.#seen.get(url);
    if (seen !== undefined && seen.length >= length) return seen;
    const wider = new Uint8Array(length);
    if (seen !== undefined) wider.set(seen);
    this.#seen.set(url, wider);
    return wider;
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }
}
