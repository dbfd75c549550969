import type { ThreadIds } from '#content';
import { LinkForest } from './link-forest.ts';

/** Where a message stands after its references were followed: the row of its parent, or one of the two. */
export const NO_PARENT = -1;

/** Ids without a message that are kept, some 100 MB of them. */
export const MISSING_MAX = 500_000;

/**
 * Ties messages together by their ids: step 1 of THREAD=REFERENCES (RFC 5256 §3). Messages come in the order of the
 * mailbox, each a row; ids that no message has stand for a missing one. Once there are too many of these, references
 * to further ones are passed over.
 */
export class ReferenceLinks {
  readonly #forest = new LinkForest();
  readonly #nodes = new Map<string, number>();
  /** Of each node its row; -1: the message is missing. */
  readonly #rows: number[] = [];
  /** Of each row its node. */
  readonly #nodeOf: number[] = [];
  readonly #missingMax: number;
  /** Ids that were referred to and have no message yet. */
  #missing = 0;

  constructor(missingMax: number = MISSING_MAX) {
    this.#missingMax = missingMax;
  }

  get rowCount(): number {
    return this.#nodeOf.length;
  }

  /** Takes the next message. */
  add({ messageId, references }: ThreadIds): void {
    const node = this.#nodeOfMessage(messageId);
    this.#rows[node] = this.#nodeOf.push(node) - 1;
    let parent = -1;
    for (const reference of references) {
      const referred = this.#nodeOfReference(reference);
      if (referred === undefined) continue;
      // Links that are there already come from somebody who knew better: References may be truncated.
      if (parent >= 0 && this.#forest.parentOf(referred) < 0) this.#forest.link(referred, parent);
      parent = referred;
    }
    // The last one is the parent for sure.
    if (this.#forest.parentOf(node) === parent) return;
    this.#forest.cut(node);
    if (parent >= 0) this.#forest.link(node, parent);
  }

  /** The id of a message counts for the first that has it; others, and those without, are known to nobody. */
  #nodeOfMessage(id: string | undefined): number {
    const node = id === undefined ? undefined : this.#nodes.get(id);
    if (id === undefined) return this.#newNode();
    if (node === undefined) return this.#newNodeOf(id);
    if (this.#rows[node]! >= 0) return this.#newNode();
    this.#missing--;
    return node;
  }

  #nodeOfReference(id: string): number | undefined {
    const node = this.#nodes.get(id);
    if (node !== undefined || this.#missing >= this.#missingMax) return node;
    this.#missing++;
    return this.#newNodeOf(id);
  }

  #newNodeOf(id: string): number {
    const node = this.#newNode();
    // A copy: a piece of a header would hold on to all of it.
    this.#nodes.set(Buffer.from(id, 'latin1').toString('latin1'), node);
    return node;
  }

  #newNode(): number {
    this.#rows.push(-1);
    return this.#forest.add();
  }

  /**
   * The parents that remain when missing messages are taken out (step 3): of each row the nearest message above it;
   * where all above it are missing, a number from `rowCount` on that stands for the topmost of them, or NO_PARENT
   * when nobody else is below that.
   *
   * @returns the parents, and how many missing ones are among them
   */
  parents(): { readonly parents: Int32Array; readonly missing: number } {
    const { rowCount } = this;
    const parents = new Int32Array(rowCount).fill(NO_PARENT);
    /** Of each missing message what its children go to: a row, or below -1 the node of the topmost missing one. */
    const anchors = new Map<number, number>();
    const below = new Map<number, number>();
    for (let row = 0; row < rowCount; row++) {
      const above = this.#forest.parentOf(this.#nodeOf[row]!);
      if (above < 0) continue;
      parents[row] = this.#anchorOf(above, anchors);
      if (parents[row]! < NO_PARENT) below.set(parents[row]!, (below.get(parents[row]!) ?? 0) + 1);
    }
    let missing = 0;
    const numbers = new Map<number, number>();
    for (const [anchor, count] of below)
      numbers.set(anchor, count > 1 ? rowCount + missing++ : NO_PARENT);
    for (let row = 0; row < rowCount; row++)
      if (parents[row]! < NO_PARENT) parents[row] = numbers.get(parents[row]!)!;
    return { parents, missing };
  }

  #anchorOf(start: number, anchors: Map<number, number>): number {
    const passed: number[] = [];
    let node = start;
    let anchor: number | undefined;
    while (anchor === undefined) {
      if (this.#rows[node]! >= 0) anchor = this.#rows[node]!;
      else {
        anchor = anchors.get(node);
        passed.push(node);
        const above = this.#forest.parentOf(node);
        if (anchor === undefined && above < 0) anchor = -2 - node;
        node = above;
      }
    }
    for (const each of passed) anchors.set(each, anchor);
    return anchor;
  }
}
