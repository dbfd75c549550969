import { setTimeout as sleep } from 'node:timers/promises';
import { ImapConnection } from './imap-connection.ts';
import { mails } from './mail.ts';
import { memoryOf } from './memory.ts';
import type { Table } from './report.ts';
import { alternateFilled, type BenchOptions, type Figures } from './rounds.ts';
import type { Server } from './servers.ts';

const AGAIN_MS = 2;
const SETTLE_MS = 2000;
const WORDS = 60;

/** From the start of a server until the first login is answered, with a filled store; and the memory that it then takes. */
export async function start(options: BenchOptions): Promise<readonly Table[]> {
  const messages = options.messages ?? 20_000;
  const rounds = await alternateFilled(options, (server) => fill(server, messages), measure);
  const title = `start, with ${messages} messages in the store`;
  const notes = rounds.versions;
  return [
    {
      title: `${title}: until a login is answered`,
      unit: 'ms',
      notes,
      rows: rounds.figures('login'),
    },
    {
      title: `${title}: memory without load, one session`,
      unit: 'MB',
      notes,
      rows: rounds.figures('memory'),
    },
  ];
}

async function fill(server: Server, messages: number): Promise<string> {
  const [user] = await server.addMailboxes(['start']);
  using client = await ImapConnection.login(server.imapPort, user!, server.password);
  await client.append('INBOX', mails(messages, WORDS));
  return user!;
}

async function measure(server: Server, user: string): Promise<Figures> {
  await server.stop();
  const startedMs = performance.now();
  const [client] = await Promise.all([firstLogin(server, user), server.start()]);
  using _client = client.connection;
  await sleep(SETTLE_MS);
  return {
    login: client.atMs - startedMs,
    memory: memoryOf(server.processes()) / 1e6,
  };
}

async function firstLogin(
  server: Server,
  user: string,
): Promise<{ readonly connection: ImapConnection; readonly atMs: number }> {
  for (;;) {
    try {
      const connection = await ImapConnection.login(server.imapPort, user, server.password);
      return { connection, atMs: performance.now() };
    } catch {
      // Nobody listens yet.
      await sleep(AGAIN_MS);
    }
  }
}
