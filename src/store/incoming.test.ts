import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { decodeTransfer, encodeStructure, leafParts, parseMessage } from '#content';
import { TestClock } from '#kernel';
import type { Content } from '#model';
import type { Blobs } from '#storage';
import { BLOB_DIRECTORY } from '#storage/sqlite';
import { mimeTrees } from '../content/mime-trees.conformance.ts';
import { freshDirectory, openIn } from '../storage/fresh.conformance.ts';
import { Incoming } from './incoming.ts';

const THRESHOLD = 256 * 1024;

interface Place {
  readonly blobs: Blobs;
  /** Every file under the blobs' directory, finished or not. */
  files(): string[];
}

async function setUp(t: TestContext): Promise<Place> {
  const dir = freshDirectory(t, () => engine[Symbol.asyncDispose]());
  const engine = await openIn(dir, new TestClock());
  const files = (): string[] => {
    try {
      return readdirSync(join(dir, BLOB_DIRECTORY), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name);
    } catch {
      return [];
    }
  };
  return { blobs: engine.blobs, files };
}

/** Writes a message in pieces that end at the cuts. */
async function collect(
  blobs: Blobs,
  message: Buffer,
  cuts: readonly number[] = [],
  prefix = '',
): Promise<Content> {
  await using incoming = new Incoming(blobs, prefix);
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b).concat(message.length)) {
    // A copy: what was handed over does not change, whatever happens to the source.
    await incoming.write(Buffer.from(message.subarray(at, cut)));
    at = cut;
    assert.equal(incoming.sizeBytes, prefix.length + cut);
  }
  return await incoming.finish();
}

async function bytesOf(blobs: Blobs, content: Content): Promise<Buffer> {
  const { head, body } = content;
  if (body.kind === 'bytes') return Buffer.concat([head, body.bytes]);
  return Buffer.concat([head, await blobs.read(body.blob, 0, body.sizeBytes)]);
}

/** The content must be the message, byte for byte, with the properties that reading it at once gives. */
async function verify(blobs: Blobs, content: Content, message: Buffer): Promise<void> {
  const whole = await bytesOf(blobs, content);
  assert.ok(whole.equals(message), 'the bytes are the same');
  assert.equal(content.sizeBytes, message.length);
  assert.ok(
    createHash('sha256').update(message).digest().equals(content.hash),
    'the hash is right',
  );
  const expected = parseMessage(message);
  assert.equal(content.head.length, expected.headBytes);
  assert.equal(content.envelope, expected.envelope);
  assert.equal(content.bodyStructure, expected.bodyStructure);
  assert.equal(content.bodyShort, expected.body);
  assert.equal(content.structure, encodeStructure(expected.structure));
  assert.equal(content.preview, expected.preview);
  assert.equal(content.messageId, expected.messageId);
  assert.equal(content.sentAtMs, expected.sentAtMs);
}

const PIECES = [
  'Subject: a\r\n',
  'Subject: b\n',
  ' folded\r\n',
  'Message-ID: <x@y>\r\n',
  'Content-Type: multipart/mixed; boundary=b\r\n',
  'Content-Type: text/html\r\n',
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
  '--b\r\n',
  '--b--\r\n',
  'text',
  '\0\xff\xfe',
  ': no name\r\n',
];
const anything = fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((all) => all.join(''));

describe('Incoming', () => {
  test('any bytes in any pieces come out as they went in, small', async (t) => {
    const { blobs, files } = await setUp(t);
    const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(anything, cuts, anything, async (text, seeds, prefix) => {
        const message = Buffer.from(text, 'latin1');
        const at = seeds.map((seed) => seed % (message.length + 1));
        const content = await collect(blobs, message, at, prefix);
        assert.equal(content.body.kind, 'bytes');
        await verify(blobs, content, Buffer.concat([Buffer.from(prefix, 'latin1'), message]));
      }),
      { numRuns: 300 },
    );
    assert.deepEqual(files(), []);
  });

  test('any bytes in any pieces come out as they went in, large', async (t) => {
    const { blobs } = await setUp(t);
    const cuts = fc.array(fc.nat(), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(anything, fc.nat({ max: 4 }), anything, cuts, async (a, more, b, seeds) => {
        const pad = 'x'.repeat(70) + (more % 2 === 0 ? '\r\n' : '');
        const padding = pad.repeat(Math.ceil((THRESHOLD - 50 + more * 40) / pad.length));
        const message = Buffer.from(a + padding + b, 'latin1');
        // Cuts gather where the line ends of the pieces are, and anywhere.
        const at = seeds.map((seed, index) =>
          index % 2 === 0 ? seed % (message.length + 1) : Math.min(seed % 300, message.length),
        );
        const content = await collect(blobs, message, at);
        assert.equal(content.body.kind, message.length >= THRESHOLD ? 'blob' : 'bytes');
        await verify(blobs, content, message);
      }),
      { numRuns: 60 },
    );
  });

  test('goes to a blob at the threshold, not a byte before', async (t) => {
    const { blobs, files } = await setUp(t);
    for (const size of [THRESHOLD - 1, THRESHOLD, THRESHOLD + 1]) {
      const message = Buffer.alloc(size, 'Subject: x\r\n\r\nline\r\n');
      const before = files().length;
      const content = await collect(blobs, message, [1000, THRESHOLD - 1]);
      assert.equal(content.body.kind, size >= THRESHOLD ? 'blob' : 'bytes');
      assert.equal(files().length - before, size >= THRESHOLD ? 1 : 0);
      await verify(blobs, content, message);
    }
  });

  test('every cut in and around the end of a large head', async (t) => {
    const { blobs } = await setUp(t);
    const head = `Subject: x\r\n${'X-Filler: y\r\n'.repeat(30_000)}\r\n`;
    const message = Buffer.from(`${head}body\r\n`, 'latin1');
    assert.ok(head.length > THRESHOLD);
    for (let cut = head.length - 4; cut <= head.length + 2; cut++) {
      const content = await collect(blobs, message, [100, cut]);
      assert.equal(content.head.length, head.length);
      assert.equal(content.body.kind, 'blob');
      await verify(blobs, content, message);
    }
  });

  test('a large message without body, or without the end of its head, is all head', async (t) => {
    const { blobs } = await setUp(t);
    const fields = 'X-Filler: y\r\n'.repeat(30_000);
    for (const text of [`${fields}\r\n`, fields, `${fields}\r`, `${fields}no line end`]) {
      const message = Buffer.from(text, 'latin1');
      const content = await collect(blobs, message, [50_000, message.length - 1]);
      assert.equal(content.head.length, message.length);
      await verify(blobs, content, message);
    }
  });

  test('nothing at all is a message of no bytes', async (t) => {
    const { blobs } = await setUp(t);
    const content = await collect(blobs, Buffer.alloc(0));
    assert.equal(content.sizeBytes, 0);
    await verify(blobs, content, Buffer.alloc(0));
  });

  test('dispose without finish leaves no file, whenever it comes', async (t) => {
    const { blobs, files } = await setUp(t);
    for (const bytes of [0, 100, THRESHOLD - 1, THRESHOLD, 3 * THRESHOLD]) {
      const incoming = new Incoming(blobs, 'Received: x\r\n');
      for (let at = 0; at < bytes; at += 50_000)
        await incoming.write(Buffer.alloc(Math.min(50_000, bytes - at), 'x\r\n'));
      await incoming[Symbol.asyncDispose]();
      await incoming[Symbol.asyncDispose]();
      assert.deepEqual(files(), [], `${bytes} bytes`);
    }
    // While a write is still on its way to the file.
    const hasty = new Incoming(blobs, '');
    const writing = hasty.write(Buffer.alloc(2 * THRESHOLD));
    assert.ok(writing instanceof Promise);
    await hasty[Symbol.asyncDispose]();
    await writing;
    assert.deepEqual(files(), []);
  });

  test('what was finished is discarded with its file; nothing else is', async (t) => {
    const { blobs, files } = await setUp(t);
    const kept = await collect(blobs, Buffer.alloc(THRESHOLD + 100, 'Kept: x\r\n\r\n'));
    for (const sizeBytes of [100, THRESHOLD + 100]) {
      await using incoming = new Incoming(blobs, '');
      await incoming.write(Buffer.alloc(sizeBytes, 'Subject: x\r\n\r\n'));
      await incoming.finish();
      await incoming.discard();
    }
    assert.ok(kept.body.kind === 'blob');
    assert.deepEqual(files(), [kept.body.blob]);
  });

  test('a failing disk is told by write, and again by finish', async () => {
    const blobs = {
      thresholdBytes: 10,
      create: () => Promise.reject(new Error('no space')),
    } as unknown as Blobs;
    const incoming = new Incoming(blobs, '');
    await assert.rejects(async () => incoming.write(Buffer.alloc(20)), /no space/);
    await assert.rejects(incoming.finish(), /no space/);
    await incoming[Symbol.asyncDispose]();
  });

  test('overlong properties are cut, the message is not', async (t) => {
    const { blobs } = await setUp(t);
    const text = `Subject: ${'s'.repeat(5000)}\r\nMessage-ID: <${'m'.repeat(5000)}@x>\r\n\r\nbody`;
    const message = Buffer.from(text);
    const content = await collect(blobs, message);
    assert.equal(content.subject, 's'.repeat(1000));
    assert.ok((content.messageId ?? '').length <= 1000);
    assert.ok((await bytesOf(blobs, content)).equals(message));
  });
});

test('a header without end is refused before it fills the memory', async (t) => {
  const { blobs } = await setUp(t);
  await using incoming = new Incoming(blobs, 'X: y\r\n');
  const piece = Buffer.alloc(100_000, 'Subject: x\r\n');
  await assert.rejects(
    async () => {
      for (let count = 0; count < 11; count++) await incoming.write(piece);
    },
    { code: 'too-large' },
  );
});

function between(cuts: readonly number[], length: number): [number, number][] {
  const ends = [...cuts].sort((a, b) => a - b).concat(length);
  return ends.map((end, index) => [ends[index - 1] ?? 0, end]);
}

function decodedLeaves(bytes: Buffer): (string | undefined)[] {
  return [...leafParts(parseMessage(bytes).structure)].map(({ bodyStart, bodyEnd, encoding }) =>
    decodeTransfer(bytes.subarray(bodyStart, bodyEnd), encoding)?.toString('latin1'),
  );
}

/** A message with a binary part between two others, and what is kept of it. */
function binary(part: Buffer): { before: Buffer; after: Buffer } {
  const head = 'Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: ';
  const first = '\r\n\r\n--b\r\n\r\n\xe4\r\n--b\r\nContent-Transfer-Encoding: ';
  const last = '\r\n--b\r\nX: y\r\n\r\nlast\r\n--b--\r\n';
  const message = (encoding: string, body: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(`${head}binary${first}${encoding}\r\n\r\n`, 'latin1'),
      body,
      Buffer.from(last, 'latin1'),
    ]);
  const base64 = part.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n');
  return {
    before: message('binary', part),
    after: message('base64', Buffer.from(base64, 'latin1')),
  };
}

describe('binary parts are kept in base64', () => {
  test('in messages of all sizes, in any pieces; the blob of what came is gone', async (t) => {
    const { blobs, files } = await setUp(t);
    const sizes = [1, 56, 57, 58, 1000, 0.7 * THRESHOLD, 0.9 * THRESHOLD, THRESHOLD, 5 * THRESHOLD];
    for (const size of sizes.map(Math.floor)) {
      const part = Buffer.alloc(size, '\0\xff\rbinary\n\r\n-', 'latin1');
      const { before, after } = binary(part);
      for (const cuts of [[], [100, 120, 150, 151, before.length - 3], [before.length >> 1]]) {
        const known = files().length;
        const content = await collect(blobs, before, cuts);
        await verify(blobs, content, after);
        const isLarge = after.length >= THRESHOLD;
        assert.equal(content.body.kind, isLarge ? 'blob' : 'bytes');
        assert.equal(files().length - known, isLarge ? 1 : 0);
        const { structure } = parseMessage(after);
        const { bodyStart, bodyEnd, encoding } = [...leafParts(structure)][1]!;
        assert.ok(decodeTransfer(after.subarray(bodyStart, bodyEnd), encoding)!.equals(part));
      }
    }
  });

  test('trees of parts, in any pieces, in memory and as blobs: each leaf decodes to its bytes', async (t) => {
    const { blobs, files } = await setUp(t);
    const cuts = fc.array(fc.nat(), { maxLength: 12 });
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(mimeTrees, cuts, fc.constantFrom(0, 500, 1e6), async (text, seeds, from) => {
        const message = Buffer.from(text, 'latin1');
        const at = seeds.map((seed) => seed % (message.length + 1));
        await using incoming = new Incoming(blobs, '', from);
        for (const [start, end] of between(at, message.length))
          await incoming.write(Buffer.from(message.subarray(start, end)));
        const content = await incoming.finish();
        const kept = await bytesOf(blobs, content);
        await verify(blobs, content, kept);
        assert.ok(!kept.includes(0));
        assert.deepEqual(decodedLeaves(kept), decodedLeaves(message));
        if (!kept.equals(message)) changed++;
        await incoming.discard();
        assert.deepEqual(files(), []);
      }),
      { numRuns: 300 },
    );
    assert.ok(changed > 50, `${changed} of 300 were changed`);
  });

  test('a label that says more than is there is left, in a large message too', async (t) => {
    const { blobs, files } = await setUp(t);
    for (const size of [100, 3 * THRESHOLD]) {
      const { before } = binary(Buffer.alloc(size, 'text\r\n'));
      await verify(blobs, await collect(blobs, before, [90, before.length - 50]), before);
    }
    assert.equal(files().length, 1);
  });

  test('what is refused afterwards, or fails on the way, leaves no file', async (t) => {
    const { blobs, files } = await setUp(t);
    const { before } = binary(Buffer.alloc(2 * THRESHOLD));
    await using kept = new Incoming(blobs, '');
    await kept.write(before);
    await kept.finish();
    assert.equal(files().length, 1);
    await kept.discard();
    assert.deepEqual(files(), []);
    let created = 0;
    const failing: Blobs = {
      thresholdBytes: blobs.thresholdBytes,
      verify: () => blobs.verify(),
      create: async () => {
        const writer = await blobs.create();
        if (++created === 1) return writer;
        return {
          blob: writer.blob,
          write: () => Promise.reject(new Error('no space')),
          finish: () => writer.finish(),
          [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
        };
      },
      read: (...range) => blobs.read(...range),
      size: (blob) => blobs.size(blob),
      remove: (blob) => blobs.remove(blob),
      list: () => blobs.list(),
      removeUnfinished: (sinceMs) => blobs.removeUnfinished(sinceMs),
    };
    const unlucky = new Incoming(failing, '');
    await unlucky.write(before);
    await assert.rejects(unlucky.finish(), /no space/);
    assert.equal(created, 2);
    await unlucky[Symbol.asyncDispose]();
    assert.deepEqual(files(), []);
  });
});
