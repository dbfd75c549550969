/** Messages with binary parts, made up: shared by the tests of this room and of the store. */
import fc from 'fast-check';

const ENCODING = 'Content-Transfer-Encoding';

/** A tree of parts to be written down. */
interface Node {
  readonly kind: 'leaf' | 'multipart' | 'message';
  readonly label: string | undefined;
  readonly body: string;
  readonly parts: readonly Node[];
}

const TEXT = fc.constantFrom('', 'text\r\n', '\xe4\r\n.', 'two\r\nlines', '-- \r\n--');
const BINARY = fc
  .array(fc.constantFrom('\0', '\r', '\n', '\r\n', '\xff', 'x', '=', '--', 'y'.repeat(500), ' '), {
    maxLength: 200,
  })
  .map((all) => all.join(''));
const HOLDER_LABEL = fc.constantFrom('binary', 'BINARY', undefined);

/** Trees in which whatever is binary is labelled so, as a sender that keeps to the rules makes them. */
const { node } = fc.letrec<{ node: Node; leaf: Node; multipart: Node; message: Node }>((tie) => ({
  leaf: fc.oneof(
    fc.record({
      kind: fc.constant('leaf' as const),
      label: fc.constantFrom('binary', 'Binary (c)'),
      body: BINARY,
      parts: fc.constant([]),
    }),
    fc.record({
      kind: fc.constant('leaf' as const),
      label: fc.constantFrom('8bit', undefined, 'binary'),
      body: TEXT,
      parts: fc.constant([]),
    }),
  ),
  multipart: fc.record({
    kind: fc.constant('multipart' as const),
    label: HOLDER_LABEL,
    body: fc.constantFrom('', 'preamble'),
    parts: fc.array(tie('node'), { minLength: 1, maxLength: 4 }),
  }),
  message: fc.record({
    kind: fc.constant('message' as const),
    label: HOLDER_LABEL,
    body: fc.constant(''),
    parts: fc.tuple(tie('node')),
  }),
  node: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('multipart'), tie('message')),
}));

function written({ kind, label, body, parts }: Node, level = 0): string {
  const cte = label === undefined ? '' : `${ENCODING}: ${label}\r\n`;
  const inner = parts.map((part) => written(part, level + 1));
  if (kind === 'leaf') return `X-Leaf: 1\r\n${cte}\r\n${body}`;
  if (kind === 'message') return `${cte}Content-Type: message/rfc822\r\n\r\n${inner[0]}`;
  const boundary = `boundary-${level}`;
  const type = `Content-Type: multipart/mixed; boundary=${boundary}\r\n`;
  const all = inner.map((part) => `\r\n--${boundary}\r\n${part}`).join('');
  return `${type}${cte}\r\n${body}${all}\r\n--${boundary}--\r\n`;
}

/** Messages (wire strings): trees of parts in which only leaves that are labelled so are binary. */
export const mimeTrees: fc.Arbitrary<string> = node.map((tree) => written(tree));
