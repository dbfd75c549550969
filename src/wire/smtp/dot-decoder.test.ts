import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DotDecoder } from './dot-decoder.ts';
import { DotEncoder } from './dot-encoder.ts';

interface Decoded {
  readonly data: string;
  readonly ended: boolean;
  readonly broken: boolean;
  readonly rest: string;
}

function decode(chunks: readonly Buffer[]): Decoded {
  const decoder = new DotDecoder();
  let data = '';
  for (const [index, chunk] of chunks.entries()) {
    decoder.push(chunk);
    for (let piece = decoder.next(); piece !== undefined; piece = decoder.next()) {
      assert.ok(piece.length > 0);
      assert.equal(piece.buffer, chunk.buffer, 'a piece is a view of its chunk');
      data += piece.toString('latin1');
    }
    if (!decoder.ended) {
      assert.equal(decoder.rest().length, 0, 'all bytes are used up');
      continue;
    }
    const rest = Buffer.concat([decoder.rest(), ...chunks.slice(index + 1)]).toString('latin1');
    return { data, ended: true, broken: decoder.broken, rest };
  }
  return { data, ended: false, broken: decoder.broken, rest: '' };
}

/** What the rules say, written down as plainly as possible. */
function expected(input: string): Decoded {
  const end = input.startsWith('.\r\n') ? 0 : input.indexOf('\r\n.\r\n') + 2;
  const ended = end !== 1;
  const body = ended ? input.slice(0, end) : input;
  const broken = /\r(?!\n|$)|(?<!\r)\n/.test(body) || (ended && body.endsWith('\r'));
  const rest = ended ? input.slice(end + 3) : '';
  // A dot that may become the end of data is held back with its CR.
  if (!ended) return { data: unstuff(body.replace(/(^|\r\n)\.\r$/, '$1')), ended, broken, rest };
  return { data: unstuff(body), ended, broken, rest };
}

function unstuff(text: string): string {
  return text.replace(/(^|\r\n)\./g, '$1');
}

function split(input: string, cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(input, 'latin1');
  const at = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])];
  at.sort((a, b) => a - b);
  return at.slice(1).map((to, index) => bytes.subarray(at[index], to));
}

const tokens = fc
  .array(
    fc.constantFrom('\r\n', '\r', '\n', '.', '..', 'a', 'line', '\r\n.', '\r\n.\r\n', '\n.\n'),
    {
      maxLength: 30,
    },
  )
  .map((parts) => parts.join(''));
const cleanTokens = fc
  .array(fc.constantFrom('\r\n', '.', '..', 'a', 'line', '\r\n.', '\0', '\xff'), { maxLength: 30 })
  .map((parts) => parts.join(''));
const cuts = fc.array(fc.nat(200), { maxLength: 12 });

test('decodes as the rules say, however the bytes are cut', () => {
  fc.assert(
    fc.property(tokens, cuts, (input, at) => {
      const want = expected(input);
      const got = decode(split(input, at));
      assert.equal(got.ended, want.ended);
      assert.equal(got.rest, want.rest);
      assert.equal(got.broken, want.broken);
      if (!want.broken) assert.equal(got.data, want.data);
    }),
    { numRuns: 5000 },
  );
});

test('decodes byte by byte like in one piece', () => {
  for (const input of ['..a\r\n.b\r\n.\r\nrest', '.a\r\n.\r.\r\n\n.\nb\r\n.\r\nrest']) {
    const whole = decode([Buffer.from(input)]);
    assert.equal(whole.rest, 'rest');
    const bytes = decode([...Buffer.from(input)].map((byte) => Buffer.of(byte)));
    if (!whole.broken) assert.equal(bytes.data, '.a\r\nb\r\n');
    assert.deepEqual({ ...bytes, data: '' }, { ...whole, data: '' });
  }
});

test('decoding undoes encoding', () => {
  fc.assert(
    fc.property(cleanTokens, cuts, cuts, (message, encodeAt, decodeAt) => {
      const encoder = new DotEncoder();
      let sent = '';
      for (const chunk of split(message, encodeAt))
        for (const piece of encoder.encode(chunk)) sent += piece.toString('latin1');
      sent += encoder.end().toString('latin1');
      const got = decode(split(`${sent}QUIT\r\n`, decodeAt));
      const whole = message === '' || message.endsWith('\r\n') ? message : `${message}\r\n`;
      assert.deepEqual(got, { data: whole, ended: true, broken: false, rest: 'QUIT\r\n' });
    }),
    { numRuns: 3000 },
  );
});

test('random bytes never throw, and every byte is used up', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (chunks) => {
      decode(chunks.map((chunk) => Buffer.from(chunk)));
    }),
    { numRuns: 2000 },
  );
});

test('nothing but CRLF.CRLF ends the data', () => {
  for (const fake of [
    '\n.\n',
    '\r\n.\n',
    '\n.\r\n',
    '\r.\r',
    '\r\n.\r',
    '\r.\r\n',
    '\r\n\0.\r\n',
    '\r\n.\0\r\n',
    '\r\r\n.\n',
    '\n\n.\r\n',
    '\r\n.\r\r\n',
  ]) {
    const got = decode([Buffer.from(`body${fake}MAIL FROM:<a@b>\r\n.\r\nrest`)]);
    assert.equal(got.ended, true, JSON.stringify(fake));
    assert.equal(got.rest, 'rest', JSON.stringify(fake));
    assert.equal(got.broken, !fake.includes('\0'), JSON.stringify(fake));
  }
});
