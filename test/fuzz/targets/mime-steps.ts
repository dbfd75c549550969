import assert from 'node:assert/strict';
import {
  EnvelopeReader,
  htmlToText,
  parseAddressList,
  parseDate,
  parseMessage,
  parseMessageIds,
  readBaseSubject,
  readThreadIds,
  searchableText,
} from '../../../src/content/index.ts';
import { Coverage } from '../coverage.ts';
import { entity, field, ids, MAIL_WORDS, subject } from '../grammar/mail.ts';
import { Random } from '../random.ts';
import { type Target, wire } from '../target.ts';

const SHORT_BYTES = 40_000;
/** How many times longer the second run's message is, and how many times more steps it may take. */
const TIMES = 4;
const TIMES_MAX = 7;
/** So many steps do not depend on the length. */
const STEPS_FREE = 50_000;

let coverage: Coverage | undefined;

/** The input with a stretch of it repeated, so that it comes to about so many bytes. The input says which stretch. */
function pumped(input: Buffer, bytes: number): Buffer {
  const random = new Random(input);
  const from = random.below(input.length);
  const to = Math.min(input.length, from + 1 + random.below(random.pick([2, 8, 40, 400])));
  const piece = input.subarray(from, to);
  const times = Math.max(1, Math.ceil(bytes / Math.max(1, piece.length)));
  const repeated = Buffer.from(piece.toString('latin1').repeat(times), 'latin1');
  return Buffer.concat([input.subarray(0, from), repeated, input.subarray(to)]);
}

/** Everything that is done with a message, once. */
function readAll(bytes: Buffer): void {
  const { structure, envelope } = parseMessage(bytes);
  for (const _ of searchableText(structure, (start, end) => bytes.subarray(start, end), true));
  void new EnvelopeReader(envelope).subject;
  readThreadIds(bytes);
  const text = bytes.toString('latin1');
  parseAddressList(text);
  parseMessageIds(text);
  parseDate(text);
  readBaseSubject(text);
  htmlToText(text);
}

function stepsOf(bytes: Buffer): number {
  coverage ??= new Coverage();
  coverage.steps();
  readAll(bytes);
  return coverage.steps();
}

/**
 * That what is done with a message costs in proportion to its length: steps are counted, not time. What happens inside of Node
 * (regular expressions) has no steps; if it is not in proportion, the run does not end in time.
 */
export const target: Target = {
  name: 'mime-steps',
  seeds: [
    'References: <\\">\r\n\r\n',
    'From: "a\\"b" <c@d>, (x) y\r\n\r\n',
    'Subject: [a] re: =?x?q?y?=\r\n\r\n--',
  ],
  words: MAIL_WORDS,
  bytesMax: 1500,
  generate: (random) =>
    wire(
      random.one(
        () => entity(random, 2),
        () => field(random),
        () => `References: ${ids(random)}\r\n\r\n`,
        () => `Subject: ${subject(random)}\r\n\r\n`,
      ),
    ),
  run(input) {
    if (input.length === 0) return 'nothing';
    const short = pumped(input, SHORT_BYTES);
    const long = pumped(input, SHORT_BYTES * TIMES);
    const few = stepsOf(short);
    const many = stepsOf(long);
    const times = many / (few + STEPS_FREE);
    assert.ok(
      times <= TIMES_MAX,
      `${short.length} bytes take ${few} steps, ${long.length} take ${many}`,
    );
    return `${Math.round(times)} times, ${Math.round(Math.log2(few + 1))} bits of steps`;
  },
  async close() {
    coverage?.[Symbol.dispose]();
    coverage = undefined;
  },
};
