import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { Connection, type ConnectionOptions, listen } from '#kernel';

/** Both ends of a loopback connection: ours, and the peer's plain socket. */
export interface Pair {
  readonly connection: Connection;
  readonly peer: Socket;
}

export async function connectPair(
  t: TestContext,
  options: Partial<ConnectionOptions> = {},
): Promise<Pair> {
  const accepted = Promise.withResolvers<Socket>();
  const listener = await listen({
    name: 'test',
    host: '127.0.0.1',
    port: 0,
    shared: false,
    onConnection: accepted.resolve,
  });
  const peer = connect({ host: '127.0.0.1', port: listener.port, allowHalfOpen: true });
  peer.on('error', () => {});
  await once(peer, 'connect');
  const socket = await accepted.promise;
  listener.close();
  const connection = new Connection(socket, { owner: 'test 1', idleTimeoutMs: 60_000, ...options });
  t.after(() => {
    connection.destroy();
    peer.destroy();
  });
  return { connection, peer };
}

/** Everything the peer gets until our end closes. */
export async function received(peer: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of peer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Reads from a connection until so many bytes have come, or its end. */
export async function readBytes(connection: Connection, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let got = 0; got < count; ) {
    const chunk = await connection.read();
    if (chunk === undefined) break;
    chunks.push(chunk);
    got += chunk.length;
  }
  return Buffer.concat(chunks);
}

/** Lets the event loop turn until something holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
