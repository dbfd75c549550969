import type { Slices } from '../search/slices.ts';

/** What is sorted in one go, in a few milliseconds. */
const RUN_LENGTH = 4096;
/** What a comparison is taken to cost, in bytes gone through. */
const COMPARISON_COST_BYTES = 32;

/**
 * Sorts numbers in place, stably, in slices between which others have their turn: runs first, which are then merged. With an
 * order that leaves no ties the result depends on nothing else.
 */
export async function sortInSlices(
  numbers: Uint32Array,
  compare: (a: number, b: number) => number,
  slices: Slices,
): Promise<void> {
  const { length } = numbers;
  for (let from = 0; from < length; from += RUN_LENGTH) {
    const run = numbers.subarray(from, from + RUN_LENGTH).sort(compare);
    await slices.spend(run.length * Math.log2(RUN_LENGTH) * COMPARISON_COST_BYTES);
  }
  let source = numbers;
  let target: Uint32Array = new Uint32Array(length > RUN_LENGTH ? length : 0);
  for (let width = RUN_LENGTH; width < length; width *= 2) {
    for (let from = 0; from < length; from += 2 * width) {
      const middle = Math.min(from + width, length);
      await mergeRuns(
        source,
        target,
        [from, middle, Math.min(middle + width, length)],
        compare,
        slices,
      );
    }
    [source, target] = [target, source];
  }
  if (source !== numbers) numbers.set(source);
}

/** Merges two neighbouring runs of `source` into the same place of `target`. */
async function mergeRuns(
  source: Uint32Array,
  target: Uint32Array,
  [from, middle, end]: readonly [number, number, number],
  compare: (a: number, b: number) => number,
  slices: Slices,
): Promise<void> {
  let left = from;
  let right = middle;
  for (let to = from; to < end; ) {
    const stop = Math.min(end, to + RUN_LENGTH);
    const cost = (stop - to) * COMPARISON_COST_BYTES;
    for (; to < stop; to++) {
      const takesLeft =
        left < middle && (right === end || compare(source[left]!, source[right]!) <= 0);
      target[to] = takesLeft ? source[left++]! : source[right++]!;
    }
    await slices.spend(cost);
  }
}
