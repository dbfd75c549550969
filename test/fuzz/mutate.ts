import type { Random } from './random.ts';
import type { Target } from './target.ts';

const BYTES = '\0\t\n\r !"#$%&\'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\xa0\xc3\xe2\xf0\xff';
const NUMBERS = [
  '0',
  '1',
  '00',
  '007',
  '64',
  '65535',
  '65536',
  '2147483648',
  '4294967295',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '9223372036854775807',
  '18446744073709551616',
  '9'.repeat(40),
  '-1',
  '*',
];
const LINE_ENDS = ['\r\n', '\n', '\r', '\r\r\n', '\n\r', '\r\n\r\n', '\r\n.\r\n', '\n.\n', '\r\n '];

type Mutation = (bytes: Buffer, random: Random, target: Target) => Buffer;

function replaced(bytes: Buffer, from: number, to: number, by: Buffer | string): Buffer {
  const middle = typeof by === 'string' ? Buffer.from(by, 'latin1') : by;
  return Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)]);
}

/** A stretch of the bytes: anywhere, or a line, or what stands between marks of most grammars. */
function stretch(bytes: Buffer, random: Random): readonly [from: number, to: number] {
  const at = random.below(bytes.length + 1);
  const marks = random.pick(['', '\n', ' ()', '"<>[]{},;:=', '\r\n ']);
  if (marks === '')
    return [at, Math.min(bytes.length, at + random.between(1, random.pick([1, 4, 60])))];
  const isMark = (index: number): boolean => marks.includes(String.fromCharCode(bytes[index]!));
  let from = at;
  while (from > 0 && !isMark(from - 1)) from--;
  let to = at;
  while (to < bytes.length && !isMark(to)) to++;
  return [from, Math.min(bytes.length, to + 1)];
}

/** Where a number stands, the nearest behind a place taken by chance. */
function numberIn(bytes: Buffer, random: Random): readonly [from: number, to: number] | undefined {
  const text = bytes.toString('latin1');
  const from = random.below(text.length + 1);
  const found = /\d+/.exec(text.slice(from)) ?? /\d+/.exec(text);
  if (found === null) return undefined;
  const at = text.slice(from).search(/\d/);
  const start = at < 0 ? found.index : from + at;
  return [start, start + found[0].length];
}

const offByOne: Mutation = (bytes, random) => {
  const place = numberIn(bytes, random);
  if (place === undefined) return bytes;
  const value = BigInt(bytes.toString('latin1', ...place)) + BigInt(random.pick([-1, 1, 2, 100]));
  return replaced(bytes, ...place, String(value));
};

const otherNumber: Mutation = (bytes, random) => {
  const place = numberIn(bytes, random);
  return place === undefined ? bytes : replaced(bytes, ...place, random.pick(NUMBERS));
};

const otherByte: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  return replaced(bytes, at, at + 1, random.pick(BYTES));
};

const flippedBit: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  const flipped = Buffer.from(bytes);
  if (flipped.length > 0) flipped[at]! ^= 1 << random.below(8);
  return flipped;
};

const insertedByte: Mutation = (bytes, random) => {
  const at = random.below(bytes.length + 1);
  return replaced(bytes, at, at, random.pick(BYTES).repeat(random.pick([1, 1, 2, 30])));
};

const insertedWord: Mutation = (bytes, random, target) => {
  const [at] = stretch(bytes, random);
  return replaced(bytes, at, at, random.pick(target.words));
};

const otherWord: Mutation = (bytes, random, target) =>
  replaced(bytes, ...stretch(bytes, random), random.pick(target.words));

const truncated: Mutation = (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1));

const cutOut: Mutation = (bytes, random) => replaced(bytes, ...stretch(bytes, random), '');

const duplicated: Mutation = (bytes, random) => {
  const [from, to] = stretch(bytes, random);
  const at = random.oneIn(2) ? to : random.below(bytes.length + 1);
  return replaced(bytes, at, at, bytes.subarray(from, to));
};

/** Deep nesting and long lists. */
const multiplied: Mutation = (bytes, random, target) => {
  const [from, to] = stretch(bytes, random);
  const room = Math.max(1, Math.floor(target.bytesMax / Math.max(1, to - from)));
  const times = Math.min(room, random.pick([3, 20, 70, 300, 3000]));
  const piece = bytes.toString('latin1', from, to);
  return replaced(bytes, from, to, piece.repeat(times));
};

const swapped: Mutation = (bytes, random) => {
  const [from, to] = stretch(bytes, random);
  const [at] = stretch(bytes, random);
  const moved = bytes.subarray(from, to);
  const rest = replaced(bytes, from, to, '');
  const place = Math.min(at, rest.length);
  return replaced(rest, place, place, moved);
};

const otherLineEnd: Mutation = (bytes, random) => {
  const from = random.below(bytes.length + 1);
  const lf = bytes.indexOf(10, from);
  if (lf < 0) return replaced(bytes, from, from, random.pick(LINE_ENDS));
  return replaced(
    bytes,
    lf > 0 && bytes[lf - 1] === 13 ? lf - 1 : lf,
    lf + 1,
    random.pick(LINE_ENDS),
  );
};

const otherCase: Mutation = (bytes, random) => {
  const [from, to] = stretch(bytes, random);
  const text = bytes.toString('latin1', from, to);
  const turned = random.oneIn(2)
    ? text.toLowerCase()
    : text.replace(/[a-z]/g, (c) => c.toUpperCase());
  return replaced(bytes, from, to, turned);
};

const MUTATIONS: readonly Mutation[] = [
  offByOne,
  otherNumber,
  otherByte,
  flippedBit,
  insertedByte,
  insertedWord,
  otherWord,
  truncated,
  cutOut,
  duplicated,
  multiplied,
  swapped,
  otherLineEnd,
  otherCase,
];

/** Two inputs, the beginning of one and the end of the other. */
export function splice(first: Buffer, second: Buffer, random: Random): Buffer {
  const [, from] = stretch(first, random);
  const [to] = stretch(second, random);
  return Buffer.concat([first.subarray(0, from), second.subarray(to)]);
}

/** Changes an input in a few places. */
export function mutate(input: Buffer, random: Random, target: Target): Buffer {
  let bytes = input;
  const times = random.pick([1, 1, 1, 2, 2, 3, 6]);
  for (let i = 0; i < times; i++) {
    bytes = random.pick(MUTATIONS)(bytes, random, target);
    if (bytes.length > target.bytesMax) bytes = bytes.subarray(0, target.bytesMax);
  }
  return bytes;
}
