import { ImapConnection } from './imap-connection.ts';
import { describeMails, mails, wordAt } from './mail.ts';
import type { Table } from './report.ts';
import { alternateFilled, type BenchOptions, type Figures } from './rounds.ts';
import type { Server } from './servers.ts';

/** Searches by the name of their table; each round asks for another word. */
const SEARCHES: Readonly<Record<string, (round: number) => string>> = {
  'SEARCH TEXT, a rare word': (round) => `TEXT ${wordAt(15_000 + round)}`,
  'SEARCH BODY, a rare word': (round) => `BODY ${wordAt(16_000 + round)}`,
  'SEARCH BODY, a common word': (round) => `BODY ${wordAt(3 + round)}`,
  'SEARCH BODY, nothing': (round) => `BODY "no such text ${round}"`,
  'SEARCH SUBJECT': (round) => `SUBJECT ${wordAt(1000 + round)}`,
  'SEARCH FROM': (round) => `FROM ${wordAt(20_010 + round)}`,
  'SEARCH SINCE BEFORE': (round) => `SINCE 1-Feb-2024 BEFORE ${3 + round}-Feb-2024`,
  'SEARCH UNSEEN FLAGGED': () => 'UNSEEN FLAGGED',
};

/** Searches of one folder, the first time that something is asked and again. */
export async function search(options: BenchOptions): Promise<readonly Table[]> {
  const messages = options.messages ?? 20_000;
  const counts = new Map<string, number>();
  const rounds = await alternateFilled(
    options,
    (server) => fill(server, messages),
    (server, user, round) => measure(server, user, round, counts),
  );
  const notes = [`${messages} messages, ${describeMails()}`, ...rounds.versions];
  return Object.keys(SEARCHES).flatMap((name) =>
    ['first', 'again'].map((when) => ({
      title: `search, ${name}, ${when}`,
      unit: 'ms',
      notes,
      rows: rounds.figures(`${name} ${when}`),
    })),
  );
}

async function fill(server: Server, messages: number): Promise<string> {
  const [user] = await server.addMailboxes(['search']);
  using client = await ImapConnection.login(server.imapPort, user!, server.password);
  await client.append('INBOX', mails(messages));
  return user!;
}

async function measure(
  server: Server,
  user: string,
  round: number,
  counts: Map<string, number>,
): Promise<Figures> {
  using client = await ImapConnection.login(server.imapPort, user, server.password);
  await client.command('SELECT INBOX');
  const figures: Record<string, number> = {};
  for (const [name, criteria] of Object.entries(SEARCHES))
    for (const when of ['first', 'again']) {
      const { ms, text } = await client.command(`SEARCH ${criteria(round)}`, true);
      figures[`${name} ${when}`] = ms;
      compare(server, criteria(round), text, counts);
    }
  return figures;
}

/** Figures mean something only where all servers find the same. */
function compare(
  server: Server,
  criteria: string,
  text: string,
  counts: Map<string, number>,
): void {
  const found = (/^\* SEARCH(.*)\r$/m.exec(text)?.[1] ?? '').split(' ').length - 1;
  const before = counts.get(criteria) ?? found;
  counts.set(criteria, before);
  if (before !== found)
    process.stderr.write(`${server.name} finds ${found} by ${criteria}, another ${before}\n`);
}
