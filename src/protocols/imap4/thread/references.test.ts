import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeThreads } from '#wire';
import { threadBySubject } from './ordered-subject.ts';
import { ReferenceLinks } from './reference-links.ts';
import { threadByReferences } from './references.ts';
import type { SiblingLists } from './sibling-lists.ts';
import type { ThreadRows } from './thread-rows.ts';

/** A message: rows are in the order of the mailbox. */
interface Mail {
  readonly id?: string;
  readonly references?: readonly string[];
  readonly date: number;
  /** '' for none. */
  readonly subject: string;
  readonly isReply: boolean;
}

function rowsOf(mails: readonly Mail[]): ThreadRows {
  const subjects = [...new Set(mails.map(({ subject }) => subject))];
  const rows = mails.map((_mail, row) => row);
  return {
    places: rows,
    subjects: mails.map(({ subject }) => subjects.indexOf(subject)),
    emptySubject: subjects.indexOf(''),
    replies: mails.map(({ isReply }) => isReply),
    byDate: Uint32Array.from(rows.sort((a, b) => mails[a]!.date - mails[b]!.date || a - b)),
  };
}

function write({ firstRoot, firstChild, nextSibling }: SiblingLists, count: number): string {
  const numbers = Array.from(firstChild, (_child, node) => (node < count ? node + 1 : 0));
  return [...encodeThreads({ firstRoot, firstChild, nextSibling, numbers })].join('').slice(9, -2);
}

function byReferences(mails: readonly Mail[]): string {
  const links = new ReferenceLinks();
  for (const { id, references } of mails)
    links.add({ messageId: id, references: references ?? [] });
  return write(threadByReferences(links, rowsOf(mails)), mails.length);
}

/** A node of the model: the tree as RFC 5256 §3 describes it, step by step, with no thought of cost. */
interface Node {
  row: number;
  parent: Node | undefined;
  children: Node[];
}

class Model {
  readonly #mails: readonly Mail[];
  readonly #nodes: Node[] = [];
  #root: Node[] = [];

  constructor(mails: readonly Mail[]) {
    this.#mails = mails;
  }

  thread(): string {
    this.#link();
    this.#root = this.#nodes.filter(({ parent }) => parent === undefined);
    this.#root = this.#pruned(this.#root, true);
    this.#sortRoot();
    this.#gather();
    for (const node of this.#root) this.#sortBelow(node);
    this.#sortRoot();
    return this.#root.map((node) => this.#text(node)).join('');
  }

  #newNode(row: number): Node {
    const node: Node = { row, parent: undefined, children: [] };
    this.#nodes.push(node);
    return node;
  }

  #link(): void {
    const byId = new Map<string, Node>();
    const unlink = (node: Node): void => {
      if (node.parent !== undefined)
        node.parent.children = node.parent.children.filter((child) => child !== node);
      node.parent = undefined;
    };
    const link = (child: Node, parent: Node): void => {
      for (let at: Node | undefined = parent; at !== undefined; at = at.parent)
        if (at === child) return;
      child.parent = parent;
      parent.children.push(child);
    };
    const ofId = (id: string): Node => {
      const node = byId.get(id) ?? this.#newNode(-1);
      byId.set(id, node);
      return node;
    };
    this.#mails.forEach(({ id, references = [] }, row) => {
      const known = id === undefined ? undefined : ofId(id);
      const node = known?.row === -1 ? known : this.#newNode(row);
      node.row = row;
      const chain = references.map(ofId);
      chain.forEach((child, index) => {
        if (index > 0 && child.parent === undefined) link(child, chain[index - 1]!);
      });
      unlink(node);
      if (chain.length > 0) link(node, chain.at(-1)!);
    });
  }

  #pruned(siblings: readonly Node[], atRoot: boolean): Node[] {
    return siblings.flatMap((node) => {
      node.children = this.#pruned(node.children, false);
      if (node.row >= 0) return [node];
      if (atRoot && node.children.length > 1) return [node];
      return node.children;
    });
  }

  /** The row that speaks for a node: a missing one's first child by date. */
  #rowOf(node: Node): number {
    if (node.row >= 0) return node.row;
    return [...node.children].sort((a, b) => this.#byDate(a, b))[0]!.row;
  }

  #byDate(a: Node, b: Node): number {
    const [left, right] = [this.#rowOf(a), this.#rowOf(b)];
    return this.#mails[left]!.date - this.#mails[right]!.date || left - right;
  }

  #sortRoot(): void {
    this.#root.sort((a, b) => this.#byDate(a, b));
  }

  #sortBelow(node: Node): void {
    for (const child of node.children) this.#sortBelow(child);
    node.children.sort((a, b) => this.#byDate(a, b));
  }

  #gather(): void {
    const subjectOf = (node: Node): string => this.#mails[this.#rowOf(node)]!.subject;
    const isReply = (node: Node): boolean => node.row >= 0 && this.#mails[node.row]!.isReply;
    const table = new Map<string, Node>();
    for (const node of this.#root) {
      const subject = subjectOf(node);
      const found = table.get(subject);
      if (subject === '') continue;
      const replaces =
        found === undefined ||
        (found.row >= 0 && (node.row < 0 || (isReply(found) && !isReply(node))));
      if (replaces) table.set(subject, node);
    }
    const drop = (node: Node): void => {
      this.#root = this.#root.filter((other) => other !== node);
    };
    for (const node of [...this.#root]) {
      const subject = subjectOf(node);
      const found = table.get(subject);
      if (found === undefined || found === node) continue;
      drop(node);
      if (node.row < 0) found.children.push(...node.children);
      else if (found.row < 0 || (isReply(node) && !isReply(found))) found.children.push(node);
      else {
        drop(found);
        const both: Node = { row: -1, parent: undefined, children: [found, node] };
        this.#root.push(both);
        table.set(subject, both);
      }
    }
  }

  #text(node: Node): string {
    const own = node.row >= 0 ? `${node.row + 1}` : '';
    const { children } = node;
    const below =
      children.length === 1
        ? this.#text(children[0]!).slice(1, -1)
        : children.map((child) => this.#text(child)).join('');
    return `(${own}${own === '' || below === '' ? '' : ' '}${below})`;
  }
}

const ids = fc.constantFrom('a@x', 'b@x', 'c@x', 'd@x', 'e@x', 'f@x', 'g@x', 'h@x');
const mail: fc.Arbitrary<Mail> = fc.record(
  {
    id: ids,
    references: fc.array(ids, { maxLength: 4 }),
    date: fc.nat(5),
    subject: fc.constantFrom('', 'x', 'y', 'z'),
    isReply: fc.boolean(),
  },
  { requiredKeys: ['date', 'subject', 'isReply'] },
);

test('property: threads are what the steps of RFC 5256 make of them', () => {
  fc.assert(
    fc.property(fc.array(mail, { maxLength: 14 }), (mails) => {
      assert.equal(byReferences(mails), new Model(mails).thread());
    }),
    { numRuns: 3000 },
  );
});

const plain = { date: 0, subject: '', isReply: false };

test('a reply chain of any depth, in either order', () => {
  const count = 60_000;
  const numbers = Array.from({ length: count }, (_none, index) => index);
  const chain = numbers.map((n) => ({ ...plain, id: `${n}@x`, references: [`${n - 1}@x`] }));
  const upwards = numbers.map((n) => n + 1);
  assert.equal(byReferences(chain), `(${upwards.join(' ')})`);
  assert.equal(byReferences(chain.toReversed()), `(${upwards.toReversed().join(' ')})`);
});

test('a missing parent of many, and a missing one in the middle', () => {
  const child = { ...plain, references: ['none@x'] };
  assert.equal(byReferences([child, child, child]), '((1)(2)(3))');
  assert.equal(
    byReferences([
      { ...plain, id: 'a@x' },
      { ...plain, references: ['a@x', 'none@x'] },
      { ...plain, references: ['none@x'] },
    ]),
    '(1 (2)(3))',
  );
});

test('ORDEREDSUBJECT', () => {
  const subjects = ['x', 'y', 'x', '', 'y', 'x', ''];
  const dates = [5, 4, 3, 2, 1, 0, 2];
  const mails = subjects.map((subject, row) => ({ ...plain, subject, date: dates[row]! }));
  assert.equal(write(threadBySubject(rowsOf(mails)), mails.length), '(6 (3)(1))(5 2)(4 7)');
});

test('too many missing messages: further ones are passed over, those that are there are not', () => {
  const links = new ReferenceLinks(2);
  const mails: Mail[] = [
    { id: 'a', references: ['gone1', 'gone2', 'gone3'], date: 1, subject: '', isReply: false },
    { id: 'b', references: ['gone4'], date: 2, subject: '', isReply: false },
    { id: 'c', references: ['gone4', 'b'], date: 3, subject: '', isReply: false },
    { id: 'd', references: ['gone2'], date: 4, subject: '', isReply: false },
    // One that was missing has come: there is room for another.
    { id: 'gone1', date: 5, subject: '', isReply: false },
    { id: 'e', references: ['gone5'], date: 6, subject: '', isReply: false },
    { id: 'f', references: ['gone5'], date: 7, subject: '', isReply: false },
  ];
  for (const { id, references = [] } of mails) links.add({ messageId: id, references });
  const threads = write(threadByReferences(links, rowsOf(mails)), mails.length);
  assert.equal(threads, '(2 3)(5 (1)(4))((6)(7))');
});
