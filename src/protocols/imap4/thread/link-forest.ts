/**
 * Trees whose edges come and go, with the question "which root is above this node" answered in logarithmic time
 * however deep they are: a link-cut forest. Each path towards a root is cut into stretches; a stretch is kept as a
 * splay tree ordered by depth, and hangs on the node above it by a one-way `up`.
 */
export class LinkForest {
  readonly #left: number[] = [];
  readonly #right: number[] = [];
  readonly #up: number[] = [];
  /** The real parent of each node, -1 for roots. */
  readonly #parent: number[] = [];

  /** How many nodes there are, numbered from 0. */
  get size(): number {
    return this.#parent.length;
  }

  /** Adds a node without parent or children. */
  add(): number {
    this.#left.push(-1);
    this.#right.push(-1);
    this.#up.push(-1);
    return this.#parent.push(-1) - 1;
  }

  /** The parent of a node, -1 for a root. */
  parentOf(node: number): number {
    return this.#parent[node]!;
  }

  /** Makes a root the child of another node. @returns false when that would close a loop, which is not done */
  link(root: number, parent: number): boolean {
    if (this.#rootOf(parent) === root) return false;
    this.#expose(root);
    this.#up[root] = parent;
    this.#parent[root] = parent;
    return true;
  }

  /** Makes a node a root, with all that is below it. */
  cut(node: number): void {
    if (this.#parent[node]! < 0) return;
    this.#expose(node);
    this.#up[this.#left[node]!] = -1;
    this.#left[node] = -1;
    this.#parent[node] = -1;
  }

  #rootOf(node: number): number {
    this.#expose(node);
    let root = node;
    while (this.#left[root]! >= 0) root = this.#left[root]!;
    this.#splay(root);
    return root;
  }

  /** Makes the path from the root down to a node one stretch, the node its splay root. */
  #expose(node: number): void {
    let below = -1;
    for (let at = node; at >= 0; at = this.#up[at]!) {
      this.#splay(at);
      this.#right[at] = below;
      below = at;
    }
    this.#splay(node);
  }

  /** Whether a node is the splay root of its stretch. */
  #isTop(node: number): boolean {
    const up = this.#up[node]!;
    return up < 0 || (this.#left[up] !== node && this.#right[up] !== node);
  }

  #splay(node: number): void {
    while (!this.#isTop(node)) {
      const up = this.#up[node]!;
      if (!this.#isTop(up)) {
        const isStraight = (this.#left[up] === node) === (this.#left[this.#up[up]!] === up);
        this.#rotate(isStraight ? up : node);
      }
      this.#rotate(node);
    }
  }

  #rotate(node: number): void {
    const up = this.#up[node]!;
    const above = this.#up[up]!;
    const isTop = this.#isTop(up);
    const [near, far] =
      this.#left[up] === node ? [this.#left, this.#right] : [this.#right, this.#left];
    const inner = far[node]!;
    near[up] = inner;
    if (inner >= 0) this.#up[inner] = up;
    far[node] = up;
    this.#up[up] = node;
    this.#up[node] = above;
    if (isTop) return;
    if (this.#left[above] === up) this.#left[above] = node;
    else this.#right[above] = node;
  }
}
