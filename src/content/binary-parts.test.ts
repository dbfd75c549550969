import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { applyEdits, hasBinaryLabel, type PieceReader, planEncoding } from './binary-parts.ts';
import { decodeTransfer, leafParts, type Part, parseMessage } from './index.ts';
import { mimeTrees } from './mime-trees.conformance.ts';
import { checkProperties } from './soundness.conformance.ts';

/** Reads in pieces of the given sizes in turn. */
function reader(bytes: Buffer, sizes: readonly number[] = [1 << 20]): PieceReader {
  let turn = 0;
  return async (start, end) => {
    assert.ok(start < end && end <= bytes.length, `bytes ${start} to ${end} are there`);
    return bytes.subarray(start, Math.min(end, start + sizes[turn++ % sizes.length]!));
  };
}

async function encoded(bytes: Buffer, sizes?: readonly number[]): Promise<Buffer> {
  const edits = await planEncoding(parseMessage(bytes).structure, reader(bytes, sizes));
  const pieces = applyEdits(bytes.length, edits, reader(bytes, sizes));
  return Buffer.concat(await Array.fromAsync(pieces));
}

async function encodedText(...lines: string[]): Promise<string> {
  return (await encoded(Buffer.from(lines.join('\r\n'), 'latin1'))).toString('latin1');
}

function decoded(bytes: Buffer, part: Part): string {
  const body = bytes.subarray(part.bodyStart, part.bodyEnd);
  return (decodeTransfer(body, part.encoding) ?? body).toString('latin1');
}

function leavesOf(bytes: Buffer): string[] {
  return [...leafParts(parseMessage(bytes).structure)].map((part) => decoded(bytes, part));
}

const CTE = 'Content-Transfer-Encoding';

describe('what is encoded', () => {
  test('a part with NUL', async () => {
    for (const body of ['\0', 'a\0b\r\n', '\r\n\0\r', `${'x'.repeat(999)}\xff\0`]) {
      const bytes = Buffer.from(`${CTE}: binary\r\n\r\n${body}`, 'latin1');
      for (const sizes of [[1], [2, 3], [1 << 20]]) {
        const out = await encoded(bytes, sizes);
        const base64 = Buffer.from(body, 'latin1')
          .toString('base64')
          .replace(/.{76}(?=.)/g, '$&\r\n');
        assert.equal(out.toString('latin1'), `${CTE}: base64\r\n\r\n${base64}\r\n`);
        assert.deepEqual(leavesOf(out), [body]);
      }
    }
  });

  test('nothing else: what has no NUL stays as it is, with its label', async () => {
    for (const body of ['', 'text\r\n', '\xff\xfe\r\n', 'a\rb\nc\r', 'x'.repeat(5000)]) {
      const bytes = Buffer.from(`${CTE}: binary\r\n\r\n${body}`, 'latin1');
      for (const sizes of [[1], [1000, 1], [1 << 20]])
        assert.ok((await encoded(bytes, sizes)).equals(bytes));
    }
  });

  test('not what is labelled otherwise, whatever it holds', async () => {
    for (const head of ['', `${CTE}: 8bit\r\n`, `${CTE}: \r\n${CTE}: binary\r\n`]) {
      const bytes = Buffer.from(`${head}\r\na\0\r`, 'latin1');
      assert.equal(hasBinaryLabel(parseMessage(bytes).structure), false);
      assert.ok((await encoded(bytes)).equals(bytes));
    }
  });
});

describe('labels', () => {
  test('of what is encoded say so; those around it and beside it stay', async () => {
    const written = (label: string, body: string): string[] => [
      'Content-Type: multipart/mixed; boundary=b',
      `${CTE}: binary`,
      '',
      '--b',
      `${CTE}: binary`,
      '',
      'text',
      '--b',
      'Content-Type: message/rfc822',
      `${CTE}: binary`,
      '',
      `${CTE}: ${label}`,
      '',
      body,
      '--b--',
      '',
    ];
    const expected = written('base64', 'AP4=').join('\r\n');
    assert.equal(await encodedText(...written('binary', '\0\xfe')), expected);
  });

  test('only the word changes: comments, case, folding, line ends stay', async () => {
    const out = await encodedText(`cOnTeNt-TrAnSfEr-EnCoDiNg :\r\n\t(a (b)) BINARY (c)\n\n\0`);
    assert.equal(out, 'cOnTeNt-TrAnSfEr-EnCoDiNg :\r\n\t(a (b)) base64 (c)\n\nAA==\r\n');
  });

  test('of fields that are there twice both get it', async () => {
    const out = await encodedText(`${CTE}: binary`, 'X: y', `${CTE}: 8bit; x`, `${CTE}:`, '', '\0');
    assert.equal(out, `${CTE}: base64\r\nX: y\r\n${CTE}: base64; x\r\n${CTE}:\r\n\r\nAA==\r\n`);
  });
});

describe('malformed messages', () => {
  test('no closing delimiter, no boundary: what is a leaf then is encoded', async () => {
    for (const text of [
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${CTE}: binary\r\n\r\n\0`,
      `Content-Type: multipart/mixed\r\n${CTE}: binary\r\n\r\nno \0 boundary`,
    ]) {
      const bytes = Buffer.from(text, 'latin1');
      const out = await encoded(bytes);
      assert.ok(!out.includes(0), text);
      checkProperties(out, parseMessage(out));
      assert.deepEqual(leavesOf(out), leavesOf(bytes), text);
    }
  });

  test('what has no body, or cannot be taken apart, stays as it is (RFC 2045 §6.4)', async () => {
    const message = `Content-Type: message/rfc822\r\n${CTE}: binary\r\n\r\n`;
    const multipart = `Content-Type: multipart/mixed; boundary=b\r\n${CTE}: binary\r\n\r\n`;
    for (const text of [
      `${CTE}: binary\r\nX: \0`,
      `${multipart}no \0 parts`,
      `${message.repeat(60)}\0`,
      `${message.repeat(49)}${multipart}--b\r\n\r\n\0`,
      // The delimiter within closes what is around it.
      `${multipart}--b\r\n${multipart}\0\r\n--b--\r\n--b--\r\n`,
    ]) {
      const bytes = Buffer.from(text, 'latin1');
      assert.ok((await encoded(bytes)).equals(bytes), text.slice(-200));
    }
  });

  test('anything: it never fails, each leaf keeps its bytes, a second time nothing is left to do', async () => {
    const PIECES = [
      `${CTE}: binary\r\n`,
      `${CTE}: BINARY (c)\n`,
      `${CTE}: \r\n`,
      `${CTE}: 8bit\r\n`,
      'Content-Type: multipart/mixed; boundary=b\r\n',
      'Content-Type: multipart/signed; boundary=c\r\n',
      'Content-Type: multipart/digest; boundary=c\r\n',
      'Content-Type: message/rfc822\r\n',
      '\r\n',
      '\n',
      '\r',
      '\r\r\n',
      '--b\r\n',
      '--c\n',
      '\r\n--b--\r\n',
      `\r\n--b\r\n${CTE}: binary\r\n`,
      `--c\r\n${CTE}: binary\n\n`,
      'text',
      '\0\xff\xfe',
      'x'.repeat(998),
    ];
    const start = fc.constantFrom('', ...PIECES.slice(0, 8));
    const rest = fc.array(fc.constantFrom(...PIECES), { maxLength: 40, size: 'max' });
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 });
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(start, rest, sizes, async (first, pieces, sizes) => {
        const bytes = Buffer.from(first + pieces.join(''), 'latin1');
        const out = await encoded(bytes, sizes);
        checkProperties(out, parseMessage(out));
        assert.deepEqual(leavesOf(out), leavesOf(bytes));
        assert.ok((await encoded(out)).equals(out));
        if (!out.equals(bytes)) changed++;
      }),
      { numRuns: 3000 },
    );
    assert.ok(changed > 300, `${changed} of 3000 were changed`);
  });
});

/** Everything but the bodies of leaves and the words of the labels. */
function frame(bytes: Buffer, root: Part): string {
  let out = '';
  let at = 0;
  for (const { bodyStart, bodyEnd } of leafParts(root)) {
    out += bytes.toString('latin1', at, bodyStart);
    at = bodyEnd;
  }
  return out.replace(/(Content-Transfer-Encoding: )(?:base64|binary|7bit|8bit)/gi, '$1*');
}

test('trees with binary leaves: no NUL is left, each leaf decodes to its bytes, the rest is untouched', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 4 });
  let changed = 0;
  await fc.assert(
    fc.asyncProperty(mimeTrees, sizes, async (text, sizes) => {
      const bytes = Buffer.from(text, 'latin1');
      const out = await encoded(bytes, sizes);
      assert.ok(!out.includes(0));
      assert.deepEqual(leavesOf(out), leavesOf(bytes));
      const [before, after] = [parseMessage(bytes).structure, parseMessage(out).structure];
      assert.equal(frame(out, after), frame(bytes, before));
      const were = [...leafParts(before)];
      [...leafParts(after)].forEach(({ encoding }, index) => {
        assert.equal(encoding === 'base64', decoded(bytes, were[index]!).includes('\0'));
      });
      if (!out.equals(bytes)) changed++;
    }),
    { numRuns: 1500 },
  );
  assert.ok(changed > 300, `${changed} of 1500 were changed`);
});
