import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { PosthornError } from './errors.ts';
import type { TlsIdentity } from './tls.ts';

export interface ListenOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Several threads listen on one port, the system spreads the connections. */
  readonly shared: boolean;
  /** Implicit TLS (RFC 8314): the handshake comes before the first byte of the protocol. */
  readonly tls?: TlsIdentity;
  readonly onConnection: (socket: Socket) => void;
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
  const server =
    options.tls === undefined
      ? createServer({ noDelay: true, allowHalfOpen: true }, options.onConnection)
      : createTlsServer(
          {
            cert: options.tls.cert,
            key: options.tls.key,
            ...asksFor(options.tls),
            noDelay: true,
            allowHalfOpen: true,
            handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
          },
          options.onConnection,
        );
  // A failed handshake is the peer's affair; the socket is gone already.
  server.on('tlsClientError', () => {});
  await bind(server, options);
  server.on('error', () => {});
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return { name: options.name, host: options.host, port, close: () => void server.close() };
}

/** A client without a certificate, or with one that is not trusted, is let in too: it can log in otherwise. */
function asksFor({ clientAuthorities: ca }: TlsIdentity): TlsOptions {
  return ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: false };
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
