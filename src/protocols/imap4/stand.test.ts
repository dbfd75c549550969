// What the tests of IMAP share: a server on loopback over a store of the engine of this run. No tests of its own.
import type { TestContext } from 'node:test';
import { createSecureContext } from 'node:tls';
import { Directory } from '#directory';
import { type Clock, listen, silentLogger, systemClock } from '#kernel';
import type { MailboxId } from '#model';
import { type Mailbox, Store } from '#store';
import { ImapClient } from '../../../test/clients/imap.ts';
import { selfSignedCertificate } from '../../main/certificate.ts';
import { freshDirectory, openIn } from '../../storage/fresh.conformance.ts';
import { type ImapLimits, ImapServer, type SwitchOff } from './index.ts';

export const USER = 'anna@example.test';
export const PASSWORD = 'correct horse';

export interface Stand {
  readonly server: ImapServer;
  readonly store: Store;
  readonly directory: Directory;
  readonly mailboxId: MailboxId;
  readonly port: number;
  /** Connects and takes the greeting. */
  connect(): Promise<ImapClient>;
  /** Connects, logs in, sends `commands`, which must all succeed. */
  open(...commands: readonly string[]): Promise<ImapClient>;
  /** The same for somebody else, who gets a mailbox if there is none. */
  openAs(address: string, ...commands: readonly string[]): Promise<ImapClient>;
}

export interface StandOptions {
  readonly limits?: Partial<ImapLimits>;
  readonly tls?: boolean;
  /** Pretends that clients come from elsewhere. */
  readonly remote?: boolean;
  readonly quotaBytes?: number;
  readonly administrators?: readonly string[];
  readonly switchOffs?: readonly SwitchOff[];
  /** The mailbox that sessions get in place of the real one. */
  readonly mailbox?: (real: Mailbox) => Mailbox;
  /** What the server takes for time. */
  readonly clock?: Clock;
}

export async function stand(t: TestContext, options: StandOptions = {}): Promise<Stand> {
  const dir = freshDirectory(t, async () => {
    for (const client of clients) client.close();
    await server.stop(0);
    listener.close();
    store[Symbol.dispose]();
    await engine[Symbol.asyncDispose]();
  });
  const engine = await openIn(dir, systemClock);
  const directory = new Directory(engine, { clock: systemClock });
  await directory.addDomain('example.test');
  const { quotaBytes } = options;
  const { mailboxId } = await directory.addMailbox(USER, { password: PASSWORD, quotaBytes });
  const store = new Store(engine, silentLogger);
  const secureContext =
    options.tls === true
      ? createSecureContext(await selfSignedCertificate(dir, 'mail.example.test'))
      : undefined;
  const server = new ImapServer({
    hostname: 'mail.example.test',
    directory,
    store: {
      openMailbox(...args) {
        const real = store.openMailbox(...args);
        return options.mailbox?.(real) ?? real;
      },
      incoming: (...args) => store.incoming(...args),
      serverAnnotations: (query) => store.serverAnnotations(query),
      setServerAnnotations: (...args) => store.setServerAnnotations(...args),
      watchDirectory: (listener) => store.watchDirectory(listener),
    },
    clock: options.clock ?? systemClock,
    log: silentLogger,
    secureContext,
    switchOffs: options.switchOffs ?? [],
    administrators: options.administrators ?? [],
    limits: { authFailureDelayMs: 1, ...options.limits },
  });
  const listener = await listen({
    name: 'imap',
    host: '127.0.0.1',
    port: 0,
    shared: false,
    onConnection: (socket) => {
      if (options.remote) Object.defineProperty(socket, 'remoteAddress', { value: '192.0.2.1' });
      server.accept(socket);
    },
  });
  const clients: ImapClient[] = [];
  const { port } = listener;
  const connect = async (): Promise<ImapClient> => {
    const client = await ImapClient.connect({ port });
    clients.push(client);
    return client;
  };
  const openAs = async (address: string, ...commands: readonly string[]): Promise<ImapClient> => {
    if ((await directory.mailbox(address)) === undefined)
      await directory.addMailbox(address, { password: PASSWORD });
    const client = await connect();
    await client.login(address, PASSWORD);
    for (const command of commands) await client.ok(command);
    return client;
  };
  const open = (...commands: readonly string[]): Promise<ImapClient> => openAs(USER, ...commands);
  return { server, store, directory, mailboxId, port, connect, open, openAs };
}

/** A message with a subject and a text. */
export function mail(subject: string, text = `This is ${subject}.\r\n`): Buffer {
  return Buffer.from(`From: bob@example.test\r\nSubject: ${subject}\r\n\r\n${text}`);
}

/** Appends so many messages to INBOX. */
export async function fill(client: ImapClient, count: number, folder = 'INBOX'): Promise<void> {
  for (let number = 1; number <= count; number++)
    await client.append(folder, mail(`message ${number}`));
}
