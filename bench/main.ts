import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { idle } from './idle.ts';
import { imapFetch } from './imap-fetch.ts';
import { imapMix } from './imap-mix.ts';
import { ingest } from './ingest.ts';
import { pop3 } from './pop3.ts';
import { printTables, type Table } from './report.ts';
import { type BenchOptions, SERVERS } from './rounds.ts';
import { scale } from './scale.ts';
import { search } from './search.ts';
import { start } from './start.ts';

type Bench = (options: BenchOptions) => Promise<readonly Table[]>;

/**
 * Benchmarks: each runs Posthorn and its peer in turn (A B A B …) on the same machine and gives medians and their ratio. They measure and
 * never pass or fail. `npm run bench -- NAME [--rounds N] [--messages N] [--sessions N] [--only a,b] [--json DIR]`
 */
const BENCHES: Readonly<Record<string, { readonly run: Bench; readonly rounds: number }>> = {
  ingest: { run: ingest, rounds: 5 },
  'imap-mix': { run: imapMix, rounds: 5 },
  'imap-fetch': { run: imapFetch, rounds: 5 },
  pop3: { run: pop3, rounds: 5 },
  search: { run: search, rounds: 5 },
  start: { run: start, rounds: 5 },
  idle: { run: idle, rounds: 1 },
  scale: { run: scale, rounds: 1 },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    size: { type: 'string' },
    messages: { type: 'string' },
    sessions: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'string', default: 'bench/results' },
  },
});
const [name] = positionals;
const bench = BENCHES[name ?? ''];
if (bench === undefined) refuse('NAME', Object.keys(BENCHES));
const only = values.only?.split(',');
if (only?.some((server) => !SERVERS.includes(server))) refuse('--only A,B', SERVERS);
const numberOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);
const tables = await bench.run({
  rounds: numberOf(values.rounds) ?? bench.rounds,
  size: numberOf(values.size),
  messages: numberOf(values.messages),
  sessions: numberOf(values.sessions),
  only,
});
printTables(tables);
mkdirSync(values.json, { recursive: true });
writeFileSync(`${values.json}/${name}.json`, `${JSON.stringify(tables, undefined, 2)}\n`);

function refuse(what: string, choice: readonly string[]): never {
  process.stderr.write(`usage: npm run bench -- NAME: ${what} is of ${choice.join(', ')}\n`);
  process.exit(2);
}
