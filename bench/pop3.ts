import { ImapConnection } from './imap-connection.ts';
import { describeMails, mails } from './mail.ts';
import { Pop3Connection } from './pop3-connection.ts';
import type { Table } from './report.ts';
import { alternateFilled, type BenchOptions, type Figures } from './rounds.ts';
import type { Server } from './servers.ts';

/** A POP3 session that takes all there is: login, LIST, UIDL, RETR of each message one by one, and all again in one pipeline. */
export async function pop3(options: BenchOptions): Promise<readonly Table[]> {
  const messages = options.messages ?? 5000;
  const rounds = await alternateFilled(options, (server) => fill(server, messages), measure);
  const notes = [`${messages} messages, ${describeMails()}`, ...rounds.versions];
  const table = (title: string, unit: string, mode: string): Table => ({
    title: `pop3, ${title}`,
    unit,
    notes,
    rows: rounds.figures(mode),
  });
  return [
    table('login and STAT', 'ms', 'login'),
    table('LIST and UIDL', 'ms', 'listing'),
    table('RETR one by one', 'messages/s', 'retr'),
    table('RETR in one pipeline', 'messages/s', 'pipeline'),
    table('RETR in one pipeline', 'MB/s', 'megabytes'),
  ];
}

interface Store {
  readonly user: string;
  readonly messages: number;
}

async function fill(server: Server, messages: number): Promise<Store> {
  const [user] = await server.addMailboxes(['pop']);
  const store = { user: user!, messages };
  using client = await ImapConnection.login(server.imapPort, store.user, server.password);
  await client.append('INBOX', mails(messages));
  // What a server remembers after the first session, as a client sees that asks each day.
  await measure(server, store);
  return store;
}

async function measure(server: Server, { user, messages }: Store): Promise<Figures> {
  const startedMs = performance.now();
  using client = await Pop3Connection.connect(server.pop3Port);
  await client.line(`USER ${user}`);
  await client.line(`PASS ${server.password}`);
  const stat = await client.line('STAT');
  if (!stat.startsWith(`+OK ${messages} `)) throw new Error(`${server.name}: ${stat}`);
  const loggedInMs = performance.now();
  await client.multiline(['LIST']);
  await client.multiline(['UIDL']);
  const listedMs = performance.now();
  const retr = Array.from({ length: messages }, (_, index) => `RETR ${index + 1}`);
  for (const command of retr) await client.multiline([command]);
  const takenMs = performance.now();
  const bytes = await client.multiline(retr);
  const seconds = (performance.now() - takenMs) / 1000;
  await client.line('QUIT');
  return {
    login: loggedInMs - startedMs,
    listing: listedMs - loggedInMs,
    retr: messages / ((takenMs - listedMs) / 1000),
    pipeline: messages / seconds,
    megabytes: bytes / 1e6 / seconds,
  };
}
