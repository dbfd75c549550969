import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ImapClient } from '../test/clients/imap.ts';
import type { Table } from './report.ts';
import { alternate, type BenchOptions } from './rounds.ts';
import type { Server } from './servers.ts';

const run = promisify(execFile);
const SESSIONS = 50;
const MESSAGE_BYTES = 4096;
const POLL_MS = 100;

/**
 * smtp-source sends messages of 4 KB over 50 sessions to one mailbox; the clock runs from the first connection until the last message
 * can be seen in the mailbox by IMAP. (a) one connection a message, (b) kept connections.
 */
export async function ingest(options: BenchOptions): Promise<readonly Table[]> {
  const messages = options.size ?? 10_000;
  const modes = ['each', 'kept'];
  const rounds = await alternate(options, modes, (server, mode, round) =>
    measure(server, `r${round}${mode}`, messages, mode === 'kept'),
  );
  return modes.map((mode) => ({
    title: `ingest, ${messages} messages of ${MESSAGE_BYTES} bytes, ${SESSIONS} sessions, ${mode === 'kept' ? 'kept connections' : 'one connection a message'}`,
    unit: 'messages/s until visible',
    notes: rounds.versions,
    rows: rounds.figures(mode),
  }));
}

async function measure(
  server: Server,
  local: string,
  messages: number,
  kept: boolean,
): Promise<number> {
  const [address] = await server.addMailboxes([local]);
  const startedMs = performance.now();
  await run('smtp-source', [
    ...(kept ? ['-d'] : []),
    ...['-s', String(SESSIONS), '-m', String(messages), '-l', String(MESSAGE_BYTES)],
    ...['-f', 'bench@elsewhere.test', '-t', address!, `127.0.0.1:${server.smtpPort}`],
  ]);
  await visible(server, address!, messages);
  return messages / ((performance.now() - startedMs) / 1000);
}

async function visible(server: Server, address: string, messages: number): Promise<void> {
  await using client = await ImapClient.connect({ port: server.imapPort });
  await client.login(address, server.password);
  for (;;) {
    const { untagged } = await client.ok('STATUS INBOX (MESSAGES)');
    for (const data of untagged)
      if (data.type === 'STATUS' && data.items.get('MESSAGES') === messages) return;
    await sleep(POLL_MS);
  }
}
