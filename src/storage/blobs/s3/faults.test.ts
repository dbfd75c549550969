import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { randomBytes, TestClock, WaitRegistry } from '#kernel';
import { listed, put, refused } from '../blobs.conformance.ts';
import { S3Blobs, type S3Options } from '../s3.ts';
import { type Fault, Front, type Seen } from './front.conformance.ts';
import { S3Server, withoutServer } from './server.conformance.ts';

const MIB = 1024 * 1024;
const ATTEMPTS = 6;
const TIMEOUT_MS = 20_000;
/** What the bytes of a part are given. */
const TRANSFER_MS = 20_000;
/** Longer than this no request may take: a minute, and the last attempt begun in it; the sweep of the waits comes once a second. */
const BOUND_MS = 60_000 + TRANSFER_MS + (TIMEOUT_MS + TRANSFER_MS) + 1000;

const skip = withoutServer;
let server: S3Server;
before(async () => {
  if (skip === false) server = await S3Server.start();
});
after(async () => {
  await server?.[Symbol.asyncDispose]();
});

/** A store behind a front, on a clock that goes on only while nothing else can. */
class Bench {
  readonly front: Front;
  readonly blobs: S3Blobs;
  readonly clock: TestClock;
  readonly waits: WaitRegistry;

  private constructor(front: Front, blobs: S3Blobs, clock: TestClock, waits: WaitRegistry) {
    this.front = front;
    this.blobs = blobs;
    this.clock = clock;
    this.waits = waits;
  }

  static async open(t: TestContext, options: S3Options = {}): Promise<Bench> {
    const front = await Front.start(server.url);
    t.after(() => front[Symbol.asyncDispose]());
    const clock = new TestClock(Date.now());
    const waits = new WaitRegistry(clock);
    const place = await server.bucket(front.url);
    const blobs = new S3Blobs(place, { clock, waits, random: () => 0.5, ...options });
    return new Bench(front, blobs, clock, waits);
  }

  /** Does something while the clock goes on whenever a pause is made or an answer will never come; gives the time it took. */
  async took(work: () => Promise<unknown>): Promise<number> {
    const startMs = this.clock.elapsed();
    let over = false;
    const done = work().finally(() => {
      over = true;
    });
    done.catch(() => {});
    while (!over) {
      await nextTurn();
      const pauses = this.waits.list().some(({ name }) => name === 'a pause before S3');
      if (!over && (pauses || this.front.hanging > 0)) this.clock.advance(500);
    }
    await done;
    assert.equal(this.waits.size, 0, 'no wait is left');
    return this.clock.elapsed() - startMs;
  }

  /** What happens to a blob from its beginning to its end, each part of it asked of the store. */
  async wholeLife(size: number): Promise<void> {
    const bytes = randomBytes(size);
    const blob = await put(this.blobs, bytes, undefined, MIB);
    assert.equal(await this.blobs.size(blob), size);
    assert.ok((await this.blobs.read(blob, 0, size)).equals(bytes));
    assert.deepEqual(await listed(this.blobs), [blob]);
    await this.blobs.removeUnfinished(this.clock.now());
    await this.blobs.remove(blob);
    assert.deepEqual(await listed(this.blobs), []);
    assert.equal(await this.uploads(), 0);
  }

  /** Uploads that were begun and not ended. */
  async uploads(): Promise<number> {
    const from = this.front.seen.length;
    await this.took(() => this.blobs.removeUnfinished(this.clock.now() + 1_000_000));
    return this.front.seen.slice(from).filter(({ method }) => method === 'DELETE').length;
  }
}

const isUploadPart = ({ path }: Seen): boolean => path.includes('partNumber=');
const isCompletion = ({ method, path }: Seen): boolean =>
  method === 'POST' && path.includes('uploadId=');
const is = (wanted: string) => (seen: Seen) => seen.method === wanted;

describe('S3 faults that pass', { skip }, () => {
  const passing: readonly (readonly [string, Fault])[] = [
    ['500', { kind: 'status', status: 500 }],
    [
      '502 with a page',
      { kind: 'status', status: 502, body: '<html><body>Bad gateway<br></html>' },
    ],
    ['503 SlowDown', { kind: 'status', status: 503, body: '<Error><Code>SlowDown</Code></Error>' }],
    ['504', { kind: 'status', status: 504 }],
    ['429', { kind: 'status', status: 429 }],
    [
      'RequestTimeout',
      { kind: 'status', status: 400, body: '<Error><Code>RequestTimeout</Code></Error>' },
    ],
    ['a reset connection', { kind: 'reset' }],
    ['no answer', { kind: 'silence' }],
  ];
  for (const [name, fault] of passing)
    test(`${name}: each request is sent again, and a whole life goes well`, async (t) => {
      const bench = await Bench.open(t);
      const failed = new Set<string>();
      // Every request fails once and is let through when it comes again.
      bench.front.fault = ({ method, path }) => {
        // An answer to HEAD has no body to say so in.
        if (method === 'HEAD' && 'status' in fault && fault.status === 400) return undefined;
        const key = `${method} ${path}`;
        if (failed.delete(key)) return undefined;
        failed.add(key);
        return fault;
      };
      await bench.took(() => bench.wholeLife(1000));
      await bench.took(() => bench.wholeLife(11 * MIB));
    });

  test('Retry-After is waited for, in seconds and as a date', async (t) => {
    const bench = await Bench.open(t);
    const status = (value: string): Fault => ({
      kind: 'status',
      status: 503,
      headers: { 'retry-after': value },
    });
    bench.front.next(2, status('7'));
    assert.ok((await bench.took(() => bench.wholeLife(10))) >= 14_000);
    bench.front.next(1, status(new Date(bench.clock.now() + 20_000).toUTCString()));
    assert.ok((await bench.took(() => bench.wholeLife(10))) >= 19_000);
  });

  test('a Retry-After beyond the bound fails at once', async (t) => {
    const bench = await Bench.open(t);
    const headers = { 'retry-after': '3600' };
    bench.front.next(1, { kind: 'status', status: 503, headers });
    const tookMs = await bench.took(() => refused(bench.blobs.size('abcdef'), 'unavailable'));
    assert.equal(tookMs, 0);
    assert.equal(bench.front.seen.length, 1);
  });

  test('an answer that is cut, damaged or stalls is asked for again', async (t) => {
    const bench = await Bench.open(t);
    const bytes = randomBytes(2 * MIB);
    const blob = await put(bench.blobs, bytes);
    for (const kind of ['cut-answer', 'damaged-answer', 'stalled-answer'] as const) {
      bench.front.next(2, { kind });
      const from = bench.front.seen.length;
      await bench.took(async () => {
        assert.ok((await bench.blobs.read(blob, 0, bytes.length)).equals(bytes), kind);
      });
      assert.equal(bench.front.seen.length - from, 3);
    }
  });

  test('a listing that is cut or garbled is asked for again', async (t) => {
    const bench = await Bench.open(t);
    const blob = await put(bench.blobs, Buffer.from('x'));
    const garbled: Fault = {
      kind: 'status',
      status: 200,
      body: '<html>Welcome to the hotel</html>',
    };
    for (const fault of [{ kind: 'cut-answer' }, garbled] as const) {
      bench.front.next(2, fault);
      await bench.took(async () => assert.deepEqual(await listed(bench.blobs), [blob]));
    }
  });

  test('what is damaged on its way is refused by the store and sent again', async (t) => {
    const bench = await Bench.open(t);
    bench.front.next(2, { kind: 'damaged-request' }, is('PUT'));
    await bench.took(() => bench.wholeLife(1000));
    bench.front.next(2, { kind: 'damaged-request' }, isUploadPart);
    await bench.took(() => bench.wholeLife(11 * MIB));
  });

  test('a lost answer is no lost blob', async (t) => {
    const bench = await Bench.open(t);
    bench.front.next(1, { kind: 'lost-answer' }, is('PUT'));
    await bench.took(() => bench.wholeLife(1000));
    bench.front.next(1, { kind: 'lost-answer' }, isUploadPart);
    await bench.took(() => bench.wholeLife(11 * MIB));
    bench.front.next(1, { kind: 'lost-answer' }, isCompletion);
    await bench.took(() => bench.wholeLife(11 * MIB));
    // A store that has forgotten the upload as soon as it is complete.
    const gone: Fault = {
      kind: 'status',
      status: 404,
      body: '<Error><Code>NoSuchUpload</Code></Error>',
    };
    let asked = 0;
    bench.front.fault = (seen) => {
      if (!isCompletion(seen)) return undefined;
      return asked++ === 0 ? { kind: 'lost-answer' } : gone;
    };
    await bench.took(() => bench.wholeLife(11 * MIB));
    assert.equal(asked, 2);
  });

  test('a completion that fails after its 200 is asked for again', async (t) => {
    const bench = await Bench.open(t);
    const body = '<?xml version="1.0"?>\n<Error><Code>InternalError</Code></Error>';
    bench.front.next(2, { kind: 'status', status: 200, body }, isCompletion);
    await bench.took(() => bench.wholeLife(11 * MIB));
  });
});

describe('S3 faults that stay', { skip }, () => {
  const lasting: readonly (readonly [string, Fault])[] = [
    ['500', { kind: 'status', status: 500 }],
    ['a reset connection', { kind: 'reset' }],
    ['no answer', { kind: 'silence' }],
    ['answers that are lost', { kind: 'lost-answer' }],
  ];
  for (const [name, fault] of lasting)
    test(`${name}: everything ends in bounded time as unavailable, nothing half done, and goes well afterwards`, async (t) => {
      const bench = await Bench.open(t);
      const { blobs, front } = bench;
      const kept = await put(blobs, Buffer.from('kept'));
      front.fault = () => fault;
      const works = [
        () => put(blobs, Buffer.from('small')),
        () => put(blobs, Buffer.from('replaced'), kept),
        () => put(blobs, randomBytes(6 * MIB)),
        () => blobs.read(kept, 0, 4),
        () => blobs.size(kept),
        () => listed(blobs),
        () => blobs.removeUnfinished(0),
      ];
      for (const work of works) {
        const from = front.seen.length;
        const tookMs = await bench.took(() => refused(work(), 'unavailable'));
        // A writer that failed also tries to take back what it may have done.
        assert.ok(tookMs <= 2 * BOUND_MS, `${tookMs} ms`);
        assert.ok(front.seen.length - from <= ATTEMPTS + 4);
      }
      front.fault = () => undefined;
      // Only a lost answer can have replaced it, and then whole.
      const left = await listed(blobs);
      assert.ok(left.length === 1 && left[0] === kept);
      const size = (await blobs.size(kept))!;
      const text = (await blobs.read(kept, 0, size)).toString();
      assert.equal(text, fault.kind === 'lost-answer' ? 'replaced' : 'kept');
      await blobs.remove(kept);
      await bench.uploads();
      await bench.took(() => bench.wholeLife(1000));
      await bench.took(() => bench.wholeLife(11 * MIB));
    });

  test('a part that cannot be sent leaves no upload and no blob', async (t) => {
    const bench = await Bench.open(t);
    const { blobs, front } = bench;
    for (const matches of [
      (seen: Seen) => isUploadPart(seen) && seen.path.includes('partNumber=2'),
      isCompletion,
    ]) {
      front.fault = (seen) => (matches(seen) ? { kind: 'status', status: 503 } : undefined);
      await bench.took(() => refused(put(blobs, randomBytes(11 * MIB)), 'unavailable'));
      assert.deepEqual(await listed(blobs), []);
      assert.equal(await bench.uploads(), 0);
    }
  });

  test('bytes that always come back wrong are corrupt; those of a piece are told by its length', async (t) => {
    const bench = await Bench.open(t);
    const { blobs, front } = bench;
    const blob = await put(blobs, randomBytes(1000));
    front.fault = () => ({ kind: 'damaged-answer' });
    await bench.took(() => refused(blobs.read(blob, 0, 1000), 'corrupt'));
    const headers = { 'content-range': 'bytes 10-15/1000' };
    for (const body of ['123456', '12345'] as const) {
      front.fault = () => ({ kind: 'status', status: 206, headers, body });
      await bench.took(() => refused(blobs.read(blob, 10, 20), 'unavailable'));
    }
    front.fault = () => ({ kind: 'status', status: 200, body: 'x'.repeat(100_000) });
    await bench.took(() => refused(blobs.read(blob, 10, 20), 'unavailable'));
    front.fault = () => undefined;
    assert.equal((await blobs.read(blob, 10, 20)).length, 10);
  });

  test('what means that there is no room is disk-full, at once', async (t) => {
    const bench = await Bench.open(t);
    const { blobs, front } = bench;
    for (const [status, code] of [
      [507, 'InsufficientStorage'],
      [507, 'XMinioStorageFull'],
      [403, 'QuotaExceeded'],
      [400, 'XMinioAdminBucketQuotaExceeded'],
      [413, 'EntityTooLarge'],
    ] as const) {
      const body = `<Error><Code>${code}</Code><Message>no room</Message></Error>`;
      front.fault = (seen) =>
        seen.method === 'PUT' ? { kind: 'status', status, body } : undefined;
      for (const size of [10, 6 * MIB]) {
        const from = front.seen.length;
        await refused(put(blobs, randomBytes(size)), 'disk-full');
        assert.equal(front.seen.slice(from).filter(is('PUT')).length, 1);
      }
      front.fault = () => undefined;
      assert.deepEqual(await listed(blobs), []);
      assert.equal(await bench.uploads(), 0);
    }
  });

  test('a listing that turns in circles ends', async (t) => {
    const bench = await Bench.open(t);
    const body =
      '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>';
    bench.front.fault = () => ({ kind: 'status', status: 200, body });
    await refused(listed(bench.blobs), 'unavailable');
    assert.equal(bench.front.seen.length, 2);
  });
});

describe('S3 requests at once', { skip }, () => {
  test('no more than allowed are under way, and all get their turn', async (t) => {
    const bench = await Bench.open(t, { requestsAtOnce: 3 });
    const bodies = Array.from({ length: 40 }, () => randomBytes(2000));
    const found = await Promise.all(bodies.map((bytes) => put(bench.blobs, bytes)));
    assert.ok(bench.front.mostUnder <= 3);
    assert.deepEqual(await listed(bench.blobs), found.sort());
  });

  test('who waits for a turn behind silence is refused in bounded time', async (t) => {
    const bench = await Bench.open(t, { requestsAtOnce: 1 });
    bench.front.fault = () => ({ kind: 'silence' });
    const all = Array.from({ length: 10 }, () =>
      refused(bench.blobs.size('abcdef'), 'unavailable'),
    );
    const tookMs = await bench.took(() => Promise.all(all));
    assert.ok(tookMs <= 2 * BOUND_MS, `${tookMs} ms`);
    bench.front.fault = () => undefined;
    assert.equal(await bench.blobs.size('abcdef'), undefined);
  });
});
