import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Door, DoorRefusal, Guest } from './door/door.ts';
import { Turnstile } from './door/turnstile.ts';
import { PosthornError } from './errors.ts';
import { acceptTls } from './tls.ts';
import { waits } from './waits.ts';

export interface ListenOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Several threads listen on one port, the system spreads the connections. */
  readonly shared: boolean;
  /** Implicit TLS (RFC 8314): the handshake comes before the first byte of the protocol. */
  readonly tls?: SecureContext;
  /** How long a client may take for the handshake, 30 s if nothing is said. */
  readonly handshakeTimeoutMs?: number;
  /** Who decides what is taken, before anything is done for it; without it everything is. */
  readonly door?: Door;
  readonly onConnection: (socket: Socket, guest: Guest | undefined) => void;
  /** Says why a connection is not taken; it is closed after that. Not asked where TLS would have to come first. */
  readonly refusal?: (why: DoorRefusal) => string;
}

export interface Listener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Takes no more connections; those that are open stay. */
  close(): void;
}

const HANDSHAKE_TIMEOUT_MS = 30_000;

/** Opens a listening socket. @throws {configuration} naming the address when it is taken or not ours. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const turnstile = options.door && new Turnstile(options.door);
  const server = createServer(
    { noDelay: true, allowHalfOpen: true, blockList: turnstile },
    (socket) => receive(socket, options),
  );
  await bind(server, options);
  server.on('error', () => {});
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return { name: options.name, host: options.host, port, close: () => void server.close() };
}

/** Lets a connection in, or turns it away for as little work as can be: there may be thousands in a second. */
function receive(socket: Socket, options: ListenOptions): void {
  socket.on('error', () => {});
  const { door, tls, onConnection, refusal } = options;
  const admitted = door?.admit(socket);
  if (typeof admitted === 'string') {
    if (tls === undefined && refusal !== undefined) socket.write(refusal(admitted), 'latin1');
    socket.destroySoon();
    // What does not go out at once does not go out at all.
    if (!socket.destroyed) setImmediate(() => socket.destroy());
  } else if (tls === undefined) onConnection(socket, admitted);
  else shakeHands(socket, tls, options, (secure) => onConnection(secure, admitted));
}

/** Does the handshake; who fails in it is gone without a word. */
function shakeHands(
  plain: Socket,
  context: SecureContext,
  { name, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS }: ListenOptions,
  then: (secure: Socket) => void,
): void {
  const secure = acceptTls(plain, context);
  const owner = `${name} ${plain.remoteAddress ?? 'gone'}`;
  const giveUp = (): void => {
    wait[Symbol.dispose]();
    secure.destroy();
    plain.destroy();
  };
  const wait = waits.enter('the TLS handshake', owner, handshakeTimeoutMs, giveUp);
  secure.on('error', giveUp);
  // A peer that goes away in the middle is seen only where somebody reads.
  for (const event of ['end', 'close']) secure.once(event, giveUp);
  secure.resume();
  secure.once('secure', () => {
    wait[Symbol.dispose]();
    for (const event of ['end', 'close']) secure.removeListener(event, giveUp);
    secure.removeListener('error', giveUp);
    secure.on('error', () => {});
    then(secure);
  });
}

/**
 * Checks that addresses are free and gives the ports that will be used (port 0 asks for any). Threads that share a port
 * could not notice another server on it, so the main thread looks first; and two listeners on one port would share its
 * connections, so all are held until each has its own.
 * @throws {configuration} naming the listener
 */
export async function probeAddresses(addresses: readonly Address[]): Promise<readonly number[]> {
  const held: Server[] = [];
  try {
    for (const [index, address] of addresses.entries()) {
      refuseSecond(address, addresses.slice(0, index));
      const server = createServer();
      await bind(server, { ...address, shared: false });
      held.push(server);
    }
    return held.map((server) => (server.address() as AddressInfo).port);
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

type Address = Pick<ListenOptions, 'name' | 'host' | 'port'>;

function refuseSecond({ name, host, port }: Address, before: readonly Address[]): void {
  const first = before.find((each) => port !== 0 && each.port === port && each.host === host);
  if (first === undefined) return;
  throw new PosthornError(
    'configuration',
    `${first.name} and ${name} cannot both listen on ${host}:${port}; choose another port with --listen ${name}=HOST:PORT`,
  );
}

async function bind(
  server: Server,
  options: Pick<ListenOptions, 'name' | 'host' | 'port' | 'shared'>,
): Promise<void> {
  const { name, host, port, shared } = options;
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      reject(new PosthornError('configuration', bindFailure(name, `${host}:${port}`, error)));
    server.once('error', failed);
    server.listen({ host, port, reusePort: shared, backlog: 1024 }, () => {
      server.removeListener('error', failed);
      resolve();
    });
  });
}

function bindFailure(name: string, address: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE')
    return `cannot listen for ${name} on ${address}: the port is taken by another program; stop it or choose another port with --listen ${name}=HOST:PORT`;
  if (error.code === 'EACCES')
    return `cannot listen for ${name} on ${address}: no permission; ports below 1024 need root or CAP_NET_BIND_SERVICE`;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return `cannot listen for ${name} on ${address}: the address does not belong to this machine`;
  return `cannot listen for ${name} on ${address}: ${error.message}`;
}
