import { ImapConnection } from './imap-connection.ts';
import { mails, wordAt } from './mail.ts';
import type { Table } from './report.ts';
import { alternateFilled, type BenchOptions, type Figures, type Rounds } from './rounds.ts';
import type { Server } from './servers.ts';
import { Watchers } from './watchers.ts';

const SMALL = 1000;
/** The peer takes long to fill. */
const PEER_MESSAGES_MAX = 100_000;
const WORDS = 20;
const SHOWN = 50;

/** Commands by what they are called in the tables, for a folder of so many messages. */
const COMMANDS: Readonly<Record<string, (messages: number) => string>> = {
  SELECT: () => 'SELECT',
  'FETCH of the last 50': (n) =>
    `FETCH ${n - SHOWN + 1}:${n} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)`,
  'FETCH 1:* (UID FLAGS)': () => 'FETCH 1:* (UID FLAGS)',
  'STORE 1:* +FLAGS': () => 'STORE 1:* +FLAGS (\\Answered)',
  'STORE 1:* -FLAGS.SILENT': () => 'STORE 1:* -FLAGS.SILENT (\\Answered)',
  'SEARCH UNSEEN FLAGGED': () => 'SEARCH UNSEEN FLAGGED',
  'SEARCH HEADER': () => 'SEARCH HEADER Received relay.nowhere.test',
  'SEARCH SUBJECT': () => `SEARCH SUBJECT ${wordAt(1234)}`,
  'SEARCH SENTSINCE': () => 'SEARCH SENTSINCE 3-Jan-2024 SENTBEFORE 5-Jan-2024',
  'SORT (DATE)': () => 'SORT (DATE) UTF-8 ALL',
  'SORT (SUBJECT)': () => 'SORT (SUBJECT) UTF-8 ALL',
  'THREAD ORDEREDSUBJECT': () => 'THREAD ORDEREDSUBJECT UTF-8 ALL',
  'THREAD REFERENCES': () => 'THREAD REFERENCES UTF-8 ALL',
};

/** How long commands take in a large folder and in one of 1000 messages, and how long everybody else waits meanwhile. */
export async function scale(options: BenchOptions): Promise<readonly Table[]> {
  const messages = options.messages ?? 1_000_000;
  const chosen = (process.env['BENCH_COMMANDS'] ?? '').split(',').filter((name) => name !== '');
  const commands = Object.entries(COMMANDS).filter(
    ([name]) => chosen.length === 0 || chosen.some((part) => name.includes(part)),
  );
  const rounds = await alternateFilled(
    options,
    (server) => fill(server, messages),
    (server, store) => measure(server, store, commands),
  );
  const names = commands.map(([name]) => name);
  return [
    ...names.map((name) => durations(rounds, name, messages)),
    waits(rounds, names, 'NOOP', 'four others'),
    waits(rounds, names, 'APPEND', 'another mailbox'),
  ];
}

function durations(rounds: Rounds, name: string, messages: number): Table {
  const sizes = new Set([SMALL, Math.min(messages, PEER_MESSAGES_MAX), messages]);
  return {
    title: `scale, ${name}`,
    unit: 'ms',
    notes: ['each ratio is to the folder of 1000 of the same server', ...rounds.versions],
    rows: [...sizes].flatMap((size) =>
      rounds.figures(`${name} ${size}`).map(({ server, figures }) => ({
        server: `${server}, ${size}`,
        figures,
        base: `${server}, ${SMALL}`,
      })),
    ),
  };
}

function waits(rounds: Rounds, names: readonly string[], asked: string, whose: string): Table {
  const rows = names.flatMap((name) => {
    const figures = rounds.figures(`${name} ${asked}`);
    const base = `${name}, ${figures.at(-1)?.server}`;
    return figures.map((row) => ({ ...row, server: `${name}, ${row.server}`, base }));
  });
  return {
    title: `scale, the longest ${asked} of ${whose} meanwhile, large folder`,
    unit: 'ms',
    notes: ['each ratio is to the last server', ...rounds.versions],
    rows,
  };
}

interface Store {
  readonly user: string;
  readonly other: string;
  readonly sizes: readonly number[];
}

async function fill(server: Server, messages: number): Promise<Store> {
  const [user, other] = await server.addMailboxes(['scale', 'other']);
  const isPeer = server.delivery.protocol === 'LMTP';
  const large = isPeer ? Math.min(messages, PEER_MESSAGES_MAX) : messages;
  using client = await ImapConnection.login(server.imapPort, user!, server.password);
  for (const size of [SMALL, large]) {
    await client.command(`CREATE of${size}`);
    await client.append(`of${size}`, mails(size, WORDS));
  }
  return { user: user!, other: other!, sizes: [SMALL, large] };
}

async function measure(
  server: Server,
  { user, other, sizes }: Store,
  commands: readonly (readonly [name: string, line: (messages: number) => string])[],
): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const size of sizes) {
    using client = await ImapConnection.login(server.imapPort, user, server.password);
    await client.command(`SELECT of${size}`);
    for (const [name, line] of commands) {
      const text = line(size);
      await using watchers = await Watchers.start(server, other);
      const { ms } = await client.command(text === 'SELECT' ? `SELECT of${size}` : text);
      const { noopMs, appendMs } = await watchers.stop();
      figures[`${name} ${size}`] = ms;
      figures[`${name} NOOP`] = noopMs;
      figures[`${name} APPEND`] = appendMs;
    }
  }
  return figures;
}
