import { setImmediate } from 'node:timers/promises';

/** Text that can be decoded and compared in a few milliseconds. */
const SLICE_BYTES = 256 * 1024;

/** What making a character of an answer is taken to cost, in bytes gone through. */
const CHAR_COST_BYTES = 4;

/** Joins the pieces of an answer in slices. Written piece by piece, what others tell the client in between would stand within it. */
export async function joinInSlices(pieces: Iterable<string>, slices: Slices): Promise<string> {
  let wire = '';
  for (const piece of pieces) {
    wire += piece;
    const pause = slices.spend(piece.length * CHAR_COST_BYTES);
    if (pause !== undefined) await pause;
  }
  return wire;
}

/** Cuts long work into slices, between which the other sessions of the thread have their turn. */
export class Slices {
  readonly #checkPeer: () => void;
  #spentBytes = 0;

  /** @param checkPeer called after each turn of the others; may throw to end the work */
  constructor(checkPeer: () => void) {
    this.#checkPeer = checkPeer;
  }

  /** Notes work done, measured in bytes gone through. A promise: the slice is over, await it. */
  spend(bytes: number): Promise<void> | undefined {
    this.#spentBytes += bytes;
    return this.#spentBytes < SLICE_BYTES ? undefined : this.#pause();
  }

  async #pause(): Promise<void> {
    this.#spentBytes = 0;
    await setImmediate();
    this.#checkPeer();
  }
}
