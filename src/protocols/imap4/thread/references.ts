import { NO_PARENT, type ReferenceLinks } from './reference-links.ts';
import { SiblingLists } from './sibling-lists.ts';
import type { ThreadRows } from './thread-rows.ts';

/**
 * THREAD=REFERENCES from step 2 on (RFC 5256 §3). Nodes are the rows, and behind them the missing parents. Everything
 * is linear in the number of messages: siblings come out sorted because rows are handed out by date, once.
 */
export function threadByReferences(links: ReferenceLinks, rows: ThreadRows): SiblingLists {
  const { parents, missing } = links.parents();
  const threads = new Threads(rows, parents, missing);
  threads.gatherSubjects();
  return threads.lists();
}

class Threads {
  readonly #rows: ThreadRows;
  readonly #rowCount: number;
  /** Of each row its parent, which may be a missing one. */
  readonly #parents: Int32Array;
  #missing: number;
  /** What a missing parent has become one with. */
  readonly #mergedInto = new Map<number, number>();

  constructor(rows: ThreadRows, parents: Int32Array, missing: number) {
    this.#rows = rows;
    this.#rowCount = rows.places.length;
    this.#parents = parents;
    this.#missing = missing;
  }

  #isMissing(node: number): boolean {
    return node >= this.#rowCount;
  }

  /** The heads of the threads by date, a missing one by its first child (step 4), each with the row that speaks for it. */
  *#heads(): Generator<readonly [head: number, row: number]> {
    const seen = new Set<number>();
    for (const row of this.#rows.byDate) {
      const parent = this.#parents[row]!;
      if (parent === NO_PARENT) yield [row, row];
      if (!this.#isMissing(parent) || seen.has(parent)) continue;
      seen.add(parent);
      yield [parent, row];
    }
  }

  /** Step 5: threads with one subject become one. */
  gatherSubjects(): void {
    const { subjects, emptySubject, replies } = this.#rows;
    const heads = [...this.#heads()].filter(([, row]) => subjects[row] !== emptySubject);
    const table = new Map<number, number>();
    for (const [head, row] of heads) {
      const found = table.get(subjects[row]!);
      const isBetter =
        found === undefined ||
        (!this.#isMissing(found) && (this.#isMissing(head) || (replies[found]! && !replies[head])));
      if (isBetter) table.set(subjects[row]!, head);
    }
    for (const [head, row] of heads) {
      const found = table.get(subjects[row]!)!;
      if (found === head) continue;
      if (this.#isMissing(head)) this.#mergedInto.set(head, found);
      else if (this.#isMissing(found) || (replies[head]! && !replies[found]))
        this.#parents[head] = found;
      else {
        const both = this.#rowCount + this.#missing++;
        this.#parents[head] = both;
        this.#parents[found] = both;
        table.set(subjects[row]!, both);
      }
    }
  }

  /** Step 6: all siblings by date. */
  lists(): SiblingLists {
    const lists = new SiblingLists(this.#rowCount + this.#missing);
    const seen = new Set<number>();
    for (const row of this.#rows.byDate) {
      const own = this.#parents[row]!;
      const parent = this.#mergedInto.get(own) ?? own;
      if (this.#isMissing(parent) && !seen.has(parent)) {
        seen.add(parent);
        lists.append(parent, NO_PARENT);
      }
      lists.append(row, parent);
    }
    return lists;
  }
}
