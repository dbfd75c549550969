import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { type Clock, systemClock } from '#kernel';
import { freePort } from './free-port.ts';

/** Which way bytes go. */
export type Direction = 'toServer' | 'toClient';

type Mode =
  | { readonly kind: 'pass' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'silence' }
  | { readonly kind: 'delay'; readonly delayMs: number };

/** When the bytes of one direction end a connection. */
interface Cut {
  readonly direction: Direction;
  /** How much of this chunk may still pass; undefined when the time has not come. */
  readonly passes: (lane: Lane, chunk: Buffer) => number | undefined;
  readonly done: () => void;
}

/** What waits for its time in one direction, at most; then nothing more is read. */
const HELD_BYTES_MAX = 1024 * 1024;
const PORT_TRIES = 5;

/**
 * A network that fails on demand: a TCP proxy on 127.0.0.1 between a client and a server. The modes (`pass`, `refuse`,
 * `silence`, `delay`) hold for the connections there are and those to come, until the next one is set; `reset`, `halfClose`,
 * `cutAfter` and `cutBefore` happen once. What ends on one side ends the same way on the other: a close as a close, a reset as
 * a reset.
 */
export class FaultyProxy implements AsyncDisposable {
  readonly port: number;
  /** Connections taken since the start. */
  connections = 0;
  /** Bytes handed on since the start. */
  readonly bytes: Record<Direction, number> = { toServer: 0, toClient: 0 };
  #target: number;
  #mode: Mode = { kind: 'pass' };
  #server: Server | undefined;
  readonly #pairs = new Set<Pair>();
  readonly #cuts = new Set<Cut>();
  /** For its lanes: by which `delay` goes. */
  readonly clock: Clock;

  private constructor(port: number, target: number, clock: Clock) {
    this.port = port;
    this.#target = target;
    this.clock = clock;
  }

  /** A proxy to this port of 127.0.0.1. */
  static async start(target: number, clock = systemClock): Promise<FaultyProxy> {
    for (let tries = 1; ; tries++) {
      const proxy = new FaultyProxy(await freePort(), target, clock);
      try {
        await proxy.#listen();
        return proxy;
      } catch (error) {
        if (tries === PORT_TRIES) throw error;
      }
    }
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Bytes that wait for their time. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { toServer, toClient } of this.#pairs)
      bytes += toServer.heldBytes + toClient.heldBytes;
    return bytes;
  }

  /**
   * Hands on everything. Connections that lost something in the silence are reset: going on with a gap is no fault that a
   * network has.
   */
  async pass(): Promise<void> {
    await this.#set({ kind: 'pass' });
  }

  /** Takes no new connections (they get ECONNREFUSED); those there are go on. */
  async refuse(): Promise<void> {
    await this.#set({ kind: 'refuse' });
  }

  /** Everything sent is lost, also that a side closes; connections stay, new ones are taken and get no answer. */
  async silence(): Promise<void> {
    await this.#set({ kind: 'silence' });
  }

  /** Everything arrives this much later, in both directions. */
  async delay(delayMs: number): Promise<void> {
    await this.#set({ kind: 'delay', delayMs });
  }

  /** New connections go to this port of 127.0.0.1; those there are stay where they are. */
  target(port: number): void {
    this.#target = port;
  }

  /** Resets all connections (RST, both sides). */
  reset(): void {
    for (const pair of [...this.#pairs]) pair.reset();
  }

  /** All connections see the end of one direction, as if its sender had closed; the other direction goes on. */
  halfClose(direction: Direction = 'toClient'): void {
    for (const pair of this.#pairs) pair[direction].end();
  }

  /**
   * After so many more bytes in this direction, over all connections, the one they are on is reset; no more than those arrive. With
   * 0, the next thing said does not arrive. Resolves when it has happened.
   */
  cutAfter(bytes: number, direction: Direction): Promise<void> {
    let left = bytes;
    return this.#cut(direction, (_lane, chunk) => {
      if (chunk.length > left || (chunk.length === left && left > 0)) return left;
      left -= chunk.length;
      return undefined;
    });
  }

  /**
   * The connection on which this text comes by in this direction is reset before the text has arrived as a whole: with
   * PostgreSQL, `cutBefore('COMMIT', 'toClient')` loses the answer to a commit that was made, and
   * `cutBefore('commit', 'toServer')` the commit itself. Resolves when it has happened.
   */
  cutBefore(text: string, direction: Direction): Promise<void> {
    const tails = new WeakMap<Lane, string>();
    return this.#cut(direction, (lane, chunk) => {
      const tail = tails.get(lane) ?? '';
      const seen = tail + chunk.toString('latin1');
      const at = seen.indexOf(text);
      if (at >= 0) return Math.max(0, at - tail.length);
      tails.set(lane, text.length > 1 ? seen.slice(1 - text.length) : '');
      return undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.reset();
    if (server !== undefined) await closed(server);
  }

  /** For its lanes: what to do with a chunk that has come. */
  mode(): Mode {
    return this.#mode;
  }

  /** For its lanes: counts what is handed on, and says how much of it may be when the connection must end there. */
  account(lane: Lane, chunk: Buffer): number | undefined {
    for (const cut of this.#cuts) {
      if (cut.direction !== lane.direction) continue;
      const passes = cut.passes(lane, chunk);
      if (passes === undefined) continue;
      this.#cuts.delete(cut);
      this.bytes[lane.direction] += passes;
      cut.done();
      return passes;
    }
    this.bytes[lane.direction] += chunk.length;
    return undefined;
  }

  #cut(direction: Direction, passes: Cut['passes']): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#cuts.add({ direction, passes, done: resolve });
    return promise;
  }

  async #set(mode: Mode): Promise<void> {
    this.#mode = mode;
    if (mode.kind === 'refuse') {
      const server = this.#server;
      this.#server = undefined;
      // Stops listening at once; its end comes only with that of its connections, which go on.
      server?.close();
      return;
    }
    if (mode.kind !== 'silence') for (const pair of [...this.#pairs]) pair.resetIfLossy();
    if (this.#server === undefined) await this.#listen();
  }

  async #listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) =>
      this.#take(client),
    );
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  #take(client: Socket): void {
    this.connections++;
    // In the silence the server does not hear of it.
    const isHeard = this.#mode.kind !== 'silence';
    const upstream = new Socket({ allowHalfOpen: true });
    upstream.setNoDelay(true);
    if (isHeard) upstream.connect({ port: this.#target, host: '127.0.0.1' });
    const pair: Pair = new Pair(this, client, upstream, () => this.#pairs.delete(pair));
    if (!isHeard) pair.toServer.isLossy = true;
    this.#pairs.add(pair);
  }
}

/** The two sides of a connection. */
class Pair {
  readonly toServer: Lane;
  readonly toClient: Lane;
  readonly #sockets: readonly [Socket, Socket];

  constructor(proxy: FaultyProxy, client: Socket, upstream: Socket, over: () => void) {
    this.#sockets = [client, upstream];
    const reset = () => this.reset();
    this.toServer = new Lane(proxy, 'toServer', client, upstream, reset);
    this.toClient = new Lane(proxy, 'toClient', upstream, client, reset);
    for (const socket of this.#sockets) {
      // A side that resets or cannot be reached: nothing more can be said to it, and in the silence the other does not hear of it.
      socket.on('error', () => {
        if (proxy.mode().kind === 'silence') this.toServer.isLossy = true;
        else this.reset();
      });
      socket.on('close', () => {
        if (this.#sockets.every(({ destroyed }) => destroyed)) over();
      });
    }
  }

  reset(): void {
    this.toServer.stop();
    this.toClient.stop();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  resetIfLossy(): void {
    if (this.toServer.isLossy || this.toClient.isLossy) this.reset();
  }
}

interface Held {
  /** undefined: the end. */
  readonly chunk: Buffer | undefined;
  readonly dueMs: number;
}

/** One direction of a connection: keeps the order, and holds what has to wait. */
class Lane {
  readonly direction: Direction;
  /** Something that was sent did not arrive. */
  isLossy = false;
  heldBytes = 0;
  readonly #proxy: FaultyProxy;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #reset: () => void;
  readonly #held: Held[] = [];
  #timer: Disposable | undefined;
  #isOver = false;

  constructor(
    proxy: FaultyProxy,
    direction: Direction,
    from: Socket,
    to: Socket,
    reset: () => void,
  ) {
    this.#proxy = proxy;
    this.direction = direction;
    this.#from = from;
    this.#to = to;
    this.#reset = reset;
    from.on('data', (chunk: Buffer) => this.#hold(chunk));
    from.on('end', () => this.#hold(undefined));
    to.on('drain', () => this.#readOn());
  }

  /** The receiver sees the end now; what its sender still says is dropped. */
  end(): void {
    this.stop();
    this.#to.end();
  }

  stop(): void {
    this.#isOver = true;
    this.#held.length = 0;
    this.heldBytes = 0;
    this.#timer?.[Symbol.dispose]();
    this.#readOn();
  }

  #hold(chunk: Buffer | undefined): void {
    if (this.#isOver) return;
    const mode = this.#proxy.mode();
    const dueMs = this.#proxy.clock.elapsed() + (mode.kind === 'delay' ? mode.delayMs : 0);
    this.#held.push({ chunk, dueMs });
    this.heldBytes += chunk?.length ?? 0;
    if (this.heldBytes >= HELD_BYTES_MAX) this.#from.pause();
    this.#handOn();
  }

  #handOn(): void {
    this.#timer?.[Symbol.dispose]();
    while (!this.#isOver) {
      const next = this.#held[0];
      if (next === undefined) break;
      const waitMs = next.dueMs - this.#proxy.clock.elapsed();
      if (waitMs > 0) {
        this.#timer = this.#proxy.clock.after(waitMs, () => this.#handOn());
        return;
      }
      this.#held.shift();
      this.heldBytes -= next.chunk?.length ?? 0;
      this.#deliver(next.chunk);
    }
    this.#readOn();
  }

  #deliver(chunk: Buffer | undefined): void {
    if (this.#proxy.mode().kind === 'silence') {
      this.isLossy = true;
      return;
    }
    if (chunk === undefined) {
      this.#isOver = true;
      this.#to.end();
      return;
    }
    const passes = this.#proxy.account(this, chunk);
    if (passes === undefined) {
      this.#to.write(chunk);
      return;
    }
    this.#isOver = true;
    if (passes === 0) this.#reset();
    else this.#to.write(chunk.subarray(0, passes), () => this.#reset());
  }

  #readOn(): void {
    if (this.#to.writableNeedDrain && !this.#isOver) this.#from.pause();
    else if (this.heldBytes < HELD_BYTES_MAX) this.#from.resume();
  }
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
