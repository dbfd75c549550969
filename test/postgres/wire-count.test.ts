import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import postgres from 'postgres';
import { PrivatePostgres } from './private-postgres.ts';
import { START, UNASKED, WireCount } from './wire-count.ts';
import { MessageCutter } from './wire-messages.ts';

const skip = PrivatePostgres.missing();

function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type, 'latin1'), header, body]);
}

function text(...strings: readonly string[]): Buffer {
  return Buffer.from(strings.map((string) => `${string}\0`).join(''));
}

test('messages are cut the same wherever the chunks end', () => {
  const lengths = fc.array(fc.oneof(fc.nat(40), fc.constantFrom(65_535, 65_536, 200_000)), {
    minLength: 1,
    maxLength: 6,
  });
  const pieces = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(lengths, pieces, (sizes, cuts) => {
      const first = message('', Buffer.from([0, 3, 0, 0]));
      const others = sizes.map((size, index) => message('D', Buffer.alloc(size, index)));
      const bytes = Buffer.concat([first, ...others]);
      const cutter = new MessageCutter('untyped');
      const seen: string[] = [];
      let begun = 0;
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const end = Math.min(bytes.length, at + cuts[turn % cuts.length]!);
        cutter.push(
          bytes.subarray(at, end),
          () => begun++,
          ({ type, bytes: length, head }) => {
            cutter.shape = 'typed';
            seen.push(`${type} ${length} ${head.length} ${head[0]}`);
          },
        );
        at = end;
      }
      const expected = sizes.map(
        (size, index) =>
          `D ${size + 5} ${Math.min(size, 65_536)} ${size === 0 ? undefined : index}`,
      );
      assert.deepEqual(seen, [' 8 4 0', ...expected]);
      assert.equal(begun, sizes.length + 1);
      assert.equal(cutter.isWithin, false);
    }),
    { numRuns: 60 },
  );
});

test('what is no message of PostgreSQL is said to be none', () => {
  const cutter = new MessageCutter('typed');
  assert.throws(
    () => cutter.push(message('Q', Buffer.alloc(0)).fill(0, 1), fail, fail),
    /protocol/,
  );
  function fail(): void {}
});

/** A server that answers each Sync and each Query, and keeps what it was sent. */
async function scripted(t: TestContext, answerOf: (type: string) => Buffer): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const cutter = new MessageCutter('untyped');
    socket.on('data', (chunk: Buffer) =>
      cutter.push(
        chunk,
        () => {},
        ({ type }) => {
          cutter.shape = 'typed';
          const answer = answerOf(type);
          if (answer.length > 0) socket.write(answer);
        },
      ),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

const READY = message('Z', Buffer.from('I'));

test('a client that dribbles its messages byte by byte costs what it asks', async (t) => {
  const port = await scripted(t, (type) =>
    ['', 'Q', 'S'].includes(type) ? READY : Buffer.alloc(0),
  );
  await using wire = await WireCount.start(port, (sql) => (sql === 'x' ? 'special' : undefined));
  const client = connect({ port: wire.port, noDelay: true });
  t.after(() => client.destroy());
  let received = 0;
  client.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  const say = async (bytes: Buffer, answers: number): Promise<void> => {
    const until = received + answers * READY.length;
    for (let at = 0; at < bytes.length; at++) {
      client.write(bytes.subarray(at, at + 1));
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (received < until) await once(client, 'data');
  };
  await say(message('', Buffer.from([0, 3, 0, 0])), 1);
  const bind = Buffer.concat([text('', 's'), Buffer.alloc(6)]);
  const execute = Buffer.concat([text(''), Buffer.alloc(4)]);
  await say(message('Q', text('x')), 1);
  wire.label = 'two';
  const parse = message('P', Buffer.concat([text('s', 'SELECT 2'), Buffer.alloc(2)]));
  const both = [message('B', bind), message('E', execute), message('S', Buffer.alloc(0))];
  // Before the answer to the first can have come, the second is on its way.
  client.write(parse);
  await say(Buffer.concat([...both.slice(0, 2), message('S', Buffer.alloc(0))]), 1);
  client.write(Buffer.concat([...both, message('Q', text('again'))]));
  await say(Buffer.alloc(0), 2);
  assert.deepEqual(
    wire.labels.map((label) => [label, wire.cost(label).statements, wire.cost(label).roundTrips]),
    [
      [START, 0, 1],
      ['special', 1, 1],
      ['two', 3, 2],
    ],
  );
  assert.deepEqual(wire.cost('two').texts, ['SELECT 2', 'SELECT 2', 'again']);
});

test('a server that goes on encrypted is not counted wrong: the connection ends', async (t) => {
  const port = await scripted(t, () => Buffer.from('S'));
  await using wire = await WireCount.start(port);
  const client = connect({ port: wire.port });
  const request = Buffer.alloc(8);
  request.writeUInt32BE(8);
  request.writeUInt32BE(80_877_103, 4);
  client.write(request);
  await once(client, 'close');
});

interface Asked {
  readonly wire: WireCount;
  readonly sql: postgres.Sql;
  readonly socket: () => Socket;
}

async function ask(t: TestContext, work: (asked: Asked) => Promise<void>): Promise<void> {
  await using server = await PrivatePostgres.start();
  await using wire = await WireCount.start(server.port);
  let socket: Socket | undefined;
  const url = new URL(server.url());
  url.port = String(wire.port);
  const sql = postgres(url.href, {
    max: 1,
    fetch_types: false,
    onnotice: () => {},
    socket: async () => {
      socket = connect({
        port: wire.port,
        host: '127.0.0.1',
        writableHighWaterMark: 2 ** 26,
      } as never);
      await once(socket, 'connect');
      return socket;
    },
  } as never);
  t.after(() => sql.end({ timeout: 1 }));
  await work({ wire, sql, socket: () => socket! });
  await sql.end();
}

test('a real server: prepared or not, together or one by one', { skip }, async (t) => {
  await ask(t, async ({ wire, sql, socket }) => {
    const one = async (label: string, work: () => Promise<unknown>): Promise<readonly number[]> => {
      wire.label = label;
      await work();
      const { statements, roundTrips } = wire.cost(label);
      return [statements, roundTrips];
    };
    const plus = (number: number) => sql.unsafe('SELECT $1::int + 1', [number], { prepare: true });
    await sql`SELECT 1`;
    assert.deepEqual(await one('new', async () => plus(1)), [1, 2], 'described first');
    assert.deepEqual(await one('known', async () => plus(2)), [1, 1]);
    assert.deepEqual(await one('together', () => Promise.all([plus(1), plus(2), plus(3)])), [3, 1]);
    assert.deepEqual(
      await one('apart', async () => {
        for (const number of [1, 2, 3]) await plus(number);
      }),
      [3, 3],
    );
    assert.deepEqual(await one('simple', async () => sql.unsafe('SELECT 1; SELECT 2')), [1, 1]);
    const failed = one('failed', () => Promise.allSettled([sql.unsafe('SELEC'), plus(1)]));
    assert.deepEqual(await failed, [2, 1]);
    const length = (bytes: Buffer) =>
      sql.unsafe('SELECT length($1::bytea)', [bytes], { prepare: true });
    await length(Buffer.alloc(1));
    const large = Buffer.alloc(8 * 1024 * 1024);
    assert.deepEqual(await one('large', () => Promise.all([length(large), plus(1)])), [2, 1]);
    assert.ok(wire.cost('large').bytesToServer > large.length);
    const rows = await one('rows', async () => {
      await sql.unsafe(`SELECT repeat('x', 100000) FROM generate_series(1, 50)`);
    });
    assert.deepEqual(rows, [1, 1]);
    assert.ok(wire.cost('rows').bytesToClient > 5_000_000);
    const costs = wire.labels.map((label) => wire.cost(label));
    assert.equal(sum(costs.map((cost) => cost.bytesToServer)), socket().bytesWritten);
    assert.equal(sum(costs.map((cost) => cost.bytesToClient)), socket().bytesRead);
  });
});

test('what the server says unasked is counted apart', { skip }, async (t) => {
  await ask(t, async ({ wire, sql }) => {
    await sql.unsafe('LISTEN bell');
    wire.label = 'bell';
    const answered = wire.answered('pg_notify');
    await sql.unsafe(`SELECT pg_notify('bell', 'rings')`);
    await answered;
    assert.equal(wire.cost('bell').roundTrips, 1);
    assert.ok(wire.cost(UNASKED).bytesToClient > 0);
    assert.equal(wire.cost(UNASKED).roundTrips, 0);
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
