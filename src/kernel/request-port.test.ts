import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import {
  isPosthornError,
  PosthornError,
  ReplyPort,
  RequestPort,
  TestClock,
  WaitRegistry,
} from '#kernel';

interface Rig {
  readonly clock: TestClock;
  readonly waits: WaitRegistry;
  readonly asking: RequestPort<unknown, unknown, string>;
  readonly answering: ReplyPort<unknown, unknown, string>;
  /** Requests as they arrived, one array for each message. */
  readonly batches: { id: number; request: unknown }[][];
  readonly notes: string[][];
  /** Resolves when the next batch has arrived. */
  arrival(): Promise<void>;
}

function setUp(t: TestContext): Rig {
  const { port1, port2 } = new MessageChannel();
  const clock = new TestClock();
  const waits = new WaitRegistry(clock);
  const batches: Rig['batches'] = [];
  const notes: string[][] = [];
  let arrived = (): void => {};
  const asking = new RequestPort<unknown, unknown, string>({
    port: port1,
    name: 'the oracle',
    timeoutMs: 5000,
    onNotes: (more) => void notes.push([...more]),
    waits,
  });
  const answering = new ReplyPort<unknown, unknown, string>(port2, (requests) => {
    batches.push([...requests]);
    arrived();
  });
  t.after(() => answering.close());
  const arrival = (): Promise<void> =>
    new Promise((resolve) => {
      arrived = resolve;
    });
  return { clock, waits, asking, answering, batches, notes, arrival };
}

function hasCode(code: string): (error: unknown) => true {
  return (error) => {
    assert.ok(isPosthornError(error), String(error));
    assert.equal(error.code, code);
    return true;
  };
}

describe('RequestPort and ReplyPort', () => {
  test('requests of one turn cross together; replies find their requests in any order', async (t) => {
    const { asking, answering, batches, arrival, waits } = setUp(t);
    const arrived = arrival();
    const asked = ['a', 'b', 'c'].map((request) => asking.request('me', request));
    assert.equal(asking.pending, 3);
    assert.equal(waits.list()[0]?.name, 'the oracle');
    await arrived;
    assert.equal(batches.length, 1);
    const [batch] = batches;
    assert.deepEqual(
      batch!.map(({ request }) => request),
      ['a', 'b', 'c'],
    );
    for (const { id, request } of batch!.toReversed()) answering.reply(id, `${request}!`);
    answering.flush();
    assert.deepEqual(await Promise.all(asked), ['a!', 'b!', 'c!']);
    assert.equal(asking.pending, 0);
    assert.equal(waits.size, 0);
  });

  test('notes are known before the replies that came with them', async (t) => {
    const { asking, answering, batches, notes, arrival } = setUp(t);
    const arrived = arrival();
    let known = -1;
    const asked = asking.request('me', 1).then(() => {
      known = notes.length;
    });
    await arrived;
    answering.reply(batches[0]![0]!.id, undefined);
    answering.note('one');
    answering.note('two');
    answering.flush();
    answering.flush();
    await asked;
    assert.equal(known, 1);
    assert.deepEqual(notes, [['one', 'two']]);
  });

  test('failures cross with their code; anything else is internal', async (t) => {
    const { asking, answering, batches, arrival } = setUp(t);
    const arrived = arrival();
    const asked = [asking.request('me', 1), asking.request('me', 2), asking.request('me', 3)];
    await arrived;
    const [a, b, c] = batches[0]!;
    answering.fail(a!.id, new PosthornError('over-quota', 'by 3 bytes'));
    answering.fail(b!.id, new TypeError('oops'));
    answering.fail(c!.id, 'a string');
    answering.flush();
    await assert.rejects(asked[0]!, { code: 'over-quota', message: 'by 3 bytes' });
    await assert.rejects(asked[1]!, { code: 'internal', message: 'oops' });
    await assert.rejects(asked[2]!, { code: 'internal', message: 'a string' });
  });

  test('a request past its deadline is rejected, its late reply dropped', async (t) => {
    const { clock, asking, answering, batches, arrival } = setUp(t);
    const arrived = arrival();
    const late = asking.request('pop3 9', 1);
    await arrived;
    clock.advance(6000);
    await assert.rejects(late, hasCode('deadline'));
    await assert.rejects(late, /pop3 9.*the oracle/);
    assert.equal(asking.pending, 0);
    const again = arrival();
    const next = asking.request('pop3 9', 2);
    await again;
    answering.reply(batches[0]![0]!.id, 'late');
    answering.reply(batches[1]![0]!.id, 'in time');
    answering.flush();
    assert.equal(await next, 'in time');
  });

  test('when the other side goes, everything outstanding and all that follows is refused', async (t) => {
    const { asking, answering, waits, arrival } = setUp(t);
    const arrived = arrival();
    const asked = [asking.request('me', 1), asking.request('me', 2)];
    await arrived;
    const settled = Promise.allSettled(asked);
    answering.close();
    for (const outcome of await settled) {
      assert.equal(outcome.status, 'rejected');
      assert.equal(outcome.reason.code, 'shutting-down');
    }
    await assert.rejects(asking.request('me', 3), hasCode('shutting-down'));
    assert.equal(waits.size, 0);
    assert.equal(asking.pending, 0);
  });

  test('fail gives its own reason, and the first one stays', async (t) => {
    const { asking } = setUp(t);
    const asked = assert.rejects(asking.request('me', 1), hasCode('unavailable'));
    asking.fail(new PosthornError('unavailable'));
    asking.fail(new PosthornError('internal'));
    await asked;
    await assert.rejects(asking.request('me', 2), hasCode('unavailable'));
  });

  test('buffers move when asked to', async (t) => {
    const { asking, answering, batches, arrival } = setUp(t);
    const bytes = new Uint8Array([1, 2, 3]);
    const arrived = arrival();
    const asked = asking.request('me', bytes, [bytes.buffer]);
    await arrived;
    assert.equal(bytes.length, 0);
    assert.deepEqual([...(batches[0]![0]!.request as Uint8Array)], [1, 2, 3]);
    answering.reply(batches[0]![0]!.id, 'ok');
    answering.flush();
    assert.equal(await asked, 'ok');
  });

  test('what cannot cross is refused as internal, and the port goes on', async (t) => {
    const { asking, answering, batches, arrival, waits } = setUp(t);
    await assert.rejects(
      asking.request('me', () => {}),
      hasCode('internal'),
    );
    assert.equal(waits.size, 0);
    const arrived = arrival();
    const asked = asking.request('me', 'fine');
    await arrived;
    answering.reply(batches[0]![0]!.id, 'ok');
    answering.flush();
    assert.equal(await asked, 'ok');
  });
});
