/** Parents with their children in order, as chains: what a THREAD response is written from. */
export class SiblingLists {
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  readonly #lastChild: Int32Array;
  firstRoot = -1;
  #lastRoot = -1;

  /** @param size how many nodes there are, numbered from 0 */
  constructor(size: number) {
    this.firstChild = new Int32Array(size).fill(-1);
    this.nextSibling = new Int32Array(size).fill(-1);
    this.#lastChild = new Int32Array(size).fill(-1);
  }

  /** Adds a node behind the children of another; -1: behind the roots. */
  append(node: number, parent: number): void {
    const last = parent < 0 ? this.#lastRoot : this.#lastChild[parent]!;
    if (last >= 0) this.nextSibling[last] = node;
    else if (parent < 0) this.firstRoot = node;
    else this.firstChild[parent] = node;
    if (parent < 0) this.#lastRoot = node;
    else this.#lastChild[parent] = node;
  }
}
