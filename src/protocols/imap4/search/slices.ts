import { setImmediate } from 'node:timers/promises';

/** Text that can be decoded and compared in a few milliseconds. */
const SLICE_BYTES = 256 * 1024;

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
