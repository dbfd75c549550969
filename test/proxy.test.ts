import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import postgres from 'postgres';
import { TestClock } from '#kernel';
import { eventually } from './interop/program.ts';
import { PrivatePostgres } from './postgres/private-postgres.ts';
import { FaultyProxy } from './proxy.ts';

/** Keeps all that it is told and answers as it is told to; `echo` says everything back. */
class TestPeer implements AsyncDisposable {
  readonly sockets: Socket[] = [];
  readonly ends: Socket[] = [];
  readonly errors: string[] = [];
  heard = '';
  readonly #server: Server;

  private constructor(echo: boolean, name: string) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.push(socket);
      socket.on('data', (chunk: Buffer) => {
        this.heard += chunk.toString('latin1');
        if (echo) socket.write(name === '' ? chunk : `${name}:${chunk.toString('latin1')}`);
      });
      socket.on('end', () => this.ends.push(socket));
      socket.on('error', (error: NodeJS.ErrnoException) => this.errors.push(error.code ?? ''));
    });
  }

  static async start({ echo = true, name = '' } = {}): Promise<TestPeer> {
    const peer = new TestPeer(echo, name);
    peer.#server.listen(0, '127.0.0.1');
    await once(peer.#server, 'listening');
    return peer;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** A client that remembers what it hears and how its connection ends. */
class TestClient implements Disposable {
  heard = '';
  hasEnd = false;
  error: string | undefined;
  isClosed = false;
  readonly socket: Socket;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.heard += chunk.toString('latin1');
    });
    this.socket.on('end', () => {
      this.hasEnd = true;
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code;
    });
    this.socket.on('close', () => {
      this.isClosed = true;
    });
  }

  async says(text: string, answer = text): Promise<void> {
    const expected = this.heard + answer;
    this.socket.write(text);
    await this.hears(expected);
  }

  hears(expected: string): Promise<true> {
    return eventually(`${JSON.stringify(expected)}`, () => this.heard === expected || undefined);
  }

  async isReset(code = 'ECONNRESET'): Promise<void> {
    await eventually('the reset', () => this.isClosed || undefined);
    assert.equal(this.error, code);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

test('passes bytes and ends both ways, and counts them', async () => {
  await using peer = await TestPeer.start();
  await using proxy = await FaultyProxy.start(peer.port);
  using one = new TestClient(proxy.port);
  using other = new TestClient(proxy.port);
  await one.says('hello');
  await other.says('you');
  assert.equal(proxy.connections, 2);
  assert.equal(proxy.open, 2);
  assert.deepEqual(proxy.bytes, { toServer: 8, toClient: 8 });
  one.socket.end();
  await eventually('the end at the server', () => peer.ends.length === 1 || undefined);
  peer.ends[0]!.end('bye');
  await one.hears('hellobye');
  await eventually('the end at the client', () => one.hasEnd || undefined);
  await eventually('one open connection', () => proxy.open === 1 || undefined);
  await other.says('still there');
  assert.equal(proxy.connections, 2);
});

test('keeps order and content of more than any buffer holds, to a reader that is slow', async () => {
  await using peer = await TestPeer.start({ echo: false });
  await using proxy = await FaultyProxy.start(peer.port);
  using client = new TestClient(proxy.port);
  const sent = Buffer.alloc(8 * 1024 * 1024);
  for (let at = 0; at < sent.length; at += 4) sent.writeUInt32BE(at, at);
  await eventually('the connection', () => peer.sockets[0]);
  peer.sockets[0]!.pause();
  client.socket.end(sent);
  await eventually('a full pipe', () => proxy.bytes.toServer > 0 || undefined);
  await proxy.delay(1); // A delay comes in between.
  peer.sockets[0]!.resume();
  await eventually('the end', () => peer.ends.length === 1 || undefined);
  assert.ok(Buffer.from(peer.heard, 'latin1').equals(sent));
  assert.equal(proxy.bytes.toServer, sent.length);
});

test('refuse: no new connection, and those there are go on', async () => {
  await using peer = await TestPeer.start();
  await using proxy = await FaultyProxy.start(peer.port);
  using before = new TestClient(proxy.port);
  await before.says('one');
  await proxy.refuse();
  using refused = new TestClient(proxy.port);
  await refused.isReset('ECONNREFUSED');
  await before.says('two');
  await proxy.pass();
  using after = new TestClient(proxy.port);
  await after.says('three');
  await before.says('four');
  assert.equal(proxy.connections, 2);
});

test('silence: nothing arrives, not even an end, and nothing is closed; afterwards who lost something is reset', async () => {
  await using peer = await TestPeer.start();
  await using proxy = await FaultyProxy.start(peer.port);
  using speaks = new TestClient(proxy.port);
  using ends = new TestClient(proxy.port);
  using waits = new TestClient(proxy.port);
  await speaks.says('before');
  await ends.says('x');
  await waits.says('y');
  await proxy.silence();
  speaks.socket.write('lost');
  ends.socket.end();
  using fresh = new TestClient(proxy.port);
  await once(fresh.socket, 'connect');
  fresh.socket.write('hello?');
  peer.sockets[0]!.write('lost too');
  await eventually('the fourth connection', () => proxy.connections === 4 || undefined);
  // What was to arrive would have by the time that something else has gone the same way and back.
  await roundTrips(20);
  assert.equal(peer.heard, 'beforexy');
  assert.equal(peer.sockets.length, 3, 'the server hears nothing of the new connection');
  assert.equal(peer.ends.length, 0);
  assert.equal(speaks.heard, 'before');
  assert.equal(fresh.heard, '');
  assert.ok(![speaks, ends, waits, fresh].some(({ isClosed, hasEnd }) => isClosed || hasEnd));
  assert.equal(proxy.open, 4);

  await proxy.pass();
  await speaks.isReset();
  await ends.isReset();
  await fresh.isReset();
  await waits.says('nothing lost');
});

/** Goes round the event loop and the network a few times, so that what is under way arrives. */
async function roundTrips(count: number): Promise<void> {
  await using peer = await TestPeer.start();
  using client = new TestClient(peer.port);
  for (let number = 0; number < count; number++) await client.says('.');
}

test('delay: everything arrives later, in order, the end too', async () => {
  await using peer = await TestPeer.start();
  const clock = new TestClock();
  await using proxy = await FaultyProxy.start(peer.port, clock);
  using client = new TestClient(proxy.port);
  await client.says('now');
  await proxy.delay(200);
  client.socket.write('a');
  await eventually('what is held', () => proxy.heldBytes === 1 || undefined);
  clock.advance(100);
  client.socket.end('bc');
  await eventually('what is held', () => proxy.heldBytes === 3 || undefined);
  clock.advance(99);
  await roundTrips(5);
  assert.equal(peer.heard, 'now');
  clock.advance(1);
  await eventually('the first', () => peer.heard === 'nowa' || undefined);
  await eventually('its answer, held', () => proxy.heldBytes === 3 || undefined);
  clock.advance(100);
  await eventually('all', () => peer.heard === 'nowabc' || undefined);
  await eventually('its answer, held', () => proxy.heldBytes === 3 || undefined);
  assert.equal(client.heard, 'now');
  clock.advance(200);
  await client.hears('nowabc');
  await eventually('the end', () => peer.ends.length === 1 || undefined);
});

test('delay then pass: what was held back comes before what follows', async () => {
  await using peer = await TestPeer.start();
  const clock = new TestClock();
  await using proxy = await FaultyProxy.start(peer.port, clock);
  using client = new TestClient(proxy.port);
  await proxy.delay(100);
  client.socket.write('first ');
  await eventually('what is held', () => proxy.heldBytes === 6 || undefined);
  await proxy.pass();
  client.socket.write('second');
  await eventually('what is held', () => proxy.heldBytes === 12 || undefined);
  clock.advance(100);
  await client.hears('first second');
});

test('halfClose: one direction ends, the other goes on', async () => {
  await using peer = await TestPeer.start();
  await using proxy = await FaultyProxy.start(peer.port);
  using client = new TestClient(proxy.port);
  await client.says('hello');
  proxy.halfClose();
  await eventually('the end', () => client.hasEnd || undefined);
  client.socket.write(' again');
  await eventually('what it says', () => peer.heard === 'hello again' || undefined);
  assert.equal(client.heard, 'hello');
  assert.equal(client.error, undefined);

  using other = new TestClient(proxy.port);
  await other.says('x');
  proxy.halfClose('toServer');
  await eventually('the end at the server', () => peer.ends.length === 2 || undefined);
  peer.sockets[1]!.write('y');
  await other.hears('xy');
});

test('reset: both sides get it, new connections pass', async () => {
  await using peer = await TestPeer.start();
  await using proxy = await FaultyProxy.start(peer.port);
  using client = new TestClient(proxy.port);
  await client.says('hello');
  proxy.reset();
  await client.isReset();
  await eventually('the reset at the server', () => peer.errors.length === 1 || undefined);
  assert.deepEqual(peer.errors, ['ECONNRESET']);
  await eventually('no connection', () => proxy.open === 0 || undefined);
  using after = new TestClient(proxy.port);
  await after.says('hello');
});

test('a reset by one side is a reset for the other, a server that is away a reset for the client', async () => {
  const peer = await TestPeer.start();
  await using proxy = await FaultyProxy.start(peer.port);
  using client = new TestClient(proxy.port);
  await client.says('hello');
  peer.sockets[0]!.resetAndDestroy();
  await client.isReset();
  using second = new TestClient(proxy.port);
  await second.says('hello');
  second.socket.resetAndDestroy();
  await eventually('the reset at the server', () => peer.errors.length === 1 || undefined);
  await peer[Symbol.asyncDispose]();
  using third = new TestClient(proxy.port);
  await third.isReset();
});

test('cutAfter: the connection ends after so many bytes, others go on', async () => {
  await using peer = await TestPeer.start();
  await using proxy = await FaultyProxy.start(peer.port);
  using idle = new TestClient(proxy.port);
  await idle.says('idle');
  using client = new TestClient(proxy.port);
  await client.says('12345');
  const cut = proxy.cutAfter(8, 'toClient');
  await client.says('6789');
  client.socket.write('abcdef');
  await cut;
  await client.isReset();
  assert.equal(peer.heard, 'idle123456789abcdef', 'the server has heard it all');
  assert.ok('123456789abcd'.startsWith(client.heard), client.heard);
  await idle.says('goes on');

  const nothing = proxy.cutAfter(0, 'toServer');
  idle.socket.write('never heard');
  await nothing;
  await idle.isReset();
  assert.doesNotMatch(peer.heard, /never/);
});

test('cutBefore: a text does not arrive as a whole, also when it comes in pieces', async () => {
  await using peer = await TestPeer.start();
  await using proxy = await FaultyProxy.start(peer.port);
  using client = new TestClient(proxy.port);
  const cut = proxy.cutBefore('commit', 'toServer');
  await client.says('begin; com');
  await client.says('mon; com');
  client.socket.write('mit');
  await cut;
  await client.isReset();
  assert.ok('begin; common; com'.startsWith(peer.heard), peer.heard);
  using after = new TestClient(proxy.port);
  await after.says('commit');
});

test('target: new connections go elsewhere', async () => {
  await using first = await TestPeer.start({ name: 'first' });
  await using second = await TestPeer.start({ name: 'second' });
  await using proxy = await FaultyProxy.start(first.port);
  using before = new TestClient(proxy.port);
  await before.says('a', 'first:a');
  proxy.target(second.port);
  using after = new TestClient(proxy.port);
  await after.says('b', 'second:b');
  await before.says('c', 'first:c');
});

test('before PostgreSQL: a commit whose answer is lost was made, one that was lost was not', {
  skip: PrivatePostgres.missing(),
}, async () => {
  await using server = await PrivatePostgres.start();
  await server.execute('create table note (id int); grant all on note to posthorn');
  await using proxy = await FaultyProxy.start(server.port);
  const sql = postgres({
    host: '127.0.0.1',
    port: proxy.port,
    user: 'posthorn',
    database: 'posthorn',
    max: 1,
    fetch_types: false,
  });
  try {
    const write = (id: number) => sql.begin((tx) => tx`insert into note values (${id})`);
    await write(1);
    const lostAnswer = proxy.cutBefore('COMMIT', 'toClient');
    await assert.rejects(write(2), { code: 'ECONNRESET' });
    await lostAnswer;
    assert.deepEqual(await server.query('select id from note order by id'), [{ id: 1 }, { id: 2 }]);
    const lostCommit = proxy.cutBefore('commit', 'toServer');
    await assert.rejects(write(3), { code: 'ECONNRESET' });
    await lostCommit;
    await write(4);
    assert.deepEqual(await server.query('select id from note order by id'), [
      { id: 1 },
      { id: 2 },
      { id: 4 },
    ]);
  } finally {
    await sql.end({ timeout: 1 });
  }
});
