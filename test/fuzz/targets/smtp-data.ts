import assert from 'node:assert/strict';
import { ChunkDecoder, DotDecoder, DotEncoder, LineEnds } from '../../../src/wire/smtp/index.ts';
import { mailData, SMTP_WORDS } from '../grammar/smtp.ts';
import { inPieces } from '../random.ts';
import { type Target, wire } from '../target.ts';

const END = '\r\n.\r\n';
const ALONE = /\r(?!\n)|(?<!\r)\n/;

interface Decoded {
  readonly message: string;
  readonly rest: string;
  readonly broken: boolean;
}

function decode(pieces: readonly Buffer[]): Decoded {
  const decoder = new DotDecoder();
  const message: string[] = [];
  const rest: string[] = [];
  for (const piece of pieces) {
    if (decoder.ended) {
      rest.push(piece.toString('latin1'));
      continue;
    }
    decoder.push(piece);
    for (let bytes = decoder.next(); bytes !== undefined; bytes = decoder.next()) {
      assert.ok(bytes.length > 0);
      message.push(bytes.toString('latin1'));
    }
    if (decoder.ended) rest.push(decoder.rest().toString('latin1'));
  }
  assert.ok(decoder.ended, 'the end is found');
  return { message: message.join(''), rest: rest.join(''), broken: decoder.broken };
}

/** The same by the letter of RFC 5321 §4.5.2, all at once. */
function expected(stream: string): Decoded {
  const end = `\r\n${stream}`.indexOf(END);
  const raw = stream.slice(0, end);
  const broken = ALONE.test(raw);
  const message = raw.replace(/(^|\r\n)\./g, '$1');
  return { message, rest: stream.slice(end + 3), broken };
}

function checkDecoding(stream: string): boolean {
  const wanted = expected(stream);
  const whole = decode([wire(stream)]);
  const cut = decode(inPieces(wire(stream)));
  for (const found of [whole, cut]) {
    assert.equal(
      found.broken,
      wanted.broken,
      'a CR or LF that stands alone is found, and nothing else',
    );
    assert.equal(found.rest, wanted.rest, 'the end is where it is');
    if (wanted.broken) assert.ok(wanted.message.startsWith(found.message));
    else assert.equal(found.message, wanted.message);
  }
  return wanted.broken;
}

function encode(message: string): string {
  const encoder = new DotEncoder();
  const out: string[] = [];
  for (const piece of inPieces(wire(message)))
    for (const bytes of encoder.encode(piece)) out.push(bytes.toString('latin1'));
  return out.join('') + encoder.end().toString('latin1');
}

/** What is sent comes out again, and nothing in it is taken for the end. */
function checkEncoding(message: string): void {
  const sent = encode(message);
  if (ALONE.test(message)) return;
  const { message: got, rest, broken } = decode([wire(`${sent}QUIT\r\n`)]);
  const ended = message === '' || message.endsWith('\r\n') ? message : `${message}\r\n`;
  assert.deepEqual([got, rest, broken], [ended, 'QUIT\r\n', false]);
}

function checkLineEnds(bytes: Buffer): void {
  const ends = new LineEnds();
  for (const piece of inPieces(bytes)) ends.check(piece);
  assert.equal(ends.finish(), !ALONE.test(bytes.toString('latin1')));
}

function checkChunk(bytes: Buffer): void {
  const size = bytes.length >> 1;
  const decoder = new ChunkDecoder(size);
  const own: Buffer[] = [];
  for (const piece of inPieces(bytes)) own.push(decoder.take(piece));
  assert.ok(decoder.ended);
  assert.deepEqual(Buffer.concat(own), bytes.subarray(0, size));
}

/** Mail data behind DATA and BDAT. */
export const target: Target = {
  name: 'smtp-data',
  seeds: ['a\r\n.\r\nb', '.\r\n', '..\r\n.\r\n', 'a\n.\nb\r\n.\r\n', 'x\r.\r\n.\r\n'],
  words: SMTP_WORDS.slice(0, 12),
  bytesMax: 5000,
  generate: (random) => wire(mailData(random) + random.maybe(() => `.\r\n${mailData(random)}`)),
  run(input) {
    const stream = input.toString('latin1');
    const broken = checkDecoding(stream + END);
    checkEncoding(stream);
    checkLineEnds(input);
    checkChunk(input);
    return `${broken ? 'broken' : 'sound'} ${stream.includes(END)}`;
  },
};
