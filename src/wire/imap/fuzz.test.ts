import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAppendLiteral, parseAppendNext } from './append.ts';
import { parseCommand } from './commands.ts';
import { CommandReader, type ReaderResult } from './reader.ts';
import { ResponseReader } from './response-reader.ts';

const OPTIONS = { utf8Names: false };
const LIMITS = { lineBytesMax: 400, collectedBytesMax: 60, literalsMax: 4 };

const COMMANDS = [
  'a NOOP\r\n',
  'b LOGIN {3}\r\njoe "x y"\n',
  'c UID FETCH 1:*,$ (FLAGS BODY.PEEK[1.HEADER.FIELDS (Date)]<0.9>) (CHANGEDSINCE 4 VANISHED)\r\n',
  'd SEARCH RETURN (MIN) OR FROM {2+}\r\n\r\n NOT (SEEN 1:3)\r\n',
  'd2 UID SORT RETURN (PARTIAL -1:-9 UPDATE) (REVERSE DATE CC) {5+}\r\nutf-8 OR 1 ALL\r\n',
  'd3 THREAD REFERENCES UTF-8 SUBJECT {1+}\r\nx\r\n',
  'd4 ESEARCH IN (mailboxes (a {1+}\r\nb) subtree c selected) RETURN () ALL\r\n',
  'd5 CANCELUPDATE "a" "b"\r\n',
  'd7 GETMETADATA (DEPTH infinity) {5+}\r\nINBOX (/shared {9+}\r\n/shared/a MAXSIZE 3)\r\n',
  'd8 SETMETADATA "" (/private/a ~{3+}\r\n\0\r\n /private/b NIL)\r\n',
  'd6 SETQUOTA {3+}\r\na b (STORAGE 12 MESSAGE 3)\r\n',
  'e APPEND x (\\Seen) {5+}\r\n{1}\r\n {3+}\r\nabc\r\n',
  'r APPEND x CATENATE (URL y TEXT {5+}\r\n{1}\r\n URL {3+}\r\nabc)\r\n',
  's UID REPLACE 4 x (\\Seen) {5+}\r\n{1}\r\n\r\n',
  'f APPEND x UTF8 (~{4+}\r\n\0\r\n))\r\n',
  'g LIST (SUBSCRIBED) "" (a "b%") RETURN (STATUS (MESSAGES))\r\n',
  'h STORE 1 (UNCHANGEDSINCE 3) +FLAGS.SILENT (\\Seen k)\r\n',
  'i SELECT &AOQ- (QRESYNC (1 2 3:4 (1 3)))\r\n',
  'a1 SETACL {1+}\r\nx -anyone +lrc\r\n',
  'a2 LISTRIGHTS x {2+}\r\n\r\n\r\n',
  'j CREATE x (USE (\\Sent))\r\n',
  `k APPEND x {70+}\r\n${'z'.repeat(70)}\r\n`,
  `l ${'y'.repeat(500)}{3+}\r\nabc\r\n`,
  `p ${'y'.repeat(398)}\r\n`,
  `q ${'y'.repeat(399)}\r\n`,
  'm AUTHENTICATE PLAIN AGEAYg==\r\n',
  'n ID ("a" "b" "c" NIL)\r\n',
  'o X {1+}\r\n1{1+}\r\n2{1+}\r\n3{1+}\r\n4{1+}\r\n5\r\n',
] as const;

/** What a session would see: results with adjoining data joined, commands parsed. */
class Session {
  readonly seen: unknown[] = [];
  readonly #reader = new CommandReader(LIMITS);
  #data = '';

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    // Each turn consumes a byte, changes the state or ends: a bound of a few turns a byte shows progress.
    const bound = 4 * this.#reader.bufferedBytes + 8;
    for (let turns = 0; ; turns++) {
      assert.ok(turns <= bound, 'no progress');
      const result = this.#reader.next();
      if (result.kind === 'need-more') return;
      this.#take(result);
    }
  }

  #take(result: ReaderResult): void {
    if (result.kind === 'data') {
      assert.ok(result.bytes.length > 0);
      this.#data += result.bytes.toString('latin1');
      return;
    }
    if (result.kind === 'literal-end') {
      this.seen.push(['data', this.#data]);
      this.#data = '';
    } else if (result.kind === 'literal') this.#answer(result);
    else if (result.kind === 'command') {
      const next = parseAppendNext(result.bytes, OPTIONS, {
        name: 'APPEND',
        place: 'message',
        tag: 'a',
      });
      this.seen.push([parseCommand(result.bytes, OPTIONS), next]);
    } else this.seen.push(result);
  }

  #answer(literal: Extract<ReaderResult, { kind: 'literal' }>): void {
    const kind = parseAppendLiteral(literal.bytes, OPTIONS);
    this.seen.push(['literal', literal.size, literal.bytes.toString('latin1'), kind]);
    if (!kind.ok) this.#reader.refuse();
    else if (kind.kind === 'message') this.#reader.stream();
    else this.#reader.collect();
  }
}

function inPieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length].map((end, i) => bytes.subarray(at[i - 1] ?? 0, end));
}

function sessionOf(chunks: readonly Buffer[]): Session {
  const session = new Session();
  for (const chunk of chunks) session.push(chunk);
  return session;
}

const cuts = fc.array(fc.nat({ max: 5000 }), { maxLength: 40 });

test('property: commands come out the same however the stream is cut', () => {
  const script = fc.array(fc.constantFrom(...COMMANDS), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(script, cuts, (commands, at) => {
      const bytes = Buffer.from(commands.join(''), 'latin1');
      const whole = sessionOf([bytes]).seen;
      assert.deepEqual(sessionOf(inPieces(bytes, at)).seen, whole);
    }),
    { numRuns: 300 },
  );
});

test('commands come out the same byte by byte, and each is one whole', () => {
  for (const command of COMMANDS) {
    const bytes = Buffer.from(command, 'latin1');
    const whole = sessionOf([bytes]).seen;
    assert.deepEqual(sessionOf([...bytes].map((byte) => Buffer.of(byte))).seen, whole, command);
    const after = sessionOf([bytes, Buffer.from('z NOOP\r\n')]).seen.at(-1) as [unknown];
    assert.deepEqual(
      after[0],
      { ok: true, command: { tag: 'z', body: { name: 'NOOP' } } },
      command,
    );
  }
});

const BYTES = 'a{}+~"\\()[]<>*$%,:.-= \r\n\0\x80\xff0123456789&/ABCNILFETCHSEARCH';
const garbage = fc
  .array(fc.oneof(fc.constantFrom(...BYTES), fc.constantFrom(...COMMANDS)), { maxLength: 120 })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

test('property: no bytes make the reader or the parsers throw or stand still', () => {
  fc.assert(
    fc.property(garbage, cuts, (bytes, at) => {
      sessionOf(inPieces(bytes, at));
      const result = parseCommand(bytes, OPTIONS);
      if (!result.ok) assert.match(result.text, /^[\x20-\x7e]{1,600}$/);
    }),
    { numRuns: 500 },
  );
});

test('property: a command with some bytes changed is answered, never thrown at', () => {
  const change = fc.tuple(fc.nat({ max: 200 }), fc.constantFrom(...BYTES));
  fc.assert(
    fc.property(
      fc.constantFrom(...COMMANDS),
      fc.array(change, { maxLength: 4 }),
      (command, changes) => {
        const bytes = Buffer.from(command.trimEnd(), 'latin1');
        for (const [at, char] of changes) bytes[at % bytes.length] = char.charCodeAt(0);
        const result = parseCommand(bytes, { utf8Names: true });
        if (!result.ok) assert.match(result.text, /^[\x20-\x7e]{1,600}$/);
      },
    ),
    { numRuns: 1000 },
  );
});

test('property: no bytes make the response reader throw or stand still', () => {
  const responses = fc.constantFrom(
    '* 1 FETCH (',
    'BODY[] {3}\r\n',
    '* LIST () "/" ',
    '* OK [',
    '* ESEARCH ',
    '* ESEARCH (TAG "a") ADDTO (0 1:2 ',
    '* THREAD (1 (2)(',
    '* SORT 1 2 ',
    '* VANISHED ',
    '* STATUS x (',
  );
  const bytes = fc
    .array(fc.oneof(fc.constantFrom(...BYTES), responses), { maxLength: 120 })
    .map((parts) => Buffer.from(parts.join(''), 'latin1'));
  const read = (chunks: readonly Buffer[]): unknown[] => {
    const reader = new ResponseReader(OPTIONS, LIMITS);
    const seen: unknown[] = [];
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let next = reader.next(); next !== undefined; next = reader.next()) {
        seen.push(next);
        assert.ok(seen.length < 5000, 'no progress');
      }
    }
    return seen;
  };
  fc.assert(
    fc.property(bytes, cuts, (stream, at) => {
      assert.deepEqual(read(inPieces(stream, at)), read([stream]));
    }),
    { numRuns: 500 },
  );
});
