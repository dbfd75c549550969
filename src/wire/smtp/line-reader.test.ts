import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineReader } from './line-reader.ts';

function readAll(chunks: readonly Buffer[], limit: number): string[] {
  const reader = new LineReader(limit);
  const lines: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let line = reader.next(); line !== undefined; line = reader.next())
      lines.push(typeof line === 'string' ? `!${line}` : line.toString('latin1'));
  }
  return lines;
}

test('lines are the same however the bytes are cut', () => {
  const text = fc
    .array(fc.constantFrom('\r\n', '\n', '\r', 'a', 'NOOP', 'x'.repeat(12)), { maxLength: 30 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(300), { maxLength: 10 }), (input, cuts) => {
      const bytes = Buffer.from(input);
      const at = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])];
      at.sort((a, b) => a - b);
      const chunks = at.slice(1).map((to, index) => bytes.subarray(at[index], to));
      const want = [...input.matchAll(/[^\n]*\n/g)].map(([line]) => {
        if (line.length > 20) return '!line-too-long';
        return line.endsWith('\r\n') ? line.slice(0, -2) : '!bare-lf';
      });
      assert.deepEqual(readAll(chunks, 20), want);
    }),
    { numRuns: 3000 },
  );
});

test('a line within one chunk is a view of it', () => {
  const reader = new LineReader(512);
  const chunk = Buffer.from('NOOP\r\nDATA\r\nbody');
  reader.push(chunk);
  const line = reader.next();
  assert.ok(Buffer.isBuffer(line) && line.buffer === chunk.buffer);
  reader.next();
  assert.equal(reader.takeRest()?.toString(), 'body');
  assert.equal(reader.takeRest(), undefined);
  assert.equal(reader.pending, false);
});

test('an endless line is not kept, and is reported once at its end', () => {
  const reader = new LineReader(100);
  for (let i = 0; i < 1000; i++) {
    reader.push(Buffer.alloc(1000, 'x'));
    assert.equal(reader.next(), undefined);
  }
  assert.equal(reader.pending, true);
  reader.push(Buffer.from('\r\nNOOP\r\n'));
  assert.equal(reader.next(), 'line-too-long');
  assert.equal(reader.next()?.toString(), 'NOOP');
  assert.equal(reader.next(), undefined);
  assert.equal(reader.pending, false);
});

test('clear forgets a line that has begun', () => {
  const reader = new LineReader(100);
  reader.push(Buffer.from('NOOP\r\nMAIL FR'));
  reader.next();
  assert.equal(reader.next(), undefined);
  reader.clear();
  reader.push(Buffer.from('RSET\r\n'));
  assert.equal(reader.next()?.toString(), 'RSET');
});
