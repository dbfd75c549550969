import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandReader, type ReaderLimits, type ReaderResult } from './reader.ts';

type Answer = 'collect' | 'stream' | 'refuse';

/** Pushes the chunks and writes each result as a short text; literals get the answers in turn. */
function run(
  chunks: readonly string[],
  answers: readonly Answer[] = [],
  limits: Partial<ReaderLimits> = {},
): string[] {
  const reader = new CommandReader(limits);
  const left = [...answers];
  const seen: string[] = [];
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk, 'latin1'));
    for (let r = reader.next(); r.kind !== 'need-more'; r = reader.next()) {
      seen.push(describe(r));
      if (r.kind === 'literal') reader[left.shift() ?? 'collect']();
    }
  }
  return seen;
}

function describe(result: ReaderResult): string {
  switch (result.kind) {
    case 'need-more':
    case 'literal-end':
      return result.kind;
    case 'error':
      return `error ${result.error} ${result.tag}`;
    case 'literal':
      return `literal ${result.size}${result.synchronizing ? '' : '+'}${result.binary ? ' binary' : ''} ${result.bytes}`;
    default:
      return `${result.kind} ${result.bytes.toString('latin1')}`;
  }
}

test('whole commands in one chunk are views of it, not copies', () => {
  const reader = new CommandReader();
  const chunk = Buffer.from('a NOOP\r\nb CHECK\nc LOG');
  reader.push(chunk);
  const first = reader.next();
  assert.ok(first.kind === 'command');
  assert.equal(first.bytes.buffer, chunk.buffer);
  assert.equal(first.bytes.toString(), 'a NOOP');
  assert.equal(describe(reader.next()), 'command b CHECK');
  assert.equal(reader.next().kind, 'need-more');
  assert.equal(reader.bufferedBytes, 5);
  assert.equal(reader.betweenCommands, false);
  reader.push(Buffer.from('OUT\r\n'));
  assert.equal(describe(reader.next()), 'command c LOGOUT');
  assert.equal(reader.betweenCommands, true);
});

test('a collected literal stands in the command, whatever its bytes', () => {
  assert.deepEqual(run(['a LOGIN {3}\r\n', 'x\r\n {2+}\r\n{}\r\n']), [
    'literal 3 a LOGIN {3}',
    'literal 2+ a LOGIN {3}\r\nx\r\n {2+}',
    'command a LOGIN {3}\r\nx\r\n {2+}\r\n{}',
  ]);
});

test('a streamed literal comes in pieces, and then the rest of the command', () => {
  assert.deepEqual(
    run(['a APPEND x ~{5+}\r\nab', '\n\nc', ' {1}', '\r\nz\r\nb NOOP\r\n'], ['stream', 'stream']),
    [
      'literal 5+ binary a APPEND x ~{5+}',
      'data ab',
      'data \n\nc',
      'literal-end',
      'literal 1  {1}',
      'data z',
      'literal-end',
      'command ',
      'command b NOOP',
    ],
  );
});

test('an empty literal is streamed without data', () => {
  assert.deepEqual(run(['a APPEND x {0+}\r\n\r\n'], ['stream']), [
    'literal 0+ a APPEND x {0+}',
    'literal-end',
    'command ',
  ]);
});

test('a refused synchronizing literal ends the command', () => {
  assert.deepEqual(run(['a APPEND x {9}\r\nb NOOP\r\n'], ['refuse']), [
    'literal 9 a APPEND x {9}',
    'command b NOOP',
  ]);
});

test('a refused non-synchronizing literal is discarded with the rest of its command', () => {
  const sent = 'a APPEND x {4+}\r\nz Z\n (\\Seen) {3+}\r\n\r\n\r\r\nb NOOP\r\n';
  const expected = ['literal 4+ a APPEND x {4+}', 'command b NOOP'];
  assert.deepEqual(run([sent], ['refuse']), expected);
  assert.deepEqual(run([...sent], ['refuse']), expected);
});

test('a line above the limit is an error at once, and the next command is read', () => {
  const limits = { lineBytesMax: 10 };
  assert.deepEqual(run(['a 12345678', '9', 'more {3+}\r\nb X', '\r\nb NOOP\r\n'], [], limits), [
    'error line-too-long a',
    'command b NOOP',
  ]);
  assert.deepEqual(run(['a 12345678\r\n'], [], limits), ['command a 12345678']);
  assert.deepEqual(run(['a 123 {1}\r\n', 'x23\r\nb NOOP\r\n'], [], limits), [
    'literal 1 a 123 {1}',
    'error line-too-long a',
    'command b NOOP',
  ]);
});

test('collecting above the limit is an error without a go-ahead', () => {
  const reader = new CommandReader({ collectedBytesMax: 5 });
  reader.push(Buffer.from('a X {3}\r\nabc {3}\r\nb NOOP\r\n'));
  reader.next();
  assert.equal(reader.collect(), true);
  reader.next();
  assert.equal(reader.collect(), false);
  assert.equal(describe(reader.next()), 'error literals-too-large a');
  assert.equal(describe(reader.next()), 'command b NOOP');
});

test('too many literals are an error, and all of them are passed over', () => {
  const sent = 'a X {1+}\r\n1 {1+}\r\n2 {1+}\r\n\n {1+}\r\n4\r\nb NOOP\r\n';
  const expected = [
    'literal 1+ a X {1+}',
    'literal 1+ a X {1+}\r\n1 {1+}',
    'error too-many-literals a',
    'command b NOOP',
  ];
  assert.deepEqual(run([sent], [], { literalsMax: 2 }), expected);
});

test('a literal too large for any number cannot be passed over: the reader is dead', () => {
  const reader = new CommandReader();
  reader.push(Buffer.from('a X {99999999999999999999+}\r\nb NOOP\r\n'));
  assert.equal(reader.next().kind, 'literal');
  reader.refuse();
  assert.equal(describe(reader.next()), 'error unreadable-literal a');
  assert.equal(reader.next().kind, 'need-more');
  reader.push(Buffer.from('c NOOP\r\n'));
  assert.equal(reader.next().kind, 'need-more');
  assert.equal(reader.bufferedBytes, 0);
});

test('a raw line knows no literals and has its own limit', () => {
  const reader = new CommandReader();
  reader.push(Buffer.from('DONE {3}\r\na NOOP\r\nlong line\r\nb NOOP\r\n'));
  reader.expectLine(8);
  assert.equal(describe(reader.next()), 'line DONE {3}');
  assert.equal(describe(reader.next()), 'command a NOOP');
  reader.expectLine(8);
  const error = reader.next();
  assert.ok(error.kind === 'error');
  assert.equal(error.text, 'Line too long: at most 8 bytes');
  assert.equal(describe(reader.next()), 'command b NOOP');
});

test('the bytes of an earlier result never change', () => {
  const reader = new CommandReader();
  const results: Buffer[] = [];
  for (const char of 'a NOOP\r\nb CHECK\r\nc CLOSE\r\nd EXPUNGE\r\n'.repeat(100)) {
    reader.push(Buffer.from(char));
    const result = reader.next();
    if (result.kind === 'command') results.push(result.bytes);
  }
  const expected = Array(100).fill(['a NOOP', 'b CHECK', 'c CLOSE', 'd EXPUNGE']).flat();
  assert.deepEqual(results.map(String), expected);
});

test('clear forgets what came in plain text', () => {
  const reader = new CommandReader();
  reader.push(Buffer.from('a STARTTLS\r\nb LOGIN x {3+}\r\nab'));
  reader.next();
  reader.next();
  reader.clear();
  assert.equal(reader.next().kind, 'need-more');
  assert.equal(reader.betweenCommands, true);
});

test('empty lines between commands are passed over, and nowhere else', () => {
  const sent = '\r\n\r\n\na NOOP\r\n\r\nb APPEND x {3+}\r\nabc\r\n\r\nc NOOP\r\n\r\n';
  const expected = [
    'command a NOOP',
    'literal 3+ b APPEND x {3+}',
    'data abc',
    'literal-end',
    'command ',
    'command c NOOP',
  ];
  assert.deepEqual(run([sent], ['stream']), expected);
  const cut = run([...sent], ['stream']).filter((step) => !step.startsWith('data'));
  assert.deepEqual(
    cut,
    expected.filter((step) => !step.startsWith('data')),
  );
  const reader = new CommandReader();
  reader.expectLine(10);
  reader.push(Buffer.from('\r\n'));
  assert.equal(describe(reader.next()), 'line ', 'an empty answer to a challenge');
});
