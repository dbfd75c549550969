import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkDecoder } from './chunk-decoder.ts';
import { LineEnds } from './line-ends.ts';
import { formatReply, ReplyReader, type SmtpReply } from './reply.ts';
import { decodeUtf8Address, decodeXtext, encodeUtf8Address, encodeXtext } from './xtext.ts';

test('replies are formatted on one line and on several', () => {
  assert.equal(formatReply(250, '2.0.0', 'Ok'), '250 2.0.0 Ok\r\n');
  assert.equal(formatReply(220, undefined, 'hi'), '220 hi\r\n');
  assert.equal(formatReply(250, undefined, ['a', 'b']), '250-a\r\n250 b\r\n');
  assert.equal(formatReply(250, '2.1.0', ['a', 'b']), '250-2.1.0 a\r\n250 2.1.0 b\r\n');
});

test('replies are read back, however they are cut', () => {
  const reply = fc.record({
    code: fc.integer({ min: 200, max: 599 }),
    enhanced: fc.constantFrom(undefined, '2.0.0', '5.7.11'),
    lines: fc.array(fc.constantFrom('', 'Ok', 'a - b', '250 x'), { minLength: 1, maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 4 }), fc.array(fc.nat(200)), (replies, cuts) => {
      const wire = replies.map((one) => formatReply(one.code, one.enhanced, one.lines)).join('');
      const at = [...new Set([0, ...cuts.map((cut) => cut % (wire.length + 1)), wire.length])];
      at.sort((a, b) => a - b);
      const reader = new ReplyReader();
      const got: SmtpReply[] = [];
      for (const [index, to] of at.slice(1).entries()) {
        reader.push(Buffer.from(wire.slice(at[index], to)));
        for (let next = reader.next(); next !== undefined; next = reader.next()) got.push(next);
      }
      assert.equal(reader.broken, false);
      assert.deepEqual(
        got.map(({ code, enhanced }) => ({ code, enhanced })),
        replies.map(({ code, enhanced }) => ({ code, enhanced })),
      );
      assert.deepEqual(
        got.map(({ lines }) => lines),
        replies.map(({ enhanced, lines }) =>
          lines.map((line) => (enhanced === undefined ? line : `${enhanced} ${line}`)),
        ),
      );
    }),
  );
});

test('what is no reply breaks the reader and stays broken', () => {
  for (const bad of ['hello\r\n', '600 x\r\n', '250-a\r\n251 b\r\n', '25\r\n', 'x'.repeat(9000)]) {
    const reader = new ReplyReader();
    reader.push(Buffer.from(bad));
    assert.equal(reader.next(), undefined);
    assert.equal(reader.broken, true, bad.slice(0, 10));
    reader.push(Buffer.from('250 ok\r\n'));
    assert.equal(reader.next(), undefined);
  }
  const endless = new ReplyReader();
  endless.push(Buffer.from('250-x\r\n'.repeat(1100)));
  assert.equal(endless.next(), undefined);
  assert.equal(endless.broken, true);
});

test('xtext round trip; what is none is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      const wire = Buffer.from(bytes).toString('latin1');
      assert.equal(decodeXtext(encodeXtext(wire)), wire);
    }),
  );
  for (const bad of ['a b', 'a=b', '+', '+1', '+GG', 'ü'])
    assert.equal(decodeXtext(bad), undefined);
});

test('utf-8-addr-xtext round trip', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (text) => {
      const encoded = encodeUtf8Address(text);
      assert.match(encoded, /^[\x21-\x7e]+$/);
      assert.equal(decodeUtf8Address(encoded), text);
    }),
  );
});

test('a BDAT chunk takes exactly its bytes', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.array(fc.nat(30), { maxLength: 20 }), (size, pieces) => {
      const decoder = new ChunkDecoder(size);
      let taken = 0;
      let sent = 0;
      for (const length of pieces) {
        sent += length;
        taken += decoder.take(Buffer.alloc(length)).length;
      }
      assert.equal(taken, Math.min(size, sent));
      assert.equal(decoder.ended, sent >= size);
    }),
  );
});

test('line ends are checked across pieces', () => {
  const text = fc
    .array(fc.constantFrom('\r\n', '\r\n', 'a', 'bc', '\r', '\n'), { maxLength: 12 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(20)), (input, cuts) => {
      const at = [...new Set([0, ...cuts.map((cut) => cut % (input.length + 1)), input.length])];
      at.sort((a, b) => a - b);
      const ends = new LineEnds();
      for (const [index, to] of at.slice(1).entries())
        ends.check(Buffer.from(input.slice(at[index], to)));
      assert.equal(ends.finish(), !/\r(?!\n)|(?<!\r)\n/.test(input));
      assert.equal(ends.broken, /\r(?!\n)|(?<!\r)\n/.test(input));
    }),
    { numRuns: 3000 },
  );
});
