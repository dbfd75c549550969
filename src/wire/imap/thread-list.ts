/** THREAD responses, written and read. Threads may be as deep as there are messages, so nothing here is recursive. */
import * as c from './chars.ts';
import type { Cursor } from './parser.ts';

/**
 * Threads as a table of nodes, numbered from 0. Siblings are a chain from the first on; -1 ends it.
 */
export interface ThreadForest {
  /** The first thread; -1 when there are none. */
  readonly firstRoot: number;
  /** Of each node its first child, or -1. */
  readonly firstChild: ArrayLike<number>;
  /** Of each node the next one with the same parent, or of each first message the next thread's; -1 after the last. */
  readonly nextSibling: ArrayLike<number>;
  /** Of each node the message's number; 0 for a missing parent. */
  readonly numbers: ArrayLike<number>;
}

/** Parentheses, blanks and numbers of one piece, roughly. */
const TOKENS_AT_ONCE = 8192;

/**
 * `* THREAD (…)(…)`, in pieces.
 *
 * ```abnf
 * thread-data    = "THREAD" [SP 1*thread-list]
 * thread-list    = "(" (thread-members / thread-nested) ")"
 * thread-members = nz-number *(SP nz-number) [SP thread-nested]
 * thread-nested  = 2*thread-list
 * ```
 * RFC 5256 §5. A missing parent must be the first of a thread and have two children at least; one that has a single child
 * is passed over, for the grammar has no place for it.
 */
export function* encodeThreads(forest: ThreadForest): Generator<string> {
  const { firstRoot, firstChild, nextSibling, numbers } = forest;
  yield `* THREAD${firstRoot < 0 ? '' : ' '}`;
  let tokens: (string | number)[] = [];
  /** Lists that are open, by the node each began with. */
  const open: number[] = [];
  let node = firstRoot;
  while (node >= 0) {
    if (tokens.length >= TOKENS_AT_ONCE) {
      yield tokens.join('');
      tokens = [];
    }
    open.push(node);
    let separator = '(';
    // Down the chain of only children.
    for (;;) {
      if (numbers[node]! > 0) {
        tokens.push(separator, numbers[node]!);
        separator = ' ';
      }
      const child = firstChild[node]!;
      const splits = child >= 0 && nextSibling[child]! >= 0;
      if (splits) tokens.push(separator);
      node = child;
      if (child < 0 || splits) break;
    }
    while (node < 0 && open.length > 0) {
      tokens.push(')');
      node = nextSibling[open.pop()!]!;
    }
  }
  yield `${tokens.join('')}\r\n`;
}

/** Reads what stands behind THREAD in a response; see {@link encodeThreads}. */
export function readThreads(cursor: Cursor): ThreadForest {
  const firstChild: number[] = [];
  const nextSibling: number[] = [];
  const numbers: number[] = [];
  const add = (number: number): number => {
    firstChild.push(-1);
    nextSibling.push(-1);
    return numbers.push(number) - 1;
  };
  const root = add(0);
  /** Of each open list the node that its members go below, and the last one there. */
  const open = [{ parent: root, last: -1 }];
  const append = (node: number): void => {
    const level = open.at(-1)!;
    if (level.last < 0) firstChild[level.parent] = node;
    else nextSibling[level.last] = node;
    level.last = node;
  };
  cursor.skip(c.SP);
  while (!cursor.atEnd) {
    if (cursor.skip(c.RPAREN)) {
      if (open.length === 1) cursor.fail('"("');
      open.pop();
      continue;
    }
    cursor.expect(c.LPAREN, '"("');
    let node = cursor.next === c.LPAREN ? add(0) : add(cursor.nzNumber('a message number'));
    append(node);
    while (cursor.skip(c.SP) && cursor.next !== c.LPAREN) {
      const child = add(cursor.nzNumber('a message number'));
      firstChild[node] = child;
      node = child;
    }
    open.push({ parent: node, last: -1 });
  }
  if (open.length > 1) cursor.fail('")"');
  return { firstRoot: firstChild[root]!, firstChild, nextSibling, numbers };
}
